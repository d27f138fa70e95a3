package altid

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// countries are all of ISO 3166-1, and the two codes that only VAT numbers have.
var countries = strings.Fields(`
	AD AE AF AG AI AL AM AO AQ AR AS AT AU AW AX AZ BA BB BD BE BF BG BH BI BJ BL BM BN BO BQ BR BS BT BV BW BY BZ
	CA CC CD CF CG CH CI CK CL CM CN CO CR CU CV CW CX CY CZ DE DJ DK DM DO DZ EC EE EG EH ER ES ET FI FJ FK FM FO FR
	GA GB GD GE GF GG GH GI GL GM GN GP GQ GR GS GT GU GW GY HK HM HN HR HT HU ID IE IL IM IN IO IQ IR IS IT
	JE JM JO JP KE KG KH KI KM KN KP KR KW KY KZ LA LB LC LI LK LR LS LT LU LV LY MA MC MD ME MF MG MH MK ML MM MN MO
	MP MQ MR MS MT MU MV MW MX MY MZ NA NC NE NF NG NI NL NO NP NR NU NZ OM PA PE PF PG PH PK PL PM PN PR PS PT PW PY
	QA RE RO RS RU RW SA SB SC SD SE SG SH SI SJ SK SL SM SN SO SR SS ST SV SX SY SZ TC TD TF TG TH TJ TK TL TM TN TO
	TR TT TV TW TZ UA UG UM US UY UZ VA VC VE VG VI VN VU WF WS YE YT ZA ZM ZW
	EL XI`)

// union was written down by year of accession, so that a slip in the package's
// alphabetical list is not repeated here.
var union = slices.Concat(
	strings.Fields("BE DE FR IT LU NL"),             // 1958
	strings.Fields("DK IE"),                         // 1973, when the United Kingdom joined as well
	strings.Fields("GR EL"),                         // 1981
	strings.Fields("PT"),                            // 1986, with Spain
	strings.Fields("AT FI SE"),                      // 1995
	strings.Fields("CY CZ EE HU LT LV MT PL SI SK"), // 2004
	strings.Fields("BG RO"),                         // 2007
	strings.Fields("HR"),                            // 2013
	strings.Fields("XI"),                            // for goods, since the United Kingdom left
)

func TestCheck(t *testing.T) {
	if n := len(slices.Compact(slices.Sorted(slices.Values(countries)))); n != 249+2 {
		t.Fatalf("%d countries, want those of ISO 3166-1 and two", n)
	}
	abroad := func(c string) bool { return c != "ES" }
	anywhere := func(string) bool { return true }
	tests := []struct {
		kind  Kind
		where string
		ok    func(country string) bool
		// for Spain and for elsewhere, where it is refused
		spain, elsewhere error
	}{
		{VAT, "the member states but Spain", func(c string) bool { return slices.Contains(union, c) }, ErrSpain, ErrUnion},
		{Passport, "everybody", anywhere, nil, nil},
		{CountryID, "everybody but Spaniards", abroad, ErrSpain, nil},
		{ResidenceCertificate, "everybody but Spaniards", abroad, ErrSpain, nil},
		{Other, "everybody but Spaniards", abroad, ErrSpain, nil},
		{NotRegistered, "Spaniards only", func(c string) bool { return c == "ES" }, nil, ErrSpainOnly},
	}
	for _, tt := range tests {
		t.Run(string(tt.kind)+" identifies "+tt.where, func(t *testing.T) {
			for _, country := range countries {
				var want error
				if !tt.ok(country) {
					want = tt.elsewhere
					if country == "ES" {
						want = tt.spain
					}
				}
				if err := Check(tt.kind, country); !errors.Is(err, want) {
					t.Errorf("%s: got %v, want %v", country, err, want)
				}
			}
		})
	}
}

func TestCheckWithoutACountry(t *testing.T) {
	for kind, want := range map[Kind]error{
		VAT: nil, Passport: nil, CountryID: nil, ResidenceCertificate: nil, Other: nil, NotRegistered: ErrSpainOnly,
	} {
		if err := Check(kind, ""); !errors.Is(err, want) {
			t.Errorf("%s: got %v, want %v", kind, err, want)
		}
	}
}

// A code that is no country's, and one that straddles two of the list.
func TestCheckTakesWholeCountriesOnly(t *testing.T) {
	for _, country := range []string{"EU", "UK", "ZZ", "T ", "TB", "be"} {
		if err := Check(VAT, country); !errors.Is(err, ErrUnion) {
			t.Errorf("%q: got %v, want %v", country, err, ErrUnion)
		}
	}
}
