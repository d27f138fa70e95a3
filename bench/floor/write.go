package main

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"time"
	"unicode"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"golang.org/x/text/unicode/norm"
)

// fold is text without case and marks, as Panal stores it beside names.
func fold(s string) string {
	return strings.Map(func(r rune) rune {
		if unicode.Is(unicode.Mn, r) {
			return -1
		}
		return unicode.ToLower(r)
	}, norm.NFD.String(s))
}

func foldOptional(s *string) string {
	if s == nil {
		return ""
	}
	return fold(*s)
}

func (f *floor) create(ctx context.Context, company uuid.UUID, r *http.Request) (int, any, error) {
	var c customer
	if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
		return 0, nil, fmt.Errorf("%w: %w", errBadRequest, err)
	}
	now := time.Now().UTC().Truncate(time.Microsecond)
	c.ID, c.Active, c.CreatedAt, c.UpdatedAt, c.Address.CountryCode = uuid.Must(uuid.NewV7()), true, now, now, "ES"
	a := &c.Address
	_, err := f.pool.Exec(ctx, `INSERT INTO customers (company_id, id, legal_name, legal_name_fold, trade_name, nif,
			address_street, address_number, address_floor, address_door, address_postal_code, address_city, city_fold,
			address_province, province_fold, address_country, address_country_code, phone, email, email_fold, web,
			billing_emails, contact_person, notes, preferred_payment_method, general_discount, active, created_at, updated_at)
		VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22, $23, $24, $25, $26, $27, $28, $28)`,
		company, c.ID, c.LegalName, fold(c.LegalName), c.TradeName, c.NIF,
		a.Street, a.Number, a.Floor, a.Door, a.PostalCode, a.City, fold(a.City),
		a.Province, fold(a.Province), a.Country, a.CountryCode, c.Phone, c.Email, foldOptional(c.Email), c.Web,
		[]byte(c.BillingEmails), c.ContactPerson, c.Notes, []byte(c.PaymentMethod), c.Discount, c.Active, now)
	if err != nil {
		return 0, nil, fmt.Errorf("create: %w", err)
	}
	return http.StatusCreated, &c, nil
}

func (f *floor) update(ctx context.Context, company uuid.UUID, r *http.Request) (int, any, error) {
	id, err := pathID(r)
	if err != nil {
		return 0, nil, err
	}
	var c customer
	err = pgx.BeginFunc(ctx, f.pool, func(tx pgx.Tx) error {
		err := tx.QueryRow(ctx, "SELECT "+columns+` FROM customers
			WHERE company_id = $1 AND id = $2 AND deleted_at IS NULL FOR NO KEY UPDATE`, company, id).Scan(c.fields()...)
		if err != nil {
			return fmt.Errorf("lock: %w", err)
		}
		// What the body does not name stays as it was read.
		if err := json.NewDecoder(r.Body).Decode(&c); err != nil {
			return fmt.Errorf("body: %w", err)
		}
		c.UpdatedAt = time.Now().UTC().Truncate(time.Microsecond)
		a := &c.Address
		_, err = tx.Exec(ctx, `UPDATE customers SET legal_name = $3, legal_name_fold = $4, trade_name = $5,
				address_street = $6, address_number = $7, address_floor = $8, address_door = $9, address_postal_code = $10,
				address_city = $11, city_fold = $12, address_province = $13, province_fold = $14, address_country = $15,
				address_country_code = $16, phone = $17, email = $18, email_fold = $19, web = $20, billing_emails = $21,
				contact_person = $22, notes = $23, preferred_payment_method = $24, general_discount = $25, active = $26, updated_at = $27
			WHERE company_id = $1 AND id = $2`,
			company, id, c.LegalName, fold(c.LegalName), c.TradeName,
			a.Street, a.Number, a.Floor, a.Door, a.PostalCode, a.City, fold(a.City), a.Province, fold(a.Province), a.Country,
			a.CountryCode, c.Phone, c.Email, foldOptional(c.Email), c.Web, []byte(c.BillingEmails),
			c.ContactPerson, c.Notes, []byte(c.PaymentMethod), c.Discount, c.Active, c.UpdatedAt)
		return err //nolint:wrapcheck // becomes a 500
	})
	if err != nil {
		return 0, nil, fmt.Errorf("update: %w", err)
	}
	return http.StatusOK, &c, nil
}

type blocking struct {
	ID            [16]byte `json:"id"`
	InvoiceNumber *string  `json:"invoice_number"`
	Status        string   `json:"status"`
	Total         int      `json:"-"`
}

// deactivate locks, looks and updates in one transaction, as it is usually done.
func (f *floor) deactivate(ctx context.Context, company uuid.UUID, r *http.Request) (int, any, error) {
	id, err := pathID(r)
	if err != nil {
		return 0, nil, err
	}
	var invoices []blocking
	err = pgx.BeginFunc(ctx, f.pool, func(tx pgx.Tx) error {
		var active bool
		err := tx.QueryRow(ctx, `SELECT active FROM customers
			WHERE company_id = $1 AND id = $2 AND deleted_at IS NULL FOR UPDATE`, company, id).Scan(&active)
		if err != nil {
			return fmt.Errorf("lock: %w", err)
		}
		rows, err := tx.Query(ctx, `SELECT id, invoice_number, status, count(*) OVER () FROM invoices
			WHERE company_id = $1 AND live_customer_id = $2 AND customer_live ORDER BY id LIMIT 10`, company, id)
		if err != nil {
			return fmt.Errorf("invoices: %w", err)
		}
		invoices, err = pgx.CollectRows(rows, pgx.RowToStructByPos[blocking])
		if err != nil || len(invoices) > 0 {
			return err //nolint:wrapcheck // becomes a 500
		}
		_, err = tx.Exec(ctx, `UPDATE customers SET deleted_at = $3, active = false, updated_at = $3
			WHERE company_id = $1 AND id = $2 AND deleted_at IS NULL`, company, id, time.Now().UTC())
		return err //nolint:wrapcheck // becomes a 500
	})
	if err != nil {
		return 0, nil, fmt.Errorf("deactivate: %w", err)
	}
	if len(invoices) > 0 {
		return http.StatusBadRequest, map[string]any{
			"code": "CLIENT_HAS_INVOICES", "message": "Cannot deactivate customer because it has associated invoices",
			"details": map[string]any{"customer_id": id, "invoice_count": invoices[0].Total, "invoices": invoices},
		}, nil
	}
	return http.StatusOK, map[string]string{"message": "Customer deactivated successfully"}, nil
}
