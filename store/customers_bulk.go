package store

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// Identifier is what no two live customers of a company share: a NIF, or else
// the three parts of an alternative identifier. It has what the unique indexes
// compare, so equal identifiers are duplicates.
type Identifier struct{ NIF, Type, Number, Country string }

// Identifier returns the identifier that n will be stored with.
func (n NewCustomer) Identifier() Identifier {
	if a := n.AlternativeID; a != nil {
		return Identifier{Type: a.Type, Number: a.Number, Country: orEmpty(a.CountryCode)}
	}
	return Identifier{NIF: orEmpty(n.NIF)}
}

func (i Identifier) compare(j Identifier) int {
	return cmp.Or(cmp.Compare(i.NIF, j.NIF), cmp.Compare(i.Type, j.Type), cmp.Compare(i.Number, j.Number), cmp.Compare(i.Country, j.Country))
}

// DuplicatesError has the positions of the customers whose identifiers are taken.
type DuplicatesError struct{ Positions []int }

func (e *DuplicatesError) Error() string {
	return fmt.Sprintf("%d customers have identifiers that are taken", len(e.Positions))
}

// CreateCustomersBulk adds all customers or none, and returns them in the order
// given. If identifiers are taken, by stored customers or by those before them,
// it returns a *DuplicatesError. For an unknown company it returns ErrNotFound,
// and for a repetition under o a *ReplayError, ErrKeyMismatch or ErrKeyProcessing.
func (s *Store) CreateCustomersBulk(ctx context.Context, companyID uuid.UUID, customers []NewCustomer, o *Once[[]Customer]) ([]Customer, error) {
	created, err := transact(ctx, s, companyID, o, func(tx *gorm.DB, now time.Time) ([]Customer, error) {
		rows, stored, err := insertFree(tx, companyID, customers, now)
		if err != nil {
			return nil, err
		}
		var taken []int
		for i, ok := range stored {
			if !ok {
				taken = append(taken, i)
			}
		}
		if taken != nil {
			return nil, &DuplicatesError{Positions: taken}
		}
		return rows, nil
	})
	if err != nil {
		return nil, fmt.Errorf("store: create customers: %w", err)
	}
	return created, nil
}

// ImportCustomers adds the customers whose identifiers are free and returns the
// ids in the order given, uuid.Nil for a customer that was left out. Its errors
// are those of CreateCustomersBulk but for the *DuplicatesError.
func (s *Store) ImportCustomers(ctx context.Context, companyID uuid.UUID, customers []NewCustomer, o *Once[[]uuid.UUID]) ([]uuid.UUID, error) {
	ids, err := transact(ctx, s, companyID, o, func(tx *gorm.DB, now time.Time) ([]uuid.UUID, error) {
		rows, stored, err := insertFree(tx, companyID, customers, now)
		ids := make([]uuid.UUID, len(rows))
		for i, ok := range stored {
			if ok {
				ids[i] = rows[i].ID
			}
		}
		return ids, err
	})
	if err != nil {
		return nil, fmt.Errorf("store: import customers: %w", err)
	}
	return ids, nil
}

// insertSizes are the numbers of rows that one statement inserts. They are few,
// because every size is a statement of its own to prepare and to keep.
var insertSizes = []int{100, 10, 1}

// insertFree inserts the customers whose identifiers are free and says which of
// the rows that is. The index decides at that very moment, so nobody who has the
// same identifier at the same time makes the transaction fail.
func insertFree(tx *gorm.DB, companyID uuid.UUID, customers []NewCustomer, now time.Time) (rows []Customer, stored []bool, err error) {
	rows, stored = make([]Customer, len(customers)), make([]bool, len(customers))
	order := make([]int, len(customers))
	for i, n := range customers {
		rows[i], order[i] = newCustomerRow(companyID, n, now), i
	}
	// In the order of their identifiers: two transactions with the same ones
	// wait for each other in one direction only. Stable, so that the first of
	// two equal ones is the one that stays.
	slices.SortStableFunc(order, func(i, j int) int { return customers[i].Identifier().compare(customers[j].Identifier()) })
	for _, size := range insertSizes {
		for len(order) >= size {
			if err := insertBatch(tx, rows, order[:size], stored); err != nil {
				return nil, nil, err
			}
			order = order[size:]
		}
	}
	return rows, stored, nil
}

func insertBatch(tx *gorm.DB, rows []Customer, positions []int, stored []bool) error {
	batch, ids := make([]Customer, len(positions)), make([]uuid.UUID, len(positions))
	for i, position := range positions {
		batch[i], ids[i] = rows[position], rows[position].ID
	}
	result := tx.Clauses(clause.OnConflict{DoNothing: true}).Create(&batch)
	if errors.Is(result.Error, gorm.ErrForeignKeyViolated) {
		return ErrNotFound
	}
	if result.Error != nil {
		return result.Error
	}
	there := ids
	if result.RowsAffected < int64(len(batch)) {
		there = nil
		if err := tx.Model(&Customer{}).Where("company_id = ? AND id IN ?", batch[0].CompanyID, ids).Pluck("id", &there).Error; err != nil {
			return err
		}
	}
	for _, position := range positions {
		stored[position] = slices.Contains(there, rows[position].ID)
	}
	return nil
}

// TakenIdentifiers returns those of the identifiers that live customers of the
// company have. It is one query for any number of them.
func (s *Store) TakenIdentifiers(ctx context.Context, companyID uuid.UUID, identifiers []Identifier) (map[Identifier]bool, error) {
	taken := map[Identifier]bool{}
	// Empty and not nil: null would be no list to the database.
	nifs, numbers := []string{}, []string{}
	for _, i := range identifiers {
		if i.NIF != "" {
			nifs = append(nifs, i.NIF)
		} else {
			numbers = append(numbers, i.Number)
		}
	}
	lists := make([]string, 2)
	for i, list := range [][]string{nifs, numbers} {
		b, err := json.Marshal(list)
		if err != nil {
			return nil, fmt.Errorf("store: taken identifiers: %w", err)
		}
		lists[i] = string(b)
	}
	// As JSON, so that the statement is the same for any number of values.
	among := "(SELECT value FROM json_each(?))"
	if s.dialect == dialectPostgres {
		among = "(SELECT json_array_elements_text(CAST(? AS json)))"
	}
	var rows []Customer
	err := s.read.WithContext(ctx).Raw(`
		SELECT nif, alternative_id_type, alternative_id_number, alternative_id_country FROM customers
		WHERE company_id = ? AND deleted_at IS NULL AND nif IN `+among+`
		UNION ALL
		SELECT nif, alternative_id_type, alternative_id_number, alternative_id_country FROM customers
		WHERE company_id = ? AND deleted_at IS NULL AND alternative_id_type IN ('02', '03', '04', '05', '06', '07')
			AND alternative_id_number IN `+among,
		companyID, lists[0], companyID, lists[1]).Scan(&rows).Error
	if err != nil {
		return nil, fmt.Errorf("store: taken identifiers: %w", err)
	}
	for _, c := range rows {
		taken[NewCustomer{NIF: c.NIF, AlternativeID: c.AlternativeID()}.Identifier()] = true
	}
	return taken, nil
}
