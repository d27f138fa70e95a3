package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// ErrVersion says that the row is not in one of the versions that the caller
// knows: somebody changed it in between.
var ErrVersion = errors.New("changed in the meantime")

// HasInvoicesError says that live invoices keep a customer from being
// deactivated.
type HasInvoicesError struct {
	CustomerID uuid.UUID
	Count      int
	Invoices   []BlockingInvoice // the ten oldest
}

func (e *HasInvoicesError) Error() string {
	return fmt.Sprintf("customer has %d invoices", e.Count)
}

// BlockingInvoice is an invoice that keeps its customer; Number is nil while
// it is a draft.
type BlockingInvoice struct {
	ID     uuid.UUID
	Number *string `gorm:"column:invoice_number"`
	Status string
}

// DeactivateCustomer hides a customer from every look-up and list for good and
// frees its identifier. It returns ErrNotFound if no live customer has the id,
// and a *HasInvoicesError while a live invoice, drafts included, is for it.
//
// If versions are given, the customer's UpdatedAt must be one of them, or it gets
// ErrVersion.
//
// There is no look before the leap: the one statement changes what invoices
// refer to, and the schema refuses that while one does.
func (s *Store) DeactivateCustomer(ctx context.Context, companyID, id uuid.UUID, versions ...time.Time) error {
	err := s.deactivateCustomer(ctx, companyID, id, versions)
	for range attempts - 1 {
		if !errors.Is(err, gorm.ErrForeignKeyViolated) {
			break
		}
		blocked := s.blockers(ctx, companyID, id)
		if blocked != nil {
			err = blocked
			break
		}
		// The invoices went away in between, so the customer may go too.
		err = s.deactivateCustomer(ctx, companyID, id, versions)
	}
	if errors.Is(err, ErrNotFound) && versions != nil {
		// Asked for the message only: it may still be there in another version.
		if _, lookup := s.GetCustomer(ctx, companyID, id); !errors.Is(lookup, ErrNotFound) {
			err = cmp.Or(lookup, ErrVersion)
		}
	}
	if errors.Is(err, gorm.ErrForeignKeyViolated) {
		err = unavailable(err)
	}
	if err != nil {
		return fmt.Errorf("store: deactivate customer: %w", err)
	}
	return nil
}

func (s *Store) deactivateCustomer(ctx context.Context, companyID, id uuid.UUID, versions []time.Time) error {
	now := s.timestamp()
	customer := s.write.WithContext(ctx).Model(&Customer{}).Where(byID, companyID, id)
	if versions != nil {
		customer = customer.Where("updated_at IN ?", versions)
	}
	result := customer.UpdateColumns(map[string]any{"deleted_at": now, "active": false, "updated_at": now})
	if result.Error == nil && result.RowsAffected == 0 {
		return ErrNotFound
	}
	return result.Error
}

// blockers returns a *HasInvoicesError, nil if no invoice blocks any more, or
// whatever kept it from finding out.
func (s *Store) blockers(ctx context.Context, companyID, customerID uuid.UUID) error {
	var rows []struct {
		BlockingInvoice
		Total int
	}
	err := s.read.WithContext(ctx).Model(&Invoice{}).
		Select("id, invoice_number, status, count(*) OVER () AS total").
		Where("company_id = ? AND live_customer_id = ? AND customer_live", companyID, customerID).
		Order("id").Limit(10).Find(&rows).Error
	if err != nil || len(rows) == 0 {
		return err
	}
	e := &HasInvoicesError{CustomerID: customerID, Count: rows[0].Total}
	for _, row := range rows {
		e.Invoices = append(e.Invoices, row.BlockingInvoice)
	}
	return e
}
