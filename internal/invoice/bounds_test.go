package invoice

import (
	"strings"
	"testing"
)

func TestFits(t *testing.T) {
	tests := []struct {
		name, number  string
		whole, places int32
		want          bool
	}{
		{"the largest that fits", "999999.9999", 6, 4, true},
		{"the smallest that fits", "-999999.9999", 6, 4, true},
		{"one digit too many before the point", "1000000", 6, 4, false},
		{"the same below zero", "-1000000", 6, 4, false},
		{"one digit too many after it", "0.00001", 6, 4, false},
		{"trailing zeros do not count", "1.500000000", 6, 4, true},
		{"zero", "0", 1, 0, true},
		{"an exponent that stays small", "1.5e3", 4, 0, true},
		{"more digits than are worth reading", strings.Repeat("9", 200), 300, 0, false},
		{"a huge number", "1e10000", 6, 4, false},
		{"a minute number", "1e-10000", 6, 4, false},
		{"zero at a minute scale", "0e-10000", 6, 4, false},
		{"zero at a huge scale", "0e10000", 6, 4, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if got := Fits(dec(tt.number), tt.whole, tt.places); got != tt.want {
				t.Errorf("Fits(%s, %d, %d) = %v", tt.number, tt.whole, tt.places, got)
			}
		})
	}
}
