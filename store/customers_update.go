package store

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"gorm.io/gorm"
)

// ErrIdentifierImmutable says that an update would change a customer's NIF or
// alternative identifier. The error is an *IdentifierError.
var ErrIdentifierImmutable = errors.New("the tax identifier cannot change")

// IdentifierError names the identifier that an update would change: "nif" or
// "alternative_id".
type IdentifierError struct{ Field string }

func (e *IdentifierError) Error() string { return e.Field + ": " + ErrIdentifierImmutable.Error() }

func (e *IdentifierError) Unwrap() error { return ErrIdentifierImmutable }

// Field is the change of a property that may be absent. The zero Field keeps
// what is stored; a set one stores Value, and clears the property when that is
// nil.
type Field[T any] struct {
	Set   bool
	Value *T
}

// SetTo is the Field that stores v.
func SetTo[T any](v T) Field[T] { return Field[T]{Set: true, Value: &v} }

// Clear is the Field that removes what is stored.
func Clear[T any]() Field[T] { return Field[T]{Set: true} }

func (f Field[T]) apply(to **T) {
	if f.Set {
		*to = f.Value
	}
}

func latest(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

func applyIfSet[T any](to, v *T) {
	if v != nil {
		*to = *v
	}
}

// CustomerUpdate is a merge: nil, or a Field that is not set, keeps what is
// stored. NIF and AlternativeID are not changes but claims about the stored
// identifier; one that is wrong refuses the update.
type CustomerUpdate struct {
	// Versions, if any, must have the customer's UpdatedAt among them.
	Versions []time.Time

	NIF           *string
	AlternativeID Field[AlternativeID]

	LegalName              *string
	Address                *Address
	GeneralDiscount        *decimal.Decimal
	Active                 *bool
	TradeName              Field[string]
	Phone                  Field[string]
	Email                  Field[string]
	Web                    Field[string]
	BillingEmails          Field[[]string]
	ContactPerson          Field[string]
	Notes                  Field[string]
	PreferredPaymentMethod Field[PaymentInfo]
}

// UpdateCustomer changes a live customer and returns it as it now is. It
// returns ErrNotFound, ErrVersion, or an *IdentifierError if the update claims
// another identifier than the stored one. An update that changes nothing is an update.
func (s *Store) UpdateCustomer(ctx context.Context, companyID, id uuid.UUID, u CustomerUpdate) (Customer, error) {
	c, err := s.mergeCustomer(ctx, companyID, id, u)
	if errors.Is(err, errOvertaken) || retryable(err) {
		c, err = s.mergeLocked(ctx, companyID, id, u)
	}
	if err != nil {
		return Customer{}, fmt.Errorf("store: update customer: %w", err)
	}
	return c, nil
}

// errOvertaken says that a customer was changed between reading and writing it.
var errOvertaken = errors.New("overtaken by another change")

// mergeCustomer writes the merged customer only over the version that it has read:
// two at once would each undo what the other changed.
func (s *Store) mergeCustomer(ctx context.Context, companyID, id uuid.UUID, u CustomerUpdate) (Customer, error) {
	c, err := s.readCustomer(ctx, s.read, liveCustomer, companyID, id)
	if err != nil {
		return Customer{}, err
	}
	version := c.UpdatedAt
	if err := u.apply(&c, s.timestamp()); err != nil {
		return Customer{}, err
	}
	err = writeCustomer(s.write.WithContext(ctx).Where("updated_at = ?", version), &c)
	return c, err
}

// mergeLocked takes twice the round trips, but each of many who change the same
// customer gets a turn.
func (s *Store) mergeLocked(ctx context.Context, companyID, id uuid.UUID, u CustomerUpdate) (Customer, error) {
	statement := liveCustomer
	if s.dialect == dialectPostgres { // on SQLite a transaction has locked everything
		statement += " FOR NO KEY UPDATE" // no key changes, so new invoices need not wait
	}
	var c Customer
	err := s.tx(ctx, func(tx *gorm.DB, now time.Time) (err error) {
		if c, err = s.readCustomer(tx.Statement.Context, tx, statement, companyID, id); err != nil {
			return err
		}
		if err := u.apply(&c, now); err != nil {
			return err
		}
		return writeCustomer(tx, &c)
	})
	return c, err
}

// writeCustomer writes by name, so that nothing else is ever written back,
// deleted_at least of all, and with UpdateColumns, which leaves updated_at as it
// was set.
func writeCustomer(db *gorm.DB, c *Customer) error {
	result := db.Model(&Customer{}).Where(byID, c.CompanyID, c.ID).Select(changeable).UpdateColumns(c)
	if result.Error == nil && result.RowsAffected != 1 {
		return errOvertaken
	}
	return result.Error
}

// changeable lists what an update may write; GORM takes columns or fields.
var changeable = []string{
	"legal_name", "legal_name_fold", "trade_name", "address_street", "address_number", "address_floor", "address_door",
	"address_postal_code", "address_city", "city_fold", "address_province", "province_fold", "address_country",
	"address_country_code", "phone", "email", "email_fold", "web", "billing_emails", "contact_person", "notes",
	"preferred_payment_method", "general_discount", "active", "updated_at",
}

func (u CustomerUpdate) apply(c *Customer, now time.Time) error {
	if u.Versions != nil && !slices.ContainsFunc(u.Versions, c.UpdatedAt.Equal) {
		return ErrVersion
	}
	if u.NIF != nil && (c.NIF == nil || *u.NIF != *c.NIF) {
		return &IdentifierError{Field: "nif"}
	}
	if u.AlternativeID.Set && !u.AlternativeID.Value.equal(c.AlternativeID()) {
		return &IdentifierError{Field: "alternative_id"}
	}
	applyIfSet(&c.LegalName, u.LegalName)
	applyIfSet(&c.Address, u.Address)
	applyIfSet(&c.GeneralDiscount, u.GeneralDiscount)
	applyIfSet(&c.Active, u.Active)
	u.TradeName.apply(&c.TradeName)
	u.Phone.apply(&c.Phone)
	u.Email.apply(&c.Email)
	u.Web.apply(&c.Web)
	u.ContactPerson.apply(&c.ContactPerson)
	u.Notes.apply(&c.Notes)
	u.PreferredPaymentMethod.apply(&c.PreferredPaymentMethod)
	if u.BillingEmails.Set {
		c.BillingEmails = nil
		applyIfSet(&c.BillingEmails, u.BillingEmails.Value)
	}
	c.setFolds()
	// Later than before in any case: it is the version that callers compare.
	c.UpdatedAt = latest(now, c.UpdatedAt.Add(time.Microsecond))
	return nil
}

func (a *AlternativeID) equal(b *AlternativeID) bool {
	if a == nil || b == nil {
		return a == b
	}
	return a.Type == b.Type && a.Number == b.Number && orEmpty(a.CountryCode) == orEmpty(b.CountryCode)
}
