package nif

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

var shape = regexp.MustCompile(`^(\d{8}[A-Z]|[ABCDEFGHJKLMNPQRSUVW]\d{7}[A-Z0-9]|[XYZ]\d{7}[A-Z])$`)

// personControl and entityControl derive the control characters a second time,
// in the way people do it on paper, so that a slip in the package is not
// repeated here.
func personControl(s string) byte {
	number := strings.NewReplacer("X", "0", "Y", "1", "Z", "2", "K", "", "L", "", "M", "").Replace(s[:8])
	n, err := strconv.Atoi(number)
	if err != nil {
		panic(err)
	}
	return "TRWAGMYFPDXBNJZSQVHLCKE"[n-n/23*23]
}

func entityControl(s string) (digit, letter byte) {
	doubled := map[byte]int{'0': 0, '1': 2, '2': 4, '3': 6, '4': 8, '5': 1, '6': 3, '7': 5, '8': 7, '9': 9}
	sum := doubled[s[1]] + doubled[s[3]] + doubled[s[5]] + doubled[s[7]]
	for _, c := range []byte{s[2], s[4], s[6]} {
		sum += int(c - '0')
	}
	for control := range 10 {
		if (sum+control)%10 == 0 {
			return "0123456789"[control], "JABCDEFGHI"[control]
		}
	}
	panic("unreachable: one of ten digits completes the sum")
}

// wantControls lists the control characters a well-shaped number may end with.
func wantControls(kind Kind, s string) string {
	digit, letter := byte(0), byte(0)
	if kind == Entity || kind == Special {
		digit, letter = entityControl(s)
	}
	switch {
	case kind == DNI || kind == NIE:
		return string(personControl(s))
	case kind == Special:
		return string([]byte{personControl(s), letter})
	case strings.ContainsAny(s[:1], "ABEH"):
		return string(digit)
	case strings.ContainsAny(s[:1], "NPQRSW"):
		return string(letter)
	}
	return string([]byte{digit, letter})
}

func FuzzParse(f *testing.F) {
	for _, s := range []string{"", "12345678Z", "X1234567L", "B12345674", "Q2826000H", "G2802964C", "K1234567L", "B1234567\x00", "Ñ1234567"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		kind, err := CheckShape(s)
		if shaped := shape.MatchString(s); shaped != (err == nil) {
			t.Fatalf("CheckShape(%q) = %v, the pattern says %v", s, err, shaped)
		}
		parsed, parseErr := Parse(s)
		if err != nil {
			if !errors.Is(parseErr, ErrFormat) {
				t.Fatalf("Parse(%q) = %v, want ErrFormat", s, parseErr)
			}
			return
		}
		if fits := strings.IndexByte(wantControls(kind, s), s[8]) >= 0; fits != (parseErr == nil) {
			t.Fatalf("Parse(%q) = %v, derived again: %v", s, parseErr, fits)
		}
		if parseErr == nil && parsed != kind {
			t.Fatalf("Parse(%q) = %q, CheckShape %q", s, parsed, kind)
		}
	})
}
