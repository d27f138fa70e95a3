// Package altid says which kinds of identifier stand in for a Spanish tax number,
// and for whom. The kinds are those of the tax agency's list L7, which SII and
// VeriFactu share. It looks at kind and country only, never at the number.
package altid

import (
	"errors"
	"slices"
	"strings"
)

// Kind tells what document or register a number comes from.
type Kind string

// The kinds of identifier.
const (
	VAT                  Kind = "02" // a VAT number of another member state
	Passport             Kind = "03"
	CountryID            Kind = "04" // an identity document of the country of residence
	ResidenceCertificate Kind = "05"
	Other                Kind = "06"
	NotRegistered        Kind = "07" // a Spanish number that the census does not know
)

var (
	// ErrSpain says that the kind does not identify somebody in Spain, who has a
	// tax number, a passport or is not registered.
	ErrSpain = errors.New("must be 03 or 07 for Spain")
	// ErrSpainOnly says that only somebody in Spain can be missing in its census.
	ErrSpainOnly = errors.New("can be 07 for Spain only")
	// ErrUnion says that the country gives out no VAT numbers of the Union.
	ErrUnion = errors.New("can be 02 for EU member states other than Spain only")
)

// members are the states of the European Union other than Spain, by ISO 3166-1.
// Greece prefixes its VAT numbers with EL, and Northern Ireland trades goods as
// a part of the Union under XI: both are sent as countries, too.
var members = strings.Fields("AT BE BG CY CZ DE DK EE FI FR GR HR HU IE IT LT LU LV MT NL PL PT RO SE SI SK EL XI")

// Check reports whether somebody in a country, two capital letters, can be
// identified by a kind. An empty country is one that is not known: a VAT number
// needs none, since it begins with it. It fails with one of this package's errors.
func Check(kind Kind, country string) error {
	spain := country == "ES"
	switch {
	case kind == NotRegistered && !spain:
		return ErrSpainOnly
	case spain && kind != NotRegistered && kind != Passport:
		return ErrSpain
	case kind == VAT && country != "" && !slices.Contains(members, country):
		return ErrUnion
	}
	return nil
}
