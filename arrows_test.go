package main

import (
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// The rooms of the house and who may enter which: see the README.
func TestImportsFollowTheArrows(t *testing.T) {
	const ours = "github.com/panal/panal"
	out, err := exec.CommandContext(t.Context(), "go", "list", "-f", `{{.ImportPath}} {{join .Imports " "}}`, "./...").Output()
	if err != nil {
		t.Fatal(err)
	}
	imports := map[string][]string{}
	for line := range strings.Lines(string(out)) {
		words := strings.Fields(line)
		imports[words[0]] = words[1:]
	}
	leaf := func(path string) bool {
		return strings.HasPrefix(path, "github.com/shopspring/decimal") || !strings.Contains(path, ".")
	}
	for _, rule := range []struct {
		room, why string
		allowed   func(path string) bool
	}{
		{"/gen", "the contract knows nothing of ours", func(p string) bool { return !strings.HasPrefix(p, ours) }},
		{"/store", "the store knows nothing of HTTP or the wire", func(p string) bool {
			return p != "net/http" && !strings.HasPrefix(p, "github.com/labstack/") && p != ours+"/gen" && p != ours+"/server"
		}},
		{"/server", "the server knows nothing of SQL", func(p string) bool {
			return !strings.HasPrefix(p, "gorm.io/") && !strings.HasPrefix(p, "database/sql") && !strings.HasPrefix(p, "github.com/jackc/")
		}},
		{"", "the commands know neither SQL nor handlers", func(p string) bool {
			return !strings.HasPrefix(p, "gorm.io/") && p != "database/sql" && !strings.HasPrefix(p, "github.com/labstack/")
		}},
		{"/internal/altid", "a leaf", leaf},
		{"/internal/census", "it knows nothing of ours", func(p string) bool { return !strings.HasPrefix(p, ours) }},
		{"/internal/nif", "a leaf", leaf},
		{"/internal/invoice", "a leaf", leaf},
	} {
		list, ok := imports[ours+rule.room]
		if !ok {
			t.Errorf("%s%s is gone: change the rule", ours, rule.room)
		}
		if i := slices.IndexFunc(list, func(p string) bool { return !rule.allowed(p) }); i >= 0 {
			t.Errorf("%s%s imports %s, but %s", ours, rule.room, list[i], rule.why)
		}
	}
}
