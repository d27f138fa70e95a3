package store

import (
	"context"
	"database/sql/driver"
	"encoding/json"
	"fmt"
	"slices"
	"strings"

	"github.com/google/uuid"
	"gorm.io/gorm"
)

// customerColumns are all columns of a customer. They are named because with * a
// prepared statement of an older process would break when a newer one adds one.
const customerColumns = "company_id, " + shownColumns + ", deleted_at, legal_name_fold, email_fold, city_fold, province_fold"

// shownColumns are those that are read of live customers of one company: whose they
// are is known, and the folds that sort them are not shown.
const shownColumns = "id, legal_name, trade_name, nif, " +
	"alternative_id_type, alternative_id_number, alternative_id_country, " +
	"address_street, address_number, address_floor, address_door, address_postal_code, " +
	"address_city, address_province, address_country, address_country_code, " +
	"phone, email, web, billing_emails, contact_person, notes, " +
	"preferred_payment_method, general_discount, active, created_at, updated_at"

// customerFields are where customerColumns go and come from, in the same order.
func customerFields(c *Customer) []any {
	return slices.Concat([]any{&c.CompanyID}, shownFields(c),
		[]any{&c.DeletedAt, &c.LegalNameFold, &c.EmailFold, &c.CityFold, &c.ProvinceFold})
}

// shownFields are where shownColumns go and come from, in the same order.
func shownFields(c *Customer) []any {
	return []any{
		&c.ID, &c.LegalName, &c.TradeName, &c.NIF,
		&c.AlternativeIDType, &c.AlternativeIDNumber, &c.AlternativeIDCountry,
		&c.Address.Street, &c.Address.Number, &c.Address.Floor, &c.Address.Door, &c.Address.PostalCode,
		&c.Address.City, &c.Address.Province, &c.Address.Country, &c.Address.CountryCode,
		&c.Phone, &c.Email, &c.Web,
		asJSON[[]string]{&c.BillingEmails},
		&c.ContactPerson, &c.Notes,
		asJSON[*PaymentInfo]{&c.PreferredPaymentMethod},
		&c.GeneralDiscount, &c.Active, &c.CreatedAt, &c.UpdatedAt,
	}
}

// asJSON stands for a value in a column of JSON, as GORM's serializer does.
type asJSON[T any] struct{ to *T }

// Scan implements sql.Scanner.
func (j asJSON[T]) Scan(value any) error {
	switch v := value.(type) {
	case nil:
		return nil
	case []byte: // jsonb
		return json.Unmarshal(v, j.to) //nolint:wrapcheck // the driver says which column
	case string: // text, on SQLite
		return json.Unmarshal([]byte(v), j.to) //nolint:wrapcheck // as above
	}
	return fmt.Errorf("%T instead of JSON", value)
}

// Value implements driver.Valuer.
func (j asJSON[T]) Value() (driver.Value, error) {
	text, err := json.Marshal(j.to)
	if err != nil || string(text) == "null" {
		return nil, err //nolint:wrapcheck // the driver says which column
	}
	return string(text), nil
}

// liveCustomer reads the customer that byID names. GORM does not see it, so it
// says itself that the customer is live.
const liveCustomer = "SELECT " + shownColumns + " FROM customers WHERE " + byID + " AND deleted_at IS NULL"

// readCustomer runs liveCustomer or a statement made of it.
func (s *Store) readCustomer(ctx context.Context, db *gorm.DB, statement string, companyID, id uuid.UUID) (Customer, error) {
	c := Customer{CompanyID: companyID}
	found := false
	err := s.query(ctx, db, "customers", fragment{statement, []any{companyID, id}}, func(r row) error {
		found = true
		return r.Scan(shownFields(&c)...)
	})
	if err == nil && !found {
		err = ErrNotFound
	}
	return c, err
}

var insertCustomer = "INSERT INTO customers (" + customerColumns + ") VALUES (?" +
	strings.Repeat(", ?", strings.Count(customerColumns, ",")) + ")"

// writeCustomer adds a row.
func (s *Store) writeCustomer(ctx context.Context, db *gorm.DB, c *Customer) error {
	return s.exec(ctx, db, "customers", fragment{insertCustomer, customerFields(c)})
}
