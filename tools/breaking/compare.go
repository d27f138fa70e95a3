package main

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/oasdiff/oasdiff/checker"
	"github.com/oasdiff/oasdiff/diff"
	specs "github.com/oasdiff/oasdiff/load"
)

const advice = `Programs written for the released contract may fail on these. Keep what they rely
on (new things beside the old, optional, with defaults), or raise the first number
of info.version in openapi.yaml and say in the release's notes what to change.`

// compare fails with a list of what breaks, errors and warnings alike, unless the
// contract has a higher major version.
func compare(released, contract []byte) error {
	from, err := load(released)
	if err != nil {
		return fmt.Errorf("released contract: %w", err)
	}
	to, err := load(contract)
	if err != nil {
		return fmt.Errorf("contract: %w", err)
	}
	before, err := major(from)
	if err != nil {
		return err
	}
	after, err := major(to)
	if err != nil {
		return err
	}
	report, sources, err := diff.GetWithOperationsSourcesMap(diff.NewConfig(), from, to)
	if err != nil {
		return fmt.Errorf("compare: %w", err)
	}
	changes := checker.CheckBackwardCompatibility(checker.NewConfig(checker.GetAllChecks()), report, sources)
	if len(changes) == 0 || after > before {
		fmt.Printf("breaking changes from %s to %s: %d\n", from.GetVersion(), to.GetVersion(), len(changes))
		return nil
	}
	var text strings.Builder
	fmt.Fprintf(&text, "breaking changes from %s to what calls itself %s:\n\n", from.GetVersion(), to.GetVersion())
	for _, change := range changes {
		text.WriteString(change.SingleLineError(checker.NewDefaultLocalizer(), checker.ColorNever) + "\n")
	}
	return errors.New(text.String() + "\n" + advice)
}

// load parses a contract and merges what stands in allOf, where the comparison would
// not look for properties that are gone.
func load(contract []byte) (*specs.SpecInfo, error) {
	info, err := specs.NewSpecInfoFromData(openapi3.NewLoader(), contract, "openapi.yaml", specs.WithFlattenAllOf())
	if err != nil {
		return nil, fmt.Errorf("load: %w", err)
	}
	return info, nil
}

func major(contract *specs.SpecInfo) (int, error) {
	number, _, _ := strings.Cut(contract.GetVersion(), ".")
	n, err := strconv.Atoi(number)
	if err != nil {
		return 0, fmt.Errorf("info.version %q does not begin with a number", contract.GetVersion())
	}
	return n, nil
}
