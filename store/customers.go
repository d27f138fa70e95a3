package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"gorm.io/gorm"
)

// AlternativeID identifies a customer who has no Spanish NIF.
type AlternativeID struct {
	Type        string  `json:"type"`
	Number      string  `json:"number"`
	CountryCode *string `json:"country_code,omitempty"`
}

// PaymentInfo says how and when an invoice is to be paid.
type PaymentInfo struct {
	Method   *string `json:"method,omitempty"`
	IBAN     *string `json:"iban,omitempty"`
	SWIFT    *string `json:"swift,omitempty"`
	TermDays *int    `json:"payment_term_days,omitempty"`
}

// Customer is a row. Deactivated customers stay in the table with DeletedAt
// set, and GORM leaves them out of every query that names this type.
type Customer struct {
	CompanyID              uuid.UUID `gorm:"primaryKey"`
	ID                     uuid.UUID `gorm:"primaryKey"`
	LegalName              string
	TradeName              *string
	NIF                    *string
	AlternativeIDType      *string
	AlternativeIDNumber    *string
	AlternativeIDCountry   *string
	Address                Address `gorm:"embedded;embeddedPrefix:address_"`
	Phone                  *string
	Email                  *string
	Web                    *string
	BillingEmails          []string `gorm:"serializer:json"`
	ContactPerson          *string
	Notes                  *string
	PreferredPaymentMethod *PaymentInfo `gorm:"serializer:json"`
	GeneralDiscount        decimal.Decimal
	Active                 bool
	CreatedAt              time.Time
	UpdatedAt              time.Time
	DeletedAt              gorm.DeletedAt

	// What lists are sorted by; setFolds keeps them in step.
	LegalNameFold, EmailFold, CityFold, ProvinceFold string
}

// TableName implements GORM's Tabler.
func (Customer) TableName() string { return "customers" }

// AlternativeID returns the identifier of a customer without NIF, else nil.
func (c Customer) AlternativeID() *AlternativeID {
	if c.AlternativeIDType == nil || c.AlternativeIDNumber == nil {
		return nil
	}
	return &AlternativeID{Type: *c.AlternativeIDType, Number: *c.AlternativeIDNumber, CountryCode: c.AlternativeIDCountry}
}

func (c *Customer) setFolds() {
	c.LegalNameFold = fold(c.LegalName)
	c.EmailFold = foldOptional(c.Email)
	c.CityFold = fold(c.Address.City)
	c.ProvinceFold = fold(c.Address.Province)
}

// NewCustomer is what a customer is created from. It has either a NIF or an
// alternative identifier.
type NewCustomer struct {
	LegalName              string
	TradeName              *string
	NIF                    *string
	AlternativeID          *AlternativeID
	Address                Address
	Phone                  *string
	Email                  *string
	Web                    *string
	BillingEmails          []string
	ContactPerson          *string
	Notes                  *string
	PreferredPaymentMethod *PaymentInfo
	GeneralDiscount        decimal.Decimal
	Once                   *Once[Customer] // nil: creating again creates another
}

// The values of DuplicateError.Type.
const (
	DuplicateNIF           = "DUPLICATE_NIF"
	DuplicateAlternativeID = "DUPLICATE_ALTERNATIVE_ID"
)

// DuplicateError says that another live customer of the company has the
// identifier.
type DuplicateError struct {
	Type       string
	Field      string
	Value      string
	ExistingID uuid.UUID
}

// Error leaves the identifier out: it is personal data, and errors are logged.
func (e *DuplicateError) Error() string {
	return "another customer has the same " + e.Field
}

// CreateCustomer adds an active customer. Whose identifier is taken gets a
// *DuplicateError, an unknown company ErrNotFound, and a repetition under n.Once a
// *ReplayError, ErrKeyMismatch or ErrKeyProcessing.
func (s *Store) CreateCustomer(ctx context.Context, companyID uuid.UUID, n NewCustomer) (Customer, error) {
	c := newCustomerRow(companyID, n, s.timestamp())
	var err error
	for range attempts {
		if n.Once == nil {
			err = s.writeCustomer(ctx, s.write, &c)
		} else {
			_, err = transact(ctx, s, companyID, n.Once, func(tx *gorm.DB, _ time.Time) (Customer, error) {
				err := s.writeCustomer(tx.Statement.Context, tx, &c)
				return c, err
			})
		}
		if duplicated(err) == "" {
			break
		}
		// Asked for the message only. Whoever had the identifier may have gone
		// by now, and then it is free.
		duplicate, lookup := s.duplicateOf(ctx, c, duplicated(err))
		if lookup == nil {
			err = duplicate
			break
		}
		if !errors.Is(lookup, ErrNotFound) {
			err = lookup
			break
		}
	}
	switch {
	case duplicated(err) != "":
		err = unavailable(err)
	case errors.Is(err, gorm.ErrForeignKeyViolated):
		err = ErrNotFound
	}
	if err != nil {
		return Customer{}, fmt.Errorf("store: create customer: %w", err)
	}
	return c, nil
}

func newCustomerRow(companyID uuid.UUID, n NewCustomer, now time.Time) Customer {
	c := Customer{
		CompanyID: companyID, ID: newID(), LegalName: n.LegalName, TradeName: n.TradeName, NIF: n.NIF, Address: n.Address,
		Phone: n.Phone, Email: n.Email, Web: n.Web, BillingEmails: n.BillingEmails, ContactPerson: n.ContactPerson,
		Notes: n.Notes, PreferredPaymentMethod: n.PreferredPaymentMethod, GeneralDiscount: n.GeneralDiscount,
		Active: true, CreatedAt: now, UpdatedAt: now,
	}
	if a := n.AlternativeID; a != nil {
		c.AlternativeIDType, c.AlternativeIDNumber, c.AlternativeIDCountry = &a.Type, &a.Number, a.CountryCode
	}
	c.setFolds()
	return c
}

// duplicateOf finds who has the identifier for whose sake the index refused c.
func (s *Store) duplicateOf(ctx context.Context, c Customer, index string) (*DuplicateError, error) {
	db := s.read.WithContext(ctx).Select("id").Where("company_id = ?", c.CompanyID)
	var e DuplicateError
	switch {
	case index == "customers_nif_key" && c.NIF != nil:
		e = DuplicateError{Type: DuplicateNIF, Field: "nif", Value: *c.NIF}
		db = db.Where("nif = ?", *c.NIF)
	case index == "customers_alternative_id_key" && c.AlternativeID() != nil:
		a := c.AlternativeID()
		e = DuplicateError{Type: DuplicateAlternativeID, Field: "alternative_id", Value: a.Number}
		db = db.Where("alternative_id_type = ? AND alternative_id_number = ? AND coalesce(alternative_id_country, '') = ?",
			a.Type, a.Number, orEmpty(a.CountryCode))
	default:
		return nil, fmt.Errorf("unexpected unique index %q", index)
	}
	var existing Customer
	if err := db.Take(&existing).Error; err != nil {
		return nil, err
	}
	e.ExistingID = existing.ID
	return &e, nil
}

// GetCustomer returns a live customer, active or not, or ErrNotFound. Its folds are
// empty.
func (s *Store) GetCustomer(ctx context.Context, companyID, id uuid.UUID) (Customer, error) {
	c, err := s.readCustomer(ctx, s.read, liveCustomer, companyID, id)
	if err != nil {
		return Customer{}, fmt.Errorf("store: get customer: %w", err)
	}
	return c, nil
}

func orEmpty(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
