package gen_test

import (
	"reflect"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/panal/panal/gen"
)

func TestSpecIsWhatTheLibraryReads(t *testing.T) {
	want, err := gen.GetSpec()
	if err != nil {
		t.Fatal(err)
	}
	got, err := gen.Spec()
	if err != nil {
		t.Fatal(err)
	}
	everything := cmp.Exporter(func(reflect.Type) bool { return true })
	if diff := cmp.Diff(want, got, everything); diff != "" {
		t.Errorf("the contract is read differently (-GetSpec +Spec):\n%s", diff)
	}
}
