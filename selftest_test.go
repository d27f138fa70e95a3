package main

import (
	"io"
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
)

func TestSelftestRace(t *testing.T) {
	t.Parallel()
	companies := func(t *testing.T, environ []string) (ids []string) {
		t.Helper()
		var list struct{ Companies []struct{ ID string } }
		mustRunJSON(t, &list, environ, "company", "list")
		for _, c := range list.Companies {
			ids = append(ids, c.ID)
		}
		return ids
	}

	t.Run("it prints no violations and leaves nothing, killed and interrupted runs included", func(t *testing.T) {
		t.Parallel()
		eachDatabase(t, func(t *testing.T, environ []string) {
			t.Parallel()
			mustCompany(t, environ)
			for _, signal := range []os.Signal{syscall.SIGKILL, os.Interrupt} {
				run := exec.CommandContext(t.Context(), os.Args[0], "selftest", "race", "--pairs=10000000")
				run.Env = append([]string{asPanal + "=1"}, environ...)
				stderr, err := run.StderrPipe()
				if err != nil {
					t.Fatal(err)
				}
				if err := run.Start(); err != nil {
					t.Fatal(err)
				}
				for before := companies(t, environ); ; {
					if now := companies(t, environ); len(now) == 2 && !slices.Equal(before, now) {
						break // it has a company of its own, and what the killed run left is gone
					}
				}
				if err := run.Process.Signal(signal); err != nil {
					t.Fatal(err)
				}
				said, err := io.ReadAll(stderr)
				if err != nil {
					t.Fatal(err)
				}
				if err := run.Wait(); err == nil {
					t.Errorf("%v: it ended well:\n%s", signal, said)
				}
				left := companies(t, environ)
				if signal == syscall.SIGKILL && len(left) != 2 {
					t.Errorf("the killed run left nothing to remove: %v", left)
				}
				if signal == os.Interrupt && (len(left) != 1 || !strings.Contains(string(said), "stopped after")) {
					t.Errorf("companies %v:\n%s", left, said)
				}
			}
			var result struct{ Pairs, Violations, Deactivated, Invoiced int }
			mustRunJSON(t, &result, environ, "selftest", "race", "--pairs=200")
			if result.Pairs != 200 || result.Violations != 0 || result.Deactivated+result.Invoiced != 200 {
				t.Errorf("%+v", result)
			}
			if out := mustRun(t, environ, "selftest", "race", "--pairs=100", "--workers=2"); !regexp.MustCompile(`(?m)^0 +violations`).MatchString(out) {
				t.Errorf("it prints\n%s", out)
			}
			if left := companies(t, environ); len(left) != 1 {
				t.Errorf("left behind: %v", left)
			}
		})
	})

	t.Run("numbers that make no sense are refused", func(t *testing.T) {
		t.Parallel()
		r := runPanal(t, sqliteEnviron(t), "selftest", "race", "--pairs=0", "--workers=65")
		if r.code != exitUsage || !strings.Contains(r.stderr, "--pairs") || !strings.Contains(r.stderr, "--workers") {
			t.Errorf("exit code %d: %s", r.code, r.stderr)
		}
	})
}
