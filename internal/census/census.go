// Package census asks whether a Spanish tax number is registered, and with which
// name. The tax agency's own service takes a certificate that the operator has and
// this program does not, so Client speaks a small protocol of ours to whatever the
// operator puts in front of it; Sandbox makes its answers up.
package census

import (
	"context"
	"errors"
)

// Provider knows the census.
type Provider interface {
	// Validate takes a well-formed number, and the name where the caller has one.
	// It fails with ErrUnreachable where asking again later may help, with the
	// context's error if that was cancelled, and else because the census failed.
	Validate(ctx context.Context, nif, name string) (Result, error)
}

// Status is what the census says of a number and a name, in its own words.
type Status string

// The words of the census.
const (
	Identified    Status = "IDENTIFIED"
	NotIdentified Status = "NOT_IDENTIFIED"
	Similar       Status = "NOT_IDENTIFIED_SIMILAR"  // registered with a name that is nearly this one
	Deregistered  Status = "IDENTIFIED_DEREGISTERED" // may receive invoices and not issue any
	Revoked       Status = "IDENTIFIED_REVOKED"      // may do neither
)

// Result is an answer of the census; the name is empty where it gives none.
type Result struct {
	Status    Status
	LegalName string
}

// ErrUnreachable says that the census could not be asked.
var ErrUnreachable = errors.New("the census could not be reached")
