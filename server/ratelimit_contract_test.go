package server

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestNewOperationLimit(t *testing.T) {
	parse := func(text string) (*operationLimit, error) {
		var extension any
		if err := json.Unmarshal([]byte(text), &extension); err != nil {
			t.Fatal(err)
		}
		return newOperationLimit(extension)
	}
	for text, want := range map[string]*operationLimit{
		`null`:                          nil,
		`{"requests":3,"seconds":3600}`: {requests: 3, window: time.Hour},
		`{"requests":1,"seconds":1}`:    {requests: 1, window: time.Second},
	} {
		got, err := parse(text)
		if err != nil {
			t.Errorf("%s: %v", text, err)
		}
		if diff := cmp.Diff(want, got, cmp.AllowUnexported(operationLimit{})); diff != "" {
			t.Errorf("%s: %s", text, diff)
		}
	}
	// A limit that is not understood must not be one that does not count.
	for _, text := range []string{
		`3`, `"3/h"`, `{}`, `{"requests":3}`, `{"seconds":3600}`, `{"requests":0,"seconds":60}`, `{"requests":3,"seconds":0}`, `{"requests":-3,"seconds":60}`,
		`{"requests":1.5,"seconds":60}`, `{"requests":3,"seconds":0.5}`, `{"requests":"3","seconds":60}`, `{"requests":3,"seconds":60,"burst":2}`,
	} {
		if got, err := parse(text); err == nil {
			t.Errorf("%s is taken for %v", text, got)
		}
	}
}
