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

var (
	// ErrCustomerNotFound says that the customer of a new invoice is unknown,
	// deactivated, or another company's.
	ErrCustomerNotFound = errors.New("customer not found")
	// ErrCustomerInactive says that the customer of a new invoice is set
	// inactive for the time being.
	ErrCustomerInactive = errors.New("customer is inactive")
)

// defaultTermDays applies when neither the invoice nor its customer says when
// to pay.
const defaultTermDays = 30

// NewInvoice is what an invoice is created from. Amounts come computed.
type NewInvoice struct {
	Type          string
	SeriesID      *uuid.UUID // nil: the default series
	OperationDate *Date
	DueDate       *Date      // nil: the issue date and the payment term
	CustomerID    *uuid.UUID // nil: Recipient
	Recipient     *Recipient
	Lines         []InvoiceLine
	Totals        InvoiceTotals
	PaymentInfo   *PaymentInfo // nil: the customer's preferred method
	Notes         *string
	Metadata      json.RawMessage
	// Check, if any, sees the recipient that the invoice will have and may
	// refuse it: its error is returned as it is. It may be called again.
	Check func(Recipient) error
	Once  *Once[Invoice] // nil: creating again creates another
}

// CreateInvoice adds a draft, dated today in Madrid, with copies of company
// and customer. It returns ErrNotFound for an unknown company,
// ErrSeriesNotFound, ErrCustomerNotFound, ErrCustomerInactive, the error of
// n.Check, and for a repetition under n.Once a *ReplayError, ErrKeyMismatch or
// ErrKeyProcessing.
func (s *Store) CreateInvoice(ctx context.Context, companyID uuid.UUID, n NewInvoice) (Invoice, error) {
	var refused error
	invoice, err := transact(ctx, s, companyID, n.Once, func(tx *gorm.DB, now time.Time) (Invoice, error) {
		invoice, err := s.draft(tx, companyID, n, now)
		if err != nil {
			return Invoice{}, err
		}
		if n.Check != nil {
			refused = n.Check(invoice.Recipient)
		}
		if refused != nil {
			return Invoice{}, refused
		}
		err = tx.Create(&invoice).Error
		// Company and series are never removed, so it is the customer that
		// went between the look at it and here.
		if errors.Is(err, gorm.ErrForeignKeyViolated) && n.CustomerID != nil {
			return Invoice{}, ErrCustomerNotFound
		}
		return invoice, err
	})
	switch {
	case refused != nil:
		return Invoice{}, refused
	case err != nil:
		return Invoice{}, fmt.Errorf("store: create invoice: %w", err)
	}
	return invoice, nil
}

// draft puts the row together from what the database knows.
func (s *Store) draft(tx *gorm.DB, companyID uuid.UUID, n NewInvoice, now time.Time) (Invoice, error) {
	company, err := getCompany(tx, companyID)
	if err != nil {
		return Invoice{}, err
	}
	series, err := usableSeries(tx, companyID, n.SeriesID)
	if err != nil {
		return Invoice{}, err
	}
	i := Invoice{
		CompanyID: companyID, ID: newID(), SeriesID: series.ID, SeriesCode: series.Code, Type: n.Type, Status: InvoiceDraft,
		IssueDate: s.today(now), OperationDate: n.OperationDate, DueDate: n.DueDate,
		CustomerID: n.CustomerID, Issuer: issuerOf(company), Lines: n.Lines, Totals: n.Totals,
		PaymentInfo: n.PaymentInfo, Notes: n.Notes, Metadata: n.Metadata, CreatedAt: now, UpdatedAt: now,
	}
	var preferred *PaymentInfo
	if n.CustomerID != nil {
		customer, err := billableCustomer(tx, companyID, *n.CustomerID)
		if err != nil {
			return Invoice{}, err
		}
		i.Recipient, preferred = recipientOf(customer), customer.PreferredPaymentMethod
	} else if n.Recipient != nil {
		i.Recipient = *n.Recipient
		i.Recipient.CustomerID = nil
	}
	if i.PaymentInfo == nil {
		i.PaymentInfo = preferred
	}
	if i.DueDate == nil {
		due := i.IssueDate.AddDays(termDays(n.PaymentInfo, preferred))
		i.DueDate = &due
	}
	return i, nil
}

// billableCustomer takes no lock. A customer that goes before the insert is
// caught by the foreign key, and only by it.
func billableCustomer(tx *gorm.DB, companyID, id uuid.UUID) (Customer, error) {
	var c Customer
	err := tx.Where(byID, companyID, id).Take(&c).Error
	switch {
	case errors.Is(err, ErrNotFound):
		return Customer{}, ErrCustomerNotFound
	case err == nil && !c.Active:
		return Customer{}, ErrCustomerInactive
	}
	return c, err
}

func issuerOf(c Company) Issuer {
	return Issuer{
		LegalName: c.LegalName, TradeName: c.TradeName, NIF: c.NIF, Address: c.Address,
		Phone: c.Phone, Email: c.Email, Web: c.Web,
	}
}

func recipientOf(c Customer) Recipient {
	return Recipient{
		CustomerID: &c.ID, LegalName: c.LegalName, TradeName: c.TradeName, NIF: c.NIF,
		AlternativeID: c.AlternativeID(), Address: &c.Address, Phone: c.Phone, Email: c.Email,
	}
}

func termDays(from ...*PaymentInfo) int {
	for _, p := range from {
		if p != nil && p.TermDays != nil {
			return *p.TermDays
		}
	}
	return defaultTermDays
}
