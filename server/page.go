package server

import "github.com/panal/panal/gen"

// page is what a caller asked to see of a list. The contract bounds both numbers.
type page struct{ number, limit int }

func pageOf(number *gen.Page, limit *gen.Limit) page {
	p := page{number: 1, limit: 20}
	if number != nil {
		p.number = *number
	}
	if limit != nil {
		p.limit = *limit
	}
	return p
}

// pagination says where the page stands among total items. An empty list has no
// pages at all.
func (p page) pagination(total int) gen.Pagination {
	pages := (total + p.limit - 1) / p.limit
	return gen.Pagination{
		CurrentPage:  p.number,
		TotalPages:   int64(pages),
		TotalItems:   int64(total),
		ItemsPerPage: p.limit,
		HasNext:      p.number < pages,
		HasPrevious:  p.number > 1,
	}
}
