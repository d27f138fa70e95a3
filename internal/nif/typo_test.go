package nif

import (
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

// valid draws a valid number of one of the kinds.
func valid(kinds ...Kind) *rapid.Generator[string] {
	firsts := map[Kind]string{DNI: "0123456789", NIE: "XYZ", Entity: "ABCDEFGHJNPQRSUVW", Special: "KLM"}
	return rapid.Custom(func(t *rapid.T) string {
		kind := rapid.SampledFrom(kinds).Draw(t, "kind")
		first := rapid.SampledFrom([]byte(firsts[kind])).Draw(t, "first")
		s := fmt.Sprintf("%c%07d", first, rapid.IntRange(0, 9_999_999).Draw(t, "digits"))
		return s + string(rapid.SampledFrom([]byte(wantControls(kind, s))).Draw(t, "control"))
	})
}

// eachSubstitution calls fn with s after every change of the byte at i.
func eachSubstitution(s string, i int, fn func(changed string)) {
	for c := range 256 {
		if byte(c) != s[i] {
			fn(s[:i] + string([]byte{byte(c)}) + s[i+1:])
		}
	}
}

func accepted(s string) bool {
	_, err := Parse(s)
	return err == nil
}

func TestOneWrongCharacter(t *testing.T) {
	t.Run("among the seven digits of a DNI, NIE or entity is always refused", rapid.MakeCheck(func(t *rapid.T) {
		s := valid(DNI, NIE, Entity).Draw(t, "nif")
		for i := 1; i < 8; i++ {
			eachSubstitution(s, i, func(changed string) {
				if accepted(changed) {
					t.Fatalf("%q passes for %q", changed, s)
				}
			})
		}
	}))

	t.Run("among the seven digits of K, L or M passes only from one rule to the other", rapid.MakeCheck(func(t *rapid.T) {
		s := valid(Special).Draw(t, "nif")
		control := s[8]
		_, entity := entityControl(s)
		byPerson, byEntity := control == personControl(s), control == entity
		for i := 1; i < 8; i++ {
			eachSubstitution(s, i, func(changed string) {
				if !isDigit(changed[i]) {
					if accepted(changed) {
						t.Fatalf("%q has a letter among its digits", changed)
					}
					return
				}
				_, entity := entityControl(changed)
				crosses := !byEntity && control == entity || !byPerson && control == personControl(changed)
				if accepted(changed) != crosses {
					t.Fatalf("%q for %q: accepted %v, crosses the rules %v", changed, s, !crosses, crosses)
				}
			})
		}
	}))

	t.Run("as the control of a DNI, NIE or one-form entity is always refused", rapid.MakeCheck(func(t *rapid.T) {
		s := valid(DNI, NIE, Entity).Filter(func(s string) bool {
			return strings.IndexByte(eitherEntities, s[0]) < 0
		}).Draw(t, "nif")
		eachSubstitution(s, 8, func(changed string) {
			if accepted(changed) {
				t.Fatalf("%q passes for %q", changed, s)
			}
		})
	}))

	t.Run("as the control elsewhere passes only as the other accepted form", rapid.MakeCheck(func(t *rapid.T) {
		s := valid(Entity, Special).Filter(func(s string) bool {
			return strings.IndexByte(eitherEntities+"KLM", s[0]) >= 0
		}).Draw(t, "nif")
		kind, _ := CheckShape(s)
		eachSubstitution(s, 8, func(changed string) {
			if other := strings.IndexByte(wantControls(kind, s), changed[8]) >= 0; accepted(changed) != other {
				t.Fatalf("%q for %q: accepted %v", changed, s, !other)
			}
		})
	}))

	t.Run("in front of a DNI or NIE never makes another one, but for X, Y, Z against 0, 1, 2", rapid.MakeCheck(func(t *rapid.T) {
		s := valid(DNI, NIE).Draw(t, "nif")
		plain := strings.NewReplacer("X", "0", "Y", "1", "Z", "2")
		eachSubstitution(s, 0, func(changed string) {
			kind, err := Parse(changed)
			same := plain.Replace(changed[:1]) == plain.Replace(s[:1])
			if err == nil && (kind == DNI || kind == NIE) && !same {
				t.Fatalf("%q passes for %q", changed, s)
			}
			if same && err != nil {
				t.Fatalf("%q and %q are one number by law: %v", changed, s, err)
			}
		})
	}))
}

// The control character of an entity does not cover its first letter, and no
// implementation can make it.
func TestFirstLetterOfAnEntityIsNotProtected(t *testing.T) {
	for _, s := range []string{"A12345674", "B12345674", "E12345674", "H12345674", "C12345674", "G12345674"} {
		if !accepted(s) {
			t.Errorf("%q refused", s)
		}
	}
}

func TestTwoSwappedNeighbours(t *testing.T) {
	t.Run("are always refused in a DNI or NIE, and in an entity unless they are 0 and 9", rapid.MakeCheck(func(t *rapid.T) {
		s := valid(DNI, NIE, Entity).Draw(t, "nif")
		kind, _ := CheckShape(s)
		for i := range 8 {
			a, b := s[i], s[i+1]
			if a == b {
				continue
			}
			swapped := s[:i] + string([]byte{b, a}) + s[i+2:]
			blind := kind == Entity && min(a, b) == '0' && max(a, b) == '9'
			if accepted(swapped) != blind {
				t.Fatalf("%q for %q: accepted %v", swapped, s, !blind)
			}
		}
	}))
}
