package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// Seed is what a database begins with, where ids, keys and times are to be known
// beforehand. Nothing but the schema checks it.
type Seed struct {
	Companies []Company
	Series    []Series
	Keys      []SeedKey
	Customers []Customer
	Invoices  []Invoice
	Used      []UsedKey
}

// SeedKey is a key together with its secret.
type SeedKey struct {
	Key
	Secret string
}

// UsedKey is an idempotency key of a company that another request has used.
type UsedKey struct {
	CompanyID uuid.UUID
	Key       string
}

// never is later than any clock shows.
var never = time.Date(9999, time.December, 31, 0, 0, 0, 0, time.UTC)

// Plant stores the seed, all of it or nothing.
func (s *Store) Plant(ctx context.Context, seed Seed) error {
	keys := make([]keyRow, len(seed.Keys))
	for i, k := range seed.Keys {
		k.Prefix = shownPrefix(k.Secret)
		keys[i] = keyRow{Key: k.Key, Hash: hashSecret(k.Secret)}
	}
	for i := range seed.Customers {
		seed.Customers[i].setFolds()
	}
	used := make([]idempotencyKey, len(seed.Used))
	for i, u := range seed.Used {
		// No request has this hash, and no clock finds the key expired.
		used[i] = idempotencyKey{CompanyID: u.CompanyID, Key: u.Key, Request: []byte{0}, Status: 200, Data: "{}", CreatedAt: never}
	}
	err := s.tx(ctx, func(tx *gorm.DB, _ time.Time) error {
		for _, rows := range []any{&seed.Companies, &seed.Series, &keys, &seed.Customers, &seed.Invoices, &used} {
			if err := tx.Create(rows).Error; err != nil && !errors.Is(err, gorm.ErrEmptySlice) {
				return err
			}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("store: plant: %w", err)
	}
	return nil
}
