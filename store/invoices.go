package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// The kinds of invoice and the states of one that this package sets or asks for.
const (
	InvoiceStandard   = "STANDARD"
	InvoiceSimplified = "SIMPLIFIED"
	InvoiceCorrective = "CORRECTIVE"

	InvoiceDraft = "DRAFT"
)

// ErrNotDraft says that only a draft may be changed or deleted. The error is a
// *StatusError.
var ErrNotDraft = errors.New("the invoice is not a draft")

// StatusError tells the status that forbids what was asked.
type StatusError struct{ Status string }

func (e *StatusError) Error() string { return ErrNotDraft.Error() + " but " + e.Status }

func (e *StatusError) Unwrap() error { return ErrNotDraft }

// Invoice is a row. Issuer, recipient and lines are copies made when it was
// written: what becomes of company and customer later does not change them.
type Invoice struct {
	CompanyID     uuid.UUID `gorm:"primaryKey"`
	ID            uuid.UUID `gorm:"primaryKey"`
	SeriesID      uuid.UUID
	SeriesCode    string
	Type          string
	Status        string
	Number        *int64
	InvoiceNumber *string
	IssueDate     Date
	OperationDate *Date
	DueDate       *Date
	CustomerID    *uuid.UUID
	Issuer        Issuer        `gorm:"serializer:json"`
	Recipient     Recipient     `gorm:"serializer:json"`
	Lines         []InvoiceLine `gorm:"serializer:json"`
	Totals        InvoiceTotals `gorm:"serializer:json"`
	PaymentInfo   *PaymentInfo  `gorm:"serializer:json"`
	Notes         *string
	Metadata      json.RawMessage `gorm:"serializer:json"`
	CreatedAt     time.Time
	UpdatedAt     time.Time
	DeletedAt     gorm.DeletedAt
}

// TableName implements GORM's Tabler.
func (Invoice) TableName() string { return "invoices" }

// GetInvoice returns a live invoice, or ErrNotFound.
func (s *Store) GetInvoice(ctx context.Context, companyID, id uuid.UUID) (Invoice, error) {
	i, err := getInvoice(s.read.WithContext(ctx), companyID, id)
	if err != nil {
		return Invoice{}, fmt.Errorf("store: get invoice: %w", err)
	}
	return i, nil
}

func getInvoice(db *gorm.DB, companyID, id uuid.UUID) (i Invoice, err error) {
	err = db.Where(byID, companyID, id).Take(&i).Error
	return i, err
}

// DeleteInvoice hides a draft for good. It returns ErrNotFound if no live
// invoice has the id, and a *StatusError if it is not a draft.
func (s *Store) DeleteInvoice(ctx context.Context, companyID, id uuid.UUID) error {
	now := s.timestamp()
	result := s.write.WithContext(ctx).Model(&Invoice{}).
		Where("company_id = ? AND id = ? AND status = ?", companyID, id, InvoiceDraft).
		UpdateColumns(map[string]any{"deleted_at": now, "updated_at": now})
	err := result.Error
	if err == nil && result.RowsAffected == 0 {
		var invoice Invoice
		if invoice, err = getInvoice(s.read.WithContext(ctx), companyID, id); err == nil {
			err = &StatusError{Status: invoice.Status}
		}
	}
	if err != nil {
		return fmt.Errorf("store: delete invoice: %w", err)
	}
	return nil
}
