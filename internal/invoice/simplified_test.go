package invoice

import "testing"

func TestFitsSimplified(t *testing.T) {
	tests := []struct {
		name   string
		line   Line
		hasNIF bool
		want   bool
	}{
		{"400 € without a tax number, tax included", line("1", "400", "0", "0", "0", "0"), false, true},
		{"a cent more", line("1", "400.01", "0", "0", "0", "0"), false, false},
		{"a base under the limit whose tax passes it", line("1", "330.59", "0", "21", "0", "0"), false, false},
		{"IRPF does not make room", line("1", "400", "0", "21", "0", "24"), false, false},
		{"3000 € with a tax number", line("1", "3000", "0", "0", "0", "0"), true, true},
		{"a cent more with one", line("1", "3000.01", "0", "0", "0", "0"), true, false},
		{"a credited amount", line("-1", "5000", "0", "21", "0", "0"), false, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			_, totals := Compute([]Line{tt.line})
			if got := totals.FitsSimplified(tt.hasNIF); got != tt.want {
				t.Errorf("base %s, VAT %s: %v", totals.TaxableBase, totals.TotalVAT, got)
			}
		})
	}
}
