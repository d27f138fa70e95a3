package store

import (
	"strings"
	"unicode/utf8"
)

// customerDocument is the expression of customers_search_idx, to the letter,
// and what SQLite's triggers index. A part of any of the columns is a part of it.
const customerDocument = "(lower(coalesce(nif, '') || ' ' || coalesce(phone, '')) || ' ' || legal_name_fold || ' ' || email_fold)"

// The columns that text filters look into, folded.
const (
	nifFold   = "lower(coalesce(nif, ''))"
	phoneFold = "lower(coalesce(phone, ''))"
)

type partFilter struct {
	term    string
	columns []string
}

// parts are the filters for a part of a column. Folding can leave nothing of a
// term, which is then part of everything.
func (f CustomerFilter) parts() []partFilter {
	var given []partFilter
	for _, p := range []partFilter{
		{f.Search, []string{"legal_name_fold", nifFold, "email_fold"}},
		{f.LegalName, []string{"legal_name_fold"}},
		{f.NIF, []string{nifFold}},
		{f.Email, []string{"email_fold"}},
		{f.Phone, []string{phoneFold}},
	} {
		if p.term != "" {
			given = append(given, partFilter{fold(p.term), p.columns})
		}
	}
	return given
}

func (f CustomerFilter) hasText() bool {
	return f.City != "" || f.Province != "" || len(f.parts()) > 0
}

// conditions are what a customer has to meet. Where indexed is false, they are
// written so that the order's index is read and not theirs: without what the
// trigrams are for, and on SQLite with the unary plus that hides a column from
// its planner. PostgreSQL's knows how common a city is.
func (q customerQuery) conditions(indexed bool) fragment {
	hidden := ""
	if !indexed && q.dialect == dialectSQLite {
		hidden = "+"
	}
	all := []fragment{{"customers.company_id = ? AND deleted_at IS NULL", []any{q.company}}}
	if a := q.filter.Active; a != nil {
		all = append(all, fragment{hidden + "active = ?", []any{*a}})
	}
	if q.filter.City != "" {
		all = append(all, fragment{hidden + "city_fold = ?", []any{fold(q.filter.City)}})
	}
	if q.filter.Province != "" {
		all = append(all, fragment{hidden + "province_fold = ?", []any{fold(q.filter.Province)}})
	}
	contains := "instr("
	if q.dialect == dialectPostgres {
		contains = "strpos("
	}
	for _, part := range q.filter.parts() {
		either := make([]fragment, len(part.columns))
		for i, column := range part.columns {
			either[i] = fragment{contains + column + ", ?) > 0", []any{part.term}}
		}
		all = append(all, join("", fragment{text: "("}, join(" OR ", either...), fragment{text: ")"}))
		if indexed && q.dialect == dialectPostgres && trigrams(part.term) != nil {
			all = append(all, fragment{customerDocument + " LIKE ?", []any{"%" + likeLiteral.Replace(part.term) + "%"}})
		}
	}
	return join(" AND ", all...)
}

var likeLiteral = strings.NewReplacer(`\`, `\\`, `%`, `\%`, `_`, `\_`)

// candidates are the rows that few looks at and what they have to meet. On
// SQLite the trigrams come first, if the filters have any.
func (q customerQuery) candidates() (source, condition fragment) {
	condition = q.conditions(true)
	var match []string
	if q.dialect == dialectSQLite {
		for _, part := range q.filter.parts() {
			match = append(match, trigrams(part.term)...)
		}
	}
	if match == nil {
		return fragment{text: q.table()}, condition
	}
	// CROSS JOIN is SQLite's way to say in which order tables are to be read.
	source = fragment{text: "customer_trigrams" +
		" CROSS JOIN customer_documents AS d ON d.document = customer_trigrams.rowid" +
		" CROSS JOIN customers ON customers.company_id = d.company_id AND customers.id = d.id"}
	within := fragment{
		"customer_trigrams MATCH ? AND d.company_id = ?" +
			" AND customer_trigrams.rowid BETWEEN (SELECT min(document) FROM customer_documents WHERE company_id = ?)" +
			" AND (SELECT max(document) FROM customer_documents WHERE company_id = ?)",
		[]any{strings.Join(match, " AND "), q.company, q.company, q.company},
	}
	return source, join(" AND ", within, condition)
}

// table is customers as a filter reads them. Where no index helps the filter, SQLite
// takes whichever is for the company, and from most of them it finds the rows in
// no order, a page of the file for each: five times as long at a million. By id they
// lie as they were created.
func (q customerQuery) table() string {
	f := q.filter
	if q.dialect == dialectPostgres || f.Active != nil || f.City != "" || f.Province != "" {
		return "customers"
	}
	return "customers INDEXED BY customers_live_key"
}

// trigrams are pieces of three letters that together cover a term, quoted for
// FTS5, or nil if the term is shorter. They need not overlap: they only have to
// rule most customers out.
func trigrams(term string) []string {
	letters := []rune(term)
	if len(letters) < 3 || !utf8.ValidString(term) {
		return nil
	}
	var pieces []string
	for start := 0; start < len(letters); start += 3 {
		piece := string(letters[min(start, len(letters)-3):][:3])
		pieces = append(pieces, `"`+strings.ReplaceAll(piece, `"`, `""`)+`"`)
	}
	return pieces
}
