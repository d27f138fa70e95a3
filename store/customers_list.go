package store

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/google/uuid"
	"gorm.io/gorm"
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
)

// ListCustomers returns a page of the live customers that match and how many
// there are in all. Page and total come from one statement, so they agree.
func (s *Store) ListCustomers(ctx context.Context, companyID uuid.UUID, f CustomerFilter) ([]Customer, int, error) {
	q, err := s.customerQuery(companyID, f)
	if err != nil {
		return nil, 0, fmt.Errorf("store: list customers: %w", err)
	}
	list := q.matching
	if !f.hasText() {
		list = q.counted
	}
	customers, total, err := list(s.read.WithContext(ctx))
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
func (q customerQuery) counted(db *gorm.DB) ([]Customer, int, error) {
	count := fragment{"SELECT coalesce(sum(" + q.filter.counters() + "), 0) FROM customer_counts WHERE company_id = ?", []any{q.company}}
	if q.filter.Active == nil && q.offset < deepOffset {
		return q.read(db, q.walk(count, false, q.limit, q.offset), false)
	}
	var n struct{ Listed, Total int }
	err := db.Raw("SELECT ("+count.text+") AS listed, coalesce(sum(active + inactive), 0) AS total FROM customer_counts WHERE company_id = ?",
		q.company, q.company).Scan(&n).Error
	if err != nil {
		return nil, 0, err
	}
	// On the way to the page's end a walk passes by those of the other activity.
	walked := (min(q.offset, n.Listed) + q.limit) * n.Total / max(1, n.Listed)
	if q.filter.Active != nil && n.Listed <= min(walked/2, fewCustomers) {
		return q.read(db, q.few(), true)
	}
	if q.offset > n.Listed/2 {
		// Nearer to the end, so it is read from there.
		after := max(0, n.Listed-q.offset-q.limit)
		customers, total, err := q.read(db, q.walk(count, true, n.Listed-q.offset-after, after), false)
		if err != nil || total == n.Listed {
			return customers, total, err
		}
		// The list is not as long as it was a moment ago.
	}
	return q.read(db, q.walk(count, false, q.limit, q.offset), false)
}

// matching reads a list with a text filter. How many match is not known, so it
// begins as if they were few.
func (q customerQuery) matching(db *gorm.DB) ([]Customer, int, error) {
	customers, total, err := q.read(db, q.few(), true)
	if err != nil || total <= fewCustomers {
		return customers, total, err
	}
	return q.read(db, q.walk(q.count(), false, q.limit, q.offset), true)
}

// read runs a query. Where plans for one value and another differ much, PostgreSQL
// has to make one for these.
func (q customerQuery) read(db *gorm.DB, query fragment, planned bool) ([]Customer, int, error) {
	var rows []struct {
		Customer
		Total int
	}
	listing := db.Raw(query.text, query.args...)
	if planned && q.dialect == dialectPostgres {
		planForValues(listing)
	}
	if err := listing.Scan(&rows).Error; err != nil {
		return nil, 0, err
	}
	// There is always a row to carry the total; on an empty page it carries
	// nothing else.
	if len(rows) == 1 && rows[0].ID == uuid.Nil {
		return nil, rows[0].Total, nil
	}
	customers := make([]Customer, len(rows))
	for i := range rows {
		customers[i] = rows[i].Customer
	}
	return customers, rows[0].Total, nil
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

// columnsOf names the columns that GORM would select for a model, for a query
// that selects something more.
func columnsOf(db *gorm.DB, model any) (string, error) {
	statement := &gorm.Statement{DB: db}
	if err := statement.Parse(model); err != nil {
		return "", fmt.Errorf("columns: %w", err)
	}
	return strings.Join(statement.Schema.DBNames, ", "), nil
}
