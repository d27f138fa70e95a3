package main

import (
	"context"
	"fmt"
	"net/http"
	"strconv"
	"strings"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
)

const columns = `id, legal_name, trade_name, nif, alternative_id_type, alternative_id_number, alternative_id_country,
	address_street, address_number, address_floor, address_door, address_postal_code, address_city, address_province,
	address_country, address_country_code, phone, email, web, billing_emails, contact_person, notes,
	preferred_payment_method, general_discount::float8, active, created_at, updated_at`

// fields are where a row's columns go. UUIDs and JSON take pgx's short way.
func (c *customer) fields() []any {
	a := &c.Address
	return []any{
		(*[16]byte)(&c.ID), &c.LegalName, &c.TradeName, &c.NIF, &c.AltType, &c.AltNumber, &c.AltCountry,
		&a.Street, &a.Number, &a.Floor, &a.Door, &a.PostalCode, &a.City, &a.Province,
		&a.Country, &a.CountryCode, &c.Phone, &c.Email, &c.Web, (*[]byte)(&c.BillingEmails), &c.ContactPerson, &c.Notes,
		(*[]byte)(&c.PaymentMethod), &c.Discount, &c.Active, &c.CreatedAt, &c.UpdatedAt,
	}
}

func (f *floor) get(ctx context.Context, company uuid.UUID, r *http.Request) (int, any, error) {
	id, err := pathID(r)
	if err != nil {
		return 0, nil, err
	}
	var c customer
	err = f.pool.QueryRow(ctx, "SELECT "+columns+" FROM customers WHERE company_id = $1 AND id = $2 AND deleted_at IS NULL",
		company, id).Scan(c.fields()...)
	if err != nil {
		return 0, nil, fmt.Errorf("get: %w", err)
	}
	return http.StatusOK, &c, nil
}

func pathID(r *http.Request) (uuid.UUID, error) {
	id, err := uuid.Parse(r.PathValue("id"))
	if err != nil {
		return uuid.Nil, errBadRequest
	}
	return id, nil
}

const pageSize = 20

// document is the expression of the index that Panal searches, too.
const document = "(lower(coalesce(nif, '') || ' ' || coalesce(phone, '')) || ' ' || legal_name_fold || ' ' || email_fold)"

func (f *floor) list(ctx context.Context, company uuid.UUID, r *http.Request) (int, any, error) {
	where, args := " FROM customers WHERE company_id = $1 AND deleted_at IS NULL", []any{company}
	if term := r.FormValue("search"); term != "" {
		where += " AND " + document + " LIKE $2"
		// Planned for its values each time, as Panal's: a plan for any word reads the whole table.
		args = []any{pgx.QueryExecModeCacheDescribe, company, "%" + escape.Replace(fold(term)) + "%"}
	}
	var p page
	if err := f.pool.QueryRow(ctx, "SELECT count(*)"+where, args...).Scan(&p.Pagination.TotalItems); err != nil {
		return 0, nil, fmt.Errorf("count: %w", err)
	}
	number, _ := strconv.Atoi(r.FormValue("page"))
	number = max(1, number)
	rows, err := f.pool.Query(ctx, "SELECT "+columns+where+" ORDER BY legal_name_fold, id LIMIT 20 OFFSET "+strconv.Itoa((number-1)*pageSize), args...)
	if err != nil {
		return 0, nil, fmt.Errorf("list: %w", err)
	}
	p.Customers, err = pgx.CollectRows(rows, func(row pgx.CollectableRow) (c customer, err error) {
		return c, row.Scan(c.fields()...)
	})
	if err != nil {
		return 0, nil, fmt.Errorf("list: %w", err)
	}
	pages := (p.Pagination.TotalItems + pageSize - 1) / pageSize
	p.Pagination = pagination{
		CurrentPage: number, TotalPages: pages, TotalItems: p.Pagination.TotalItems, ItemsPerPage: pageSize,
		HasNext: number < pages, HasPrevious: number > 1,
	}
	return http.StatusOK, &p, nil
}

var escape = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)
