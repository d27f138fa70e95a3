// Package nif checks Spanish tax numbers: first the shape, then the control
// character. It never asks a register, so an accepted number is well formed,
// not known to exist.
//
// A number is nine characters: a first one that tells the kind, seven digits,
// and a control character derived from what precedes it. nif.go holds the
// kinds and shapes, control.go the arithmetic.
//
// The kinds come from Real Decreto 1065/2007: article 19 for Spanish nationals
// (the DNI number, or K and L for those without one), article 20 for foreign
// nationals (the NIE, or M), article 22 for legal entities. Orden EHA/451/2008
// lists the entity letters and Orden INT/2058/2008 lets a NIE begin with Y and
// Z besides X.
package nif

import (
	"errors"
	"strings"
)

// Kind tells whom a tax number identifies.
type Kind string

// The kinds of tax number.
const (
	DNI     Kind = "DNI"     // a Spanish national, by the identity card
	NIE     Kind = "NIE"     // a foreign national
	Entity  Kind = "ENTITY"  // a company or any other organisation, once called CIF
	Special Kind = "SPECIAL" // a person with neither card: K, L and M
)

// ErrFormat says that a string does not have the shape of a tax number.
var ErrFormat = errors.New("not the shape of a Spanish tax number")

// ControlError says that a number has the right shape and the wrong control
// character.
type ControlError struct {
	// Want is the character the number should end with, or the two it may end
	// with, as in "4 or D".
	Want string
}

// Error names the expected character and leaves out the number itself, which
// is personal data and must be safe from logs.
func (e *ControlError) Error() string {
	return "wrong control character, expected " + e.Want
}

// The first letters of an entity, split by the control character they take.
// Published tables agree on the first two groups only, so the third may end in
// either.
const (
	digitEntities  = "ABEH"
	letterEntities = "NPQRSW"
	eitherEntities = "CDFGJUV"
)

// Parse returns the kind of a tax number in upper case and without separators.
// It fails with ErrFormat or with a *ControlError.
func Parse(s string) (Kind, error) {
	kind, err := CheckShape(s)
	if err != nil {
		return "", err
	}
	first, second := controls(kind, s)
	switch s[8] {
	case first, second:
		return kind, nil
	}
	want := string(first)
	if second != first {
		want += " or " + string(second)
	}
	return "", &ControlError{Want: want}
}

// CheckShape is Parse without the control character, for callers who must
// admit numbers that were mistyped long ago. It fails with ErrFormat only.
func CheckShape(s string) (Kind, error) {
	if len(s) != 9 || !allDigits(s[1:8]) {
		return "", ErrFormat
	}
	first, control := s[0], s[8]
	switch {
	case isDigit(first) && isUpper(control):
		return DNI, nil
	case 'X' <= first && first <= 'Z' && isUpper(control):
		return NIE, nil
	case !isDigit(control) && !isUpper(control):
		return "", ErrFormat
	case 'K' <= first && first <= 'M':
		return Special, nil
	case strings.IndexByte(digitEntities+letterEntities+eitherEntities, first) >= 0:
		return Entity, nil
	}
	return "", ErrFormat
}

func allDigits(s string) bool {
	for i := range len(s) {
		if !isDigit(s[i]) {
			return false
		}
	}
	return true
}

func isDigit(c byte) bool { return '0' <= c && c <= '9' }

func isUpper(c byte) bool { return 'A' <= c && c <= 'Z' }
