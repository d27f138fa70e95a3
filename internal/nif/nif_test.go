package nif

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestParseAccepts(t *testing.T) {
	tests := []struct {
		name string
		kind Kind
		nifs string
	}{
		{"identity cards", DNI, "12345678Z 00000000T 00000001R 99999999R"},
		{"foreigners' numbers under all three letters", NIE, "X1234567L Y1234567X Z1234567R X0000000T"},
		{"companies with a control digit", Entity, "B12345674 A58818501 A28015865 A39000013 E12345674 H12345674 B00000000"},
		{"public and foreign bodies with a control letter", Entity, "Q2826000H P2807900B S7800001E N0032484H R2800001F W0012008I"},
		{"other entities with either form", Entity, "C12345674 C1234567D D12345674 F1234567D G28029643 G2802964C J12345674 U1234567D V12345674"},
		{"K, L and M by the rule of people", Special, "K1234567L L0000000T M0000001R"},
		{"K, L and M by the rule of entities", Special, "K1234567D L0000000J M0000001H"},
		{"K where both rules ask for the same letter", Special, "K0000080B"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for s := range strings.FieldsSeq(tt.nifs) {
				if kind, err := Parse(s); kind != tt.kind || err != nil {
					t.Errorf("Parse(%q) = %q, %v; want %q", s, kind, err, tt.kind)
				}
			}
		})
	}
}

func TestParseNamesTheExpectedControl(t *testing.T) {
	tests := []struct{ name, nif, want string }{
		{"one letter for an identity card", "12345678A", "Z"},
		{"one letter for a foreigner", "X1234567X", "L"},
		{"one digit for a company", "B12345678", "4"},
		{"a digit even when the letter fits", "B1234567D", "4"},
		{"one letter for a public body", "Q28260001", "H"},
		{"a letter even when the digit fits", "Q28260008", "H"},
		{"both forms when either will do", "G12345670", "4 or D"},
		{"both rules for K, L and M", "K1234567A", "L or D"},
		{"both rules for K, L and M ending in a digit", "M12345674", "L or D"},
		{"one letter when both rules agree", "K0000080A", "B"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			kind, err := Parse(tt.nif)
			var control *ControlError
			if !errors.As(err, &control) {
				t.Fatalf("Parse(%q) = %q, %v; want a *ControlError", tt.nif, kind, err)
			}
			if diff := cmp.Diff(&ControlError{Want: tt.want}, control); diff != "" {
				t.Errorf("control (-want +got):\n%s", diff)
			}
			if msg := err.Error(); !strings.Contains(msg, tt.want) || strings.Contains(msg, tt.nif[:8]) {
				t.Errorf("message %q must name %q and not the number", msg, tt.want)
			}
			if kind != "" {
				t.Errorf("kind = %q beside an error", kind)
			}
			if _, err := CheckShape(tt.nif); err != nil {
				t.Errorf("CheckShape(%q) = %v; the shape is right", tt.nif, err)
			}
		})
	}
}

func TestParseRefusesTheShape(t *testing.T) {
	tests := []struct{ name, nif string }{
		{"empty", ""},
		{"eight characters", "1234567L"},
		{"ten characters", "12345678ZZ"},
		{"lower case", "12345678z"},
		{"lower-case first letter", "b12345674"},
		{"separators", "12345678-Z"},
		{"surrounding space", " 2345678Z"},
		{"country prefix", "ESB12345674"},
		{"nine digits", "123456789"},
		{"foreigner ending in a digit", "X12345674"},
		{"letters that open no number", "I12345674"},
		{"letter among the digits", "B1234O674"},
		{"punctuation as control", "B1234567/"},
		{"accented letter", "Ñ1234567"},
		{"digits of another script", "١١١١J"},
		{"NUL at the end", "B1234567\x00"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			if kind, err := Parse(tt.nif); kind != "" || !errors.Is(err, ErrFormat) {
				t.Errorf("Parse(%q) = %q, %v; want ErrFormat", tt.nif, kind, err)
			}
			if kind, err := CheckShape(tt.nif); kind != "" || !errors.Is(err, ErrFormat) {
				t.Errorf("CheckShape(%q) = %q, %v; want ErrFormat", tt.nif, kind, err)
			}
		})
	}
}

func TestAcceptingAllocatesNothing(t *testing.T) {
	for _, s := range []string{"12345678Z", "Z1234567R", "B12345674", "G2802964C", "K1234567D"} {
		if n := testing.AllocsPerRun(100, func() { _, _ = Parse(s) }); n != 0 {
			t.Errorf("Parse(%q) allocates %v times", s, n)
		}
	}
}

func BenchmarkParse(b *testing.B) {
	for _, s := range []string{"12345678Z", "B12345674", "K1234567D"} {
		b.Run(s, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Parse(s); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
