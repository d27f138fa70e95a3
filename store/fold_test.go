package store

import (
	"strings"
	"testing"
	"unicode"

	"golang.org/x/text/unicode/norm"
	"pgregory.net/rapid"
)

func TestFold(t *testing.T) {
	for text, want := range map[string]string{
		"": "", "García": "garcia", "GARCÍA": "garcia", "Muñoz": "munoz", "MUÑOZ": "munoz", "Mun\u0303oz": "munoz",
		"Álvarez, S.L.": "alvarez, s.l.", "Güell": "guell", "Cançons": "cancons", "L·lull": "l·lull", "STRAẞE": "straße", "ꭰᎠ": "ꭰꭰ",
		"İSTANBUL": "istanbul", "Ångström": "angstrom", "日本": "日本", "A1 B-2": "a1 b-2", "a@B.com": "a@b.com",
	} {
		if got := fold(text); got != want {
			t.Errorf("fold(%q) = %q, want %q", text, got, want)
		}
	}
}

func TestFoldLosesOnlyCaseAndMarks(t *testing.T) {
	t.Run("folding twice is folding once", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			once := fold(rapid.String().Draw(t, "text"))
			if twice := fold(once); twice != once {
				t.Fatalf("%q, then %q", once, twice)
			}
		})
	})
	t.Run("the form in which accents are written does not matter", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			s := rapid.String().Draw(t, "text")
			if c, d := fold(norm.NFC.String(s)), fold(norm.NFD.String(s)); c != d {
				t.Fatalf("%q and %q", c, d)
			}
		})
	})
	t.Run("no mark is left, and ASCII is only lowered", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			if s := fold(rapid.String().Draw(t, "text")); strings.ContainsFunc(s, func(r rune) bool { return unicode.Is(unicode.Mn, r) }) {
				t.Fatalf("%q", s)
			}
			ascii := rapid.StringMatching(`[ -~]*`).Draw(t, "ascii")
			if got := fold(ascii + "é"); got != strings.ToLower(ascii)+"e" {
				t.Fatalf("%q", got)
			}
		})
	})
}

func BenchmarkFold(b *testing.B) {
	for name, text := range map[string]string{"ascii": "Panaderia Garcia e Hijos", "accents": "Panadería García e Hijos"} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				fold(text)
			}
		})
	}
}
