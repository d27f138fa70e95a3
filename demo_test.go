package main

import (
	"encoding/json"
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"github.com/panal/panal/internal/nif"
)

func TestDemo(t *testing.T) {
	t.Parallel()

	t.Run("the printed request works as pasted", func(t *testing.T) {
		t.Parallel()
		eachDatabase(t, func(t *testing.T, environ []string) {
			needCurl(t)
			s := mustServe(t, environ, "--demo")
			_, command, ok := strings.Cut(s.stdout.String(), "\n  curl ")
			if !ok {
				t.Fatalf("no curl line in\n%s", s.stdout.String())
			}
			out, err := exec.CommandContext(t.Context(), "bash", "-c", "curl "+command).Output()
			if err != nil {
				t.Fatalf("%v\n%s", err, out)
			}
			var answer struct {
				Success bool
				Data    struct{ NIF string }
			}
			if err := json.Unmarshal(out, &answer); err != nil || !answer.Success || answer.Data.NIF != "B12345674" {
				t.Errorf("%v: %s", err, out)
			}
		})
	})

	t.Run("only an empty SQLite database is given a demo unasked", func(t *testing.T) {
		t.Parallel()
		eachDatabase(t, func(t *testing.T, environ []string) {
			postgres := strings.HasPrefix(environ[0], "DATABASE_URL=")
			steps := []struct {
				name    string
				environ []string
				flags   []string
				want    bool
			}{
				{"the flag forbids it", nil, []string{"--no-demo"}, false},
				{"the variable forbids it", []string{"PANAL_DEMO=false"}, nil, false},
				{"nothing is said", nil, nil, !postgres},
				{"it is asked for", []string{"PANAL_DEMO=true"}, nil, postgres},
				{"there is a company", nil, []string{"--demo"}, false},
			}
			for _, step := range steps {
				s := mustServe(t, append(step.environ, environ...), step.flags...)
				if got := strings.Contains(s.stdout.String(), "beel_sk_test_"); got != step.want {
					t.Errorf("%s: a demo is made: %t, want %t", step.name, got, step.want)
				}
				if code := s.mustEnd(t); code != 0 {
					t.Errorf("%s: exit code %d", step.name, code)
				}
			}
			var list struct{ Companies []map[string]any }
			mustRunJSON(t, &list, environ, "company", "list")
			if len(list.Companies) != 1 {
				t.Errorf("%d companies, want the one of the demo", len(list.Companies))
			}
		})
	})

	t.Run("its tax number is valid", func(t *testing.T) {
		t.Parallel()
		if _, err := nif.Parse(demoCompany.NIF); err != nil {
			t.Error(err)
		}
	})

	t.Run("a server on every address is shown at one", func(t *testing.T) {
		t.Parallel()
		for ip, want := range map[string]string{"0.0.0.0": "localhost:80", "::": "localhost:80", "127.0.0.1": "127.0.0.1:80", "::1": "[::1]:80"} {
			if got := reachable(&net.TCPAddr{IP: net.ParseIP(ip), Port: 80}); got != want {
				t.Errorf("%s: got %s, want %s", ip, got, want)
			}
		}
	})
}

// needCurl skips loudly on a laptop without curl, and fails where CI is set.
func needCurl(tb testing.TB) {
	tb.Helper()
	if _, err := exec.LookPath("curl"); err != nil {
		if os.Getenv("CI") != "" {
			tb.Fatal(err)
		}
		tb.Skip("SKIPPED, nothing was tested:", err)
	}
}
