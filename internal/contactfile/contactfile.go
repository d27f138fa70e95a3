// Package contactfile reads contacts from the files that other programs export,
// and writes CSV files that spreadsheets open without doing anything else.
//
// csv.go finds the contacts in a CSV file, scanner.go the records, holded.go the
// contacts in an export of Holded; write.go has the one writer of CSV and the
// template. What is read is text and nothing more: whether it makes a customer
// is not decided here.
//
// Files come from strangers. A reader takes the whole file, so the caller's
// limit on its size bounds the memory; what could multiply it (columns, cells,
// compressed data) has bounds of its own here.
package contactfile

import (
	"errors"
	"fmt"
	"strings"
)

// Contact is a row of a file. A property that the row lacks is empty.
type Contact struct {
	// Line is where the row starts, counted from 1 as editors and spreadsheets do.
	Line int

	LegalName, NIF, Email, Phone, Notes        string
	Street, Number, PostalCode, City, Province string
	// Country is the name as it stands in the file and CountryCode the ISO code
	// that it was recognised as, empty if it was not.
	Country, CountryCode string
}

var (
	// ErrFormat says that the file is not one of the expected kind at all.
	ErrFormat = errors.New("not a file of the expected kind")
	// ErrEmpty says that the file has no contacts.
	ErrEmpty = errors.New("the file has no rows")
)

// EncodingError says that a line is not UTF-8.
type EncodingError struct{ Line int }

func (e *EncodingError) Error() string { return fmt.Sprintf("line %d is not UTF-8", e.Line) }

// SyntaxError says that the structure of a line is broken.
type SyntaxError struct{ Line int }

func (e *SyntaxError) Error() string { return fmt.Sprintf("line %d is broken", e.Line) }

// HeadersError names the required headers that are missing.
type HeadersError struct{ Missing []string }

func (e *HeadersError) Error() string { return "missing headers: " + strings.Join(e.Missing, ", ") }

// TooManyError says that a file has more rows than it may.
type TooManyError struct{ Count, Most int }

func (e *TooManyError) Error() string { return fmt.Sprintf("%d rows, at most %d", e.Count, e.Most) }

// maxColumns is more than any program exports.
const maxColumns = 200

func blank(cells []string) bool {
	for _, cell := range cells {
		if strings.TrimSpace(cell) != "" {
			return false
		}
	}
	return true
}
