package main

import (
	"os"
	"path/filepath"
	"reflect"
	"regexp"
	"strings"
	"testing"
)

// A misspelt setting in what operators copy would stop their servers.
func TestSettingsInDeployAndDocsExist(t *testing.T) {
	t.Parallel()
	known := map[string]bool{}
	for _, field := range reflect.VisibleFields(reflect.TypeFor[settings]()) {
		known[field.Tag.Get("setting")] = true
	}
	files, err := filepath.Glob("deploy/*")
	if err != nil {
		t.Fatal(err)
	}
	found := 0
	for _, file := range append(files, "README.md", "docs/operating.md", "docs/observability.md") {
		if info, err := os.Stat(file); err == nil && info.IsDir() {
			continue
		}
		content, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for _, name := range regexp.MustCompile(`\bPANAL_[A-Z_]+`).FindAllString(string(content), -1) {
			found++
			if !known[strings.TrimRight(name, "_")] {
				t.Errorf("%s has %s, which is no setting", file, name)
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d settings were found", found)
	}
}
