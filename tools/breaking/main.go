// Command breaking fails if a contract would break a program that was written for
// the released one, unless its major version says so.
//
//	breaking contract/released.yaml openapi.yaml
//
// Where the repository has version tags, the released contract must be the last
// tag's.
package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
)

func main() {
	if len(os.Args) != 3 {
		fmt.Fprintln(os.Stderr, "usage: breaking released.yaml openapi.yaml")
		os.Exit(2)
	}
	if err := run(os.Args[1], os.Args[2]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(releasedPath, contractPath string) error {
	released, err := os.ReadFile(releasedPath) //nolint:gosec // the Makefile names it
	if err != nil {
		return fmt.Errorf("released contract: %w", err)
	}
	contract, err := os.ReadFile(contractPath) //nolint:gosec // the Makefile names it
	if err != nil {
		return fmt.Errorf("contract: %w", err)
	}
	tag, tagged, err := lastTagged(contractPath)
	if err != nil {
		return err
	}
	if tag == "" {
		fmt.Println("no version tag here: " + releasedPath + " is taken for the last release's")
	} else if released, err = base(released, contract, tagged); err != nil {
		return fmt.Errorf("%s %w: git show %s:%s >%[1]s", releasedPath, err, tag, filepath.Base(contractPath))
	}
	return compare(released, contract)
}

var errNotReleased = errors.New("is not the last release's contract; put that back")

// base is what a contract has to be compatible with: the tagged one. The file beside
// it must be the same, except in the commit that the next tag will name, where it is
// the new contract already.
func base(released, contract, tagged []byte) ([]byte, error) {
	if bytes.Equal(released, tagged) {
		return tagged, nil
	}
	from, err := load(tagged)
	if err != nil {
		return nil, err
	}
	to, err := load(contract)
	if err != nil {
		return nil, err
	}
	if bytes.Equal(released, contract) && from.GetVersion() != to.GetVersion() {
		return tagged, nil
	}
	return nil, errNotReleased
}

// lastTagged is the newest version tag behind this commit and its contract. A clone
// without tags has none, and neither has a copy without git.
func lastTagged(contract string) (tag string, document []byte, err error) {
	git := func(args ...string) ([]byte, error) {
		command := exec.CommandContext(context.Background(), "git", args...) //nolint:gosec // the tag is one that git has named
		command.Dir = filepath.Dir(contract)
		return command.Output()
	}
	name, err := git("describe", "--tags", "--abbrev=0", "--match", "v*")
	if err != nil {
		return "", nil, nil //nolint:nilerr // whatever git says, there is no tag to be had
	}
	tag = strings.TrimSpace(string(name))
	document, err = git("show", tag+":./"+filepath.Base(contract))
	if err != nil {
		return "", nil, fmt.Errorf("%s of %s: %w", contract, tag, err)
	}
	return tag, document, nil
}
