package store

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// onceTTL is how long the answer under an idempotency key is kept.
const onceTTL = 24 * time.Hour

var (
	// ErrKeyProcessing says that another request with the same idempotency key
	// is running.
	ErrKeyProcessing = errors.New("a request with this idempotency key is running")
	// ErrKeyMismatch says that the idempotency key was used for another request.
	ErrKeyMismatch = errors.New("the idempotency key was used for another request")
)

// ReplayError is returned in place of a second effect: the answer that the first
// request with the idempotency key got.
type ReplayError struct {
	Status int
	Data   []byte
}

func (*ReplayError) Error() string { return "answered before under this idempotency key" }

// Once makes an operation safe to repeat: the key is written in the transaction
// of its effect, so both are there or neither is, whenever the process dies.
type Once[T any] struct {
	Key string
	// Request is the hash of what the key is bound to.
	Request [sha256.Size]byte
	// Status and Answer make what a repetition gets to see of the result.
	Status int
	Answer func(T) ([]byte, error)
}

type idempotencyKey struct {
	CompanyID uuid.UUID `gorm:"primaryKey"`
	Key       string    `gorm:"primaryKey"`
	Request   []byte
	Status    int
	Data      string
	CreatedAt time.Time
}

func (idempotencyKey) TableName() string { return "idempotency_keys" }

// transact runs effect in a transaction, once for all repetitions under o.
// Without o it is tx.
func transact[T any](ctx context.Context, s *Store, companyID uuid.UUID, o *Once[T], effect func(*gorm.DB, time.Time) (T, error)) (T, error) {
	var result T
	if o != nil {
		release, err := s.claim(companyID, o.Key)
		if err != nil {
			return result, err
		}
		defer release()
	}
	err := s.tx(ctx, func(tx *gorm.DB, now time.Time) error {
		if o != nil {
			if err := s.recall(tx, companyID, o.Key, o.Request, now); err != nil {
				return err
			}
		}
		var err error
		if result, err = effect(tx, now); err != nil || o == nil {
			return err
		}
		data, err := o.Answer(result)
		if err != nil {
			return err
		}
		return remember(tx, &idempotencyKey{
			CompanyID: companyID, Key: o.Key, Request: o.Request[:], Status: o.Status, Data: string(data), CreatedAt: now,
		})
	})
	return result, err
}

// Remember runs an operation without an effect of its own, such as asking
// somebody else, once for all repetitions under o. Two at the same time may
// both run it.
func Remember[T any](ctx context.Context, s *Store, companyID uuid.UUID, o *Once[T], produce func() (T, error)) (T, error) {
	if o == nil {
		return produce()
	}
	var result T
	if err := s.recall(s.read.WithContext(ctx), companyID, o.Key, o.Request, s.timestamp()); err != nil {
		return result, err
	}
	result, err := produce()
	if err != nil {
		return result, err
	}
	return transact(ctx, s, companyID, o, func(*gorm.DB, time.Time) (T, error) { return result, nil })
}

// claim makes a twin in this process fail at once on SQLite: it would wait for
// the one writer and then hold up everybody else. A twin in another process does
// wait, and then gets the replay. On PostgreSQL recall sees twins anywhere.
func (s *Store) claim(companyID uuid.UUID, key string) (release func(), err error) {
	if s.dialect != dialectSQLite {
		return func() {}, nil
	}
	type running struct {
		companyID uuid.UUID
		key       string
	}
	r := running{companyID, key}
	if _, twin := s.running.LoadOrStore(r, true); twin {
		return nil, ErrKeyProcessing
	}
	return func() { s.running.Delete(r) }, nil
}

// recall returns nil if the key is free, and makes it ours until the transaction
// ends; a *ReplayError if this request was answered; else ErrKeyMismatch or
// ErrKeyProcessing.
func (s *Store) recall(tx *gorm.DB, companyID uuid.UUID, key string, request [sha256.Size]byte, now time.Time) error {
	if s.dialect == dialectPostgres {
		var free bool
		err := tx.Raw("SELECT pg_try_advisory_xact_lock(hashtextextended(?, 0))", companyID.String()+"/"+key).Scan(&free).Error
		if err != nil {
			return err
		}
		if !free {
			return ErrKeyProcessing
		}
	}
	var stored idempotencyKey
	err := tx.Where("company_id = ? AND key = ? AND created_at > ?", companyID, key, now.Add(-onceTTL)).Take(&stored).Error
	switch {
	case errors.Is(err, ErrNotFound):
		return nil
	case err != nil:
		return err
	case !bytes.Equal(stored.Request, request[:]):
		return ErrKeyMismatch
	}
	return &ReplayError{Status: stored.Status, Data: []byte(stored.Data)}
}

// remember writes the key and sweeps out the company's expired ones, this key's
// own included.
func remember(tx *gorm.DB, k *idempotencyKey) error {
	err := tx.Where("company_id = ? AND created_at <= ?", k.CompanyID, k.CreatedAt.Add(-onceTTL)).Delete(&idempotencyKey{}).Error
	if err != nil {
		return err
	}
	return tx.Create(k).Error
}
