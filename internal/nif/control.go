package nif

import "strings"

// controls returns the two control characters s may end with, which are equal
// when there is only one. It reads s up to the control character itself and
// relies on its shape.
func controls(kind Kind, s string) (first, second byte) {
	switch kind {
	case DNI, NIE:
		letter := personLetter(s)
		return letter, letter
	case Special:
		// The decree asks for a letter without saying how to derive it, and
		// published validators are split between these two rules.
		_, letter := entityControls(s)
		return personLetter(s), letter
	default:
		digit, letter := entityControls(s)
		switch {
		case strings.IndexByte(digitEntities, s[0]) >= 0:
			return digit, digit
		case strings.IndexByte(letterEntities, s[0]) >= 0:
			return letter, letter
		}
		return digit, letter
	}
}

// personLetter derives the control letter of a person's number: the remainder
// by 23 picks it. X, Y and Z stand for a leading 0, 1 and 2; K, L and M for
// nothing.
func personLetter(s string) byte {
	const letters = "TRWAGMYFPDXBNJZSQVHLCKE"
	number := 0
	switch first := s[0]; {
	case isDigit(first):
		number = int(first - '0')
	case first >= 'X':
		number = int(first - 'X')
	}
	for i := 1; i < 8; i++ {
		number = number*10 + int(s[i]-'0')
	}
	return letters[number%len(letters)]
}

// entityControls derives both forms of an entity's control character from its
// seven digits, by Luhn's sum: every other digit is doubled, beginning with the
// first, and the digits of the results are added up. The first letter plays no
// part.
func entityControls(s string) (digit, letter byte) {
	const letters = "JABCDEFGHI"
	sum := 0
	for i := 1; i < 8; i++ {
		d := int(s[i] - '0')
		if i%2 == 1 {
			d *= 2
		}
		sum += d/10 + d%10
	}
	control := (10 - sum%10) % 10
	return '0' + byte(control), letters[control]
}
