package store

import (
	"strconv"
	"strings"
)

// fragment is a piece of a statement with the values of its placeholders.
type fragment struct {
	text string
	args []any
}

// join strings pieces together and keeps their values in step.
func join(separator string, pieces ...fragment) fragment {
	var joined fragment
	texts := make([]string, len(pieces))
	for i, piece := range pieces {
		texts[i] = piece.text
		joined.args = append(joined.args, piece.args...)
	}
	joined.text = strings.Join(texts, separator)
	return joined
}

// The two ways to read a page differ in what they read first.
//
// few collects what matches, through the index that the filters allow, and
// sorts that. It stops after fewCustomers and one: the total is then not the
// real one but says that this was the wrong way.
func (q customerQuery) few() fragment {
	source, condition := q.candidates()
	found := join(" ", fragment{text: "found AS MATERIALIZED (SELECT customers.id AS page_id, " + q.order + " AS page_key FROM " + source.text, args: source.args},
		fragment{text: "WHERE"}, condition, fragment{"LIMIT ?)", []any{fewCustomers + 1}})
	return q.statement(
		join(", ", found, fragment{text: "counted AS (SELECT count(*) AS total FROM found)"}),
		fragment{"SELECT page_id, page_key FROM found ORDER BY " + q.by("page_key", "page_id", q.filter.Descending) + " LIMIT ? OFFSET ?", []any{q.limit, q.offset}})
}

// walk reads the index of the order, leaving out what does not match, until the
// page is full. The page's ids come first and its rows after, so the rows that
// an offset skips are not read. A limit of 0 or less is an empty page.
func (q customerQuery) walk(count fragment, backwards bool, limit, offset int) fragment {
	limit = max(0, limit)
	descending := q.filter.Descending != backwards
	page := join(" ", fragment{text: "SELECT id AS page_id, " + q.order + " AS page_key FROM customers WHERE"}, q.conditions(false),
		fragment{text: "ORDER BY " + q.by(q.order, "id", descending)})
	window := fragment{"LIMIT ? OFFSET ?", []any{limit, offset}}
	if q.dialect == dialectPostgres && !q.filter.hasText() && limit+offset <= nearCustomers {
		page = join("", fragment{text: "SELECT page_id, page_key FROM ("}, page,
			fragment{text: " LIMIT " + strconv.Itoa(nearCustomers) + ") AS near ORDER BY " + q.by("page_key", "page_id", descending)})
		window.text = "LIMIT (SELECT CAST(? AS bigint)) OFFSET (SELECT CAST(? AS bigint))"
	}
	return q.statement(fragment{"counted AS MATERIALIZED (SELECT (" + count.text + ") AS total)", count.args}, join(" ", page, window))
}

// count counts what matches, row by row.
func (q customerQuery) count() fragment {
	return join(" ", fragment{text: "SELECT count(*) FROM " + q.table() + " WHERE"}, q.conditions(true))
}

// statement adds the rows of a page's ids, and the total to each of them.
func (q customerQuery) statement(with, page fragment) fragment {
	// PostgreSQL would expect a page of any size and read the whole table for
	// it; what has a limit of its own it asks for each id.
	rows := "LEFT JOIN LATERAL (SELECT " + shownColumns + " FROM customers WHERE company_id = ? AND id = page_id LIMIT 1) AS customers ON true"
	if q.dialect == dialectSQLite {
		rows = "LEFT JOIN customers ON company_id = ? AND id = page_id"
	}
	return join(" ",
		fragment{text: "WITH"}, with,
		fragment{text: "SELECT total, page_id, " + shownColumns + " FROM counted LEFT JOIN ("}, page,
		fragment{text: ") AS page ON true"}, fragment{rows, []any{q.company}},
		fragment{text: "ORDER BY " + q.by("page_key", "page_id", q.filter.Descending)})
}

func (q customerQuery) by(key, id string, descending bool) string {
	if descending {
		return key + " DESC, " + id + " DESC"
	}
	return key + ", " + id
}
