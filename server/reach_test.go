package server_test

import (
	"flag"
	"fmt"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// reached has every operation and status that a test has seen.
var reached sync.Map

type reach struct {
	operation string
	status    int
}

// shape is what all errors of a kind have in common.
func (e errorOf) shape() string {
	return e.Code + ": " + e.Message + " " + strings.Join(slices.Sorted(maps.Keys(e.Details)), ",")
}

// answered has the shape of every error that a test has seen, and every code of a
// response.
var answered sync.Map

// everyTestRan reports whether what the tests have seen is all that they can see.
func everyTestRan() bool {
	for _, name := range []string{"test.run", "test.skip", "test.list", "test.fuzz"} {
		if flag.Lookup(name).Value.String() != "" {
			return false
		}
	}
	return true
}

// reportUnreached fails the test process for every declared status of an
// operation, and for every code and example of an error, that no test has provoked.
func reportUnreached() int {
	doc, err := document()
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	code := 0
	for name, response := range doc.Components.Responses {
		for _, errorCode := range errorCodes(response.Value) {
			if _, ok := answered.Load("#/components/responses/" + name + " " + errorCode); !ok {
				fmt.Fprintf(os.Stderr, "FAIL: no test has seen %s answer %s\n", name, errorCode)
				code = 1
			}
		}
		examples, err := errorExamples(response.Value)
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			return 1
		}
		for example, e := range examples {
			if _, ok := answered.Load(e.shape()); !ok {
				fmt.Fprintf(os.Stderr, "FAIL: no test has seen the example %s of %s: %s\n", example, name, e.shape())
				code = 1
			}
		}
	}
	for _, item := range doc.Paths.Map() {
		for _, op := range item.Operations() {
			for text := range op.Responses.Map() {
				status, err := strconv.Atoi(text)
				if _, ok := reached.Load(reach{op.OperationID, status}); !ok || err != nil {
					fmt.Fprintf(os.Stderr, "FAIL: no test has reached %s of %s\n", text, op.OperationID)
					code = 1
				}
			}
		}
	}
	return code
}
