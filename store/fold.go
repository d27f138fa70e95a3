package store

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// fold is text as it is sorted and searched by: without case and without
// marks, so "García" and "GARCIA" are the same, and so are "Muñoz" and
// "munoz". It is done here and stored, because the two databases would not do
// it alike.
func fold(s string) string {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return strings.Map(foldRune, norm.NFD.String(s))
		}
	}
	return strings.ToLower(s)
}

// foldRune drops the marks that decomposing has set apart from their letters.
func foldRune(r rune) rune {
	if unicode.Is(unicode.Mn, r) {
		return -1
	}
	return unicode.ToLower(r)
}

func foldOptional(s *string) string {
	if s == nil {
		return ""
	}
	return fold(*s)
}
