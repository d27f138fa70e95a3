package census

import (
	"context"
	"errors"
)

// Sandbox is the census of test keys. Its answers hang on the number alone and
// are a part of the contract, so that tests of clients can rely on them.
type Sandbox struct{}

var errSandbox = errors.New("the sandbox fails for numbers that end in 99")

// Validate answers by the two digits in front of the control character.
func (Sandbox) Validate(_ context.Context, nif, name string) (Result, error) {
	switch nif[6:8] {
	case "00":
		return Result{Status: NotIdentified}, nil
	case "98":
		return Result{}, ErrUnreachable
	case "99":
		return Result{}, errSandbox
	}
	if name == "" {
		name = "EMPRESA DE PRUEBA SL"
	}
	return Result{Status: Identified, LegalName: name}, nil
}
