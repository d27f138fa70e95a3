package store

import (
	"context"
	"fmt"
	"math"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5/pgtype"
)

// CustomerSort is what a list of customers is sorted by.
type CustomerSort string

// The orders a list can have; ties are broken by id.
const (
	SortByLegalName CustomerSort = "legal_name"
	SortByNIF       CustomerSort = "nif"
	SortByEmail     CustomerSort = "email"
	SortByPhone     CustomerSort = "phone"
	SortByCity      CustomerSort = "city"
	SortByProvince  CustomerSort = "province"
	SortByActive    CustomerSort = "active"
	SortByCreatedAt CustomerSort = "created_at"
)

// customerOrders has the expressions of the indexes, to the letter: another
// expression for the same order would sort the whole company for each page.
// A missing value sorts as an empty one.
var customerOrders = map[CustomerSort]string{
	"":              "legal_name_fold",
	SortByLegalName: "legal_name_fold",
	SortByNIF:       "coalesce(nif, '')",
	SortByEmail:     "email_fold",
	SortByPhone:     "coalesce(phone, '')",
	SortByCity:      "city_fold",
	SortByProvince:  "province_fold",
	SortByActive:    "active",
	SortByCreatedAt: "created_at",
}

// CustomerFilter says which page of which customers in which order. Pages
// count from 1; the zero SortBy is by legal name. Text is compared without case
// and accents, and every filter that is given must match.
type CustomerFilter struct {
	Active *bool // nil: active and inactive ones

	Search                       string // part of the legal name, the NIF or the e-mail address
	LegalName, NIF, Email, Phone string // part of it
	City, Province               string // the whole of it

	SortBy      CustomerSort
	Descending  bool
	Page, Limit int
}

const (
	// fewCustomers is how many matches are collected and sorted. Where there
	// are more, walking the order's index until the page is full is cheaper.
	fewCustomers = 10_000
	// deepOffset is from where on it pays to ask first how long the list is.
	deepOffset = 10_000
	// nearCustomers bounds the pages whose plan PostgreSQL can make once. A plan for
	// any LIMIT and OFFSET it takes to be for two tenths of the company, dearer than
	// one for the values at hand, and would make that each time, which takes longer
	// than to read the page. Within a bound that it sees, and with values that it
	// does not look at, both plans cost the same.
	nearCustomers = 1_000
)

// ListCustomers returns a page of the live customers that match and how many
// there are in all. Page and total come from one statement, so they agree. The
// folds of these customers are empty.
func (s *Store) ListCustomers(ctx context.Context, companyID uuid.UUID, f CustomerFilter) ([]Customer, int, error) {
	q, err := s.customerQuery(companyID, f)
	if err != nil {
		return nil, 0, fmt.Errorf("store: list customers: %w", err)
	}
	list := q.matching
	if !f.hasText() {
		list = q.counted
	}
	customers, total, err := list(ctx)
	if err != nil {
		return nil, 0, fmt.Errorf("store: list customers: %w", err)
	}
	return customers, total, nil
}

// customerQuery is a list being read.
type customerQuery struct {
	*Store
	filter        CustomerFilter
	company       uuid.UUID
	order         string
	limit, offset int
}

func (s *Store) customerQuery(companyID uuid.UUID, f CustomerFilter) (customerQuery, error) {
	order, ok := customerOrders[f.SortBy]
	if !ok {
		return customerQuery{}, fmt.Errorf("unknown order %q", f.SortBy)
	}
	// Half of what there is leaves room to compute with, and is past every end.
	q := customerQuery{Store: s, filter: f, company: companyID, order: order, limit: max(1, f.Limit), offset: math.MaxInt / 2}
	if before := max(0, f.Page-1); before <= q.offset/q.limit {
		q.offset = before * q.limit
	}
	return q, nil
}

// counted reads a list whose total the database has counted already: counting
// the rows costs 25 times what the page costs at 100,000 of them.
func (q customerQuery) counted(ctx context.Context) ([]Customer, int, error) {
	count := fragment{"SELECT CAST(coalesce(sum(" + q.filter.counters() + "), 0) AS bigint) FROM customer_counts WHERE company_id = ?", []any{q.company}}
	if q.filter.Active == nil && q.offset < deepOffset {
		return q.fetch(ctx, q.walk(count, false, q.limit, q.offset), false)
	}
	var n struct{ Listed, Total int }
	counts := fragment{
		"SELECT (" + count.text + ") AS listed, coalesce(sum(active + inactive), 0) AS total FROM customer_counts WHERE company_id = ?",
		[]any{q.company, q.company},
	}
	err := q.query(ctx, q.read, "customer_counts", counts, func(r row) error {
		return r.Scan(&n.Listed, &n.Total)
	})
	if err != nil {
		return nil, 0, err
	}
	// On the way to the page's end a walk passes by those of the other activity.
	walked := (min(q.offset, n.Listed) + q.limit) * n.Total / max(1, n.Listed)
	if q.filter.Active != nil && n.Listed <= min(walked/2, fewCustomers) {
		return q.fetch(ctx, q.few(), true)
	}
	if q.offset > n.Listed/2 {
		// Nearer to the end, so it is read from there.
		after := max(0, n.Listed-q.offset-q.limit)
		customers, total, err := q.fetch(ctx, q.walk(count, true, n.Listed-q.offset-after, after), false)
		if err != nil || total == n.Listed {
			return customers, total, err
		}
		// The list is not as long as it was a moment ago.
	}
	return q.fetch(ctx, q.walk(count, false, q.limit, q.offset), false)
}

// matching reads a list with a text filter. How many match is not known, so it
// begins as if they were few.
func (q customerQuery) matching(ctx context.Context) ([]Customer, int, error) {
	customers, total, err := q.fetch(ctx, q.few(), true)
	if err != nil || total <= fewCustomers {
		return customers, total, err
	}
	return q.fetch(ctx, q.walk(q.count(), false, q.limit, q.offset), true)
}

// fetch runs a query. Where plans for one value and another differ much, PostgreSQL
// has to make one for these.
func (q customerQuery) fetch(ctx context.Context, page fragment, planned bool) ([]Customer, int, error) {
	if planned && q.dialect == dialectPostgres {
		page = planForValues(page)
	}
	var (
		customers []Customer
		c         Customer
		total     int
	)
	into := append([]any{&total, onPage{}}, shownFields(&c)...)
	err := q.query(ctx, q.read, "customers", page, func(r row) error {
		c = Customer{CompanyID: q.company}
		if err := r.Scan(into...); err != nil {
			return err
		}
		if customers == nil {
			customers = make([]Customer, 0, max(0, min(q.limit, total)))
		}
		customers = append(customers, c)
		return nil
	})
	if err != nil {
		return nil, 0, err
	}
	return customers, total, nil
}

// onPage ends the reading at a row without a customer: there is always a row to
// carry the total, and on an empty page it carries nothing else.
type onPage struct{}

// Scan implements sql.Scanner.
func (onPage) Scan(id any) error {
	if id == nil {
		return errNoMore
	}
	return nil
}

// ScanUUID implements pgtype.UUIDScanner.
func (onPage) ScanUUID(id pgtype.UUID) error {
	if !id.Valid {
		return errNoMore
	}
	return nil
}

func (f CustomerFilter) counters() string {
	switch {
	case f.Active == nil:
		return "active + inactive"
	case *f.Active:
		return "active"
	default:
		return "inactive"
	}
}
