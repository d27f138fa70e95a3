package store

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"fmt"
	"log/slog"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// Key is an API key as it may be shown: the secret itself is kept nowhere.
type Key struct {
	CompanyID   uuid.UUID `gorm:"primaryKey"`
	ID          uuid.UUID `gorm:"primaryKey"`
	Name        string
	Prefix      string      // the part of the secret that tells keys apart
	Environment Environment `gorm:"->"` // the company's
	Scopes      []string    `gorm:"serializer:json"`
	CreatedAt   time.Time
	ExpiresAt   *time.Time
	LastUsedAt  *time.Time
	RevokedAt   *time.Time
}

// TableName implements GORM's Tabler.
func (Key) TableName() string { return "api_keys" }

type keyRow struct {
	Key
	Hash []byte
}

// NewKey is what an API key is created from; a nil ExpiresAt never expires.
type NewKey struct {
	CompanyID uuid.UUID
	Name      string
	Scopes    []string
	ExpiresAt *time.Time
}

// CreateKey adds a key and returns its secret, this once. ErrNotFound if there
// is no such company.
func (s *Store) CreateKey(ctx context.Context, n NewKey) (Key, string, error) {
	var (
		row    keyRow
		secret string
	)
	err := s.tx(ctx, func(tx *gorm.DB, now time.Time) error {
		company, err := getCompany(tx, n.CompanyID)
		if err != nil {
			return err
		}
		secret = newSecret(company.Environment)
		row = keyRow{Hash: hashSecret(secret), Key: Key{
			CompanyID: company.ID, ID: newID(), Name: n.Name, Prefix: shownPrefix(secret),
			Environment: company.Environment, Scopes: n.Scopes, CreatedAt: now,
		}}
		if row.Scopes == nil {
			row.Scopes = []string{}
		}
		if n.ExpiresAt != nil {
			expires := n.ExpiresAt.UTC().Truncate(time.Microsecond)
			row.ExpiresAt = &expires
		}
		return tx.Create(&row).Error
	})
	if err != nil {
		return Key{}, "", fmt.Errorf("store: create key: %w", err)
	}
	return row.Key, secret, nil
}

// ListKeys returns a company's keys, revoked and expired ones too, oldest first.
func (s *Store) ListKeys(ctx context.Context, companyID uuid.UUID) ([]Key, error) {
	var keys []Key
	err := selectKeys(s.read.WithContext(ctx)).
		Where("api_keys.company_id = ?", companyID).Order("api_keys.id").Find(&keys).Error
	if err != nil {
		return nil, fmt.Errorf("store: list keys: %w", err)
	}
	return keys, nil
}

// RevokeKey ends a key for good; doing it again changes nothing. ErrNotFound
// if there is no such key.
func (s *Store) RevokeKey(ctx context.Context, id uuid.UUID) error {
	result := s.write.WithContext(ctx).
		Exec("UPDATE api_keys SET revoked_at = coalesce(revoked_at, ?) WHERE id = ?", s.timestamp(), id)
	err := result.Error
	if err == nil && result.RowsAffected == 0 {
		err = ErrNotFound
	}
	if err != nil {
		return fmt.Errorf("store: revoke key: %w", err)
	}
	return nil
}

// KeyBySecret returns the key that a request brought, or ErrNotFound when it
// is malformed, unknown, revoked, expired or of the other environment: the
// caller cannot tell which. It notes the use, once a minute at most.
func (s *Store) KeyBySecret(ctx context.Context, secret string) (Key, error) {
	environment, ok := ParseKey(secret)
	if !ok {
		return Key{}, ErrNotFound
	}
	hash := hashSecret(secret)
	var rows []keyRow
	err := selectKeys(s.read.WithContext(ctx)).Where("api_keys.hash = ?", hash).Find(&rows).Error
	if err != nil {
		return Key{}, fmt.Errorf("store: look a key up: %w", err)
	}
	now := s.timestamp()
	for _, row := range rows {
		if subtle.ConstantTimeCompare(row.Hash, hash) == 1 && row.Environment == environment && row.valid(now) {
			s.noteUse(ctx, &row.Key, now)
			return row.Key, nil
		}
	}
	return Key{}, ErrNotFound
}

func (k Key) valid(now time.Time) bool {
	return k.RevokedAt == nil && (k.ExpiresAt == nil || now.Before(*k.ExpiresAt))
}

// noteUse must not fail or hold up the request whose key it is.
func (s *Store) noteUse(ctx context.Context, k *Key, now time.Time) {
	due := now.Add(-time.Minute)
	if k.LastUsedAt != nil && k.LastUsedAt.After(due) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 250*time.Millisecond)
	defer cancel()
	err := s.write.WithContext(ctx).Exec(
		"UPDATE api_keys SET last_used_at = ? WHERE company_id = ? AND id = ? AND (last_used_at IS NULL OR last_used_at <= ?)",
		now, k.CompanyID, k.ID, due).Error
	if err != nil {
		s.log.WarnContext(ctx, "the last use of a key was not noted", slog.String("key_id", k.ID.String()), slog.Any("error", err))
		return
	}
	k.LastUsedAt = &now
}

// selectKeys names the columns: with * a prepared statement of an older
// process would break when a newer one adds a column.
func selectKeys(db *gorm.DB) *gorm.DB {
	return db.Select(`api_keys.company_id, id, name, prefix, hash, scopes, api_keys.created_at,
		expires_at, last_used_at, revoked_at, environment`).
		Joins("JOIN companies ON companies.company_id = api_keys.company_id")
}

func hashSecret(secret string) []byte {
	sum := sha256.Sum256([]byte(secret))
	return sum[:]
}
