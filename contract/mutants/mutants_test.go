package main

import (
	"os"
	"strings"
	"testing"
)

func TestTheDocumentedMutantsAreTheOnesThereAre(t *testing.T) {
	documented, err := os.ReadFile("../../docs/contract.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(documented), "\n"+table()+"\n") {
		t.Errorf("docs/contract.md needs the table that \"go run ./contract/mutants -table\" prints:\n\n%s", table())
	}
}
