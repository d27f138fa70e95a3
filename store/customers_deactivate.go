package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

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
// There is no look before the leap: the one statement changes what invoices
// refer to, and the schema refuses that while one does.
func (s *Store) DeactivateCustomer(ctx context.Context, companyID, id uuid.UUID) error {
	err := s.deactivateCustomer(ctx, companyID, id)
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
		err = s.deactivateCustomer(ctx, companyID, id)
	}
	if errors.Is(err, gorm.ErrForeignKeyViolated) {
		err = unavailable(err)
	}
	if err != nil {
		return fmt.Errorf("store: deactivate customer: %w", err)
	}
	return nil
}

func (s *Store) deactivateCustomer(ctx context.Context, companyID, id uuid.UUID) error {
	now := s.timestamp()
	result := s.write.WithContext(ctx).Model(&Customer{}).Where(byID, companyID, id).
		UpdateColumns(map[string]any{"deleted_at": now, "active": false, "updated_at": now})
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
