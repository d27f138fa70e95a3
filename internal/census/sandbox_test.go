package census

import (
	"errors"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestSandbox(t *testing.T) {
	t.Parallel()
	for number, want := range map[string]Result{
		"B00000000": {Status: NotIdentified},
		"00000000T": {Status: NotIdentified},
		"12345678Z": {Identified, "Ana"},
		"B12345674": {Identified, "Ana"},
		"X1234567L": {Identified, "Ana"},
	} {
		got, err := Sandbox{}.Validate(t.Context(), number, "Ana")
		if err != nil {
			t.Errorf("%s: %v", number, err)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("%s: %s", number, diff)
		}
	}
	if got, err := (Sandbox{}).Validate(t.Context(), "B12345674", ""); err != nil || got.LegalName == "" {
		t.Errorf("without a name: %v, %v; want one", got, err)
	}
	for number, unreachable := range map[string]bool{"B12345984": true, "12345698A": true, "B12345994": false, "99999999R": false} {
		if got, err := (Sandbox{}).Validate(t.Context(), number, "Ana"); err == nil || errors.Is(err, ErrUnreachable) != unreachable {
			t.Errorf("%s: %v, %v; want unreachable %v", number, got, err, unreachable)
		}
	}
}
