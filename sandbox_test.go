package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"go.yaml.in/yaml/v3"

	"github.com/panal/panal/server"
)

func TestSandbox(t *testing.T) {
	t.Parallel()

	t.Run("it serves without being able to write a file", func(t *testing.T) {
		t.Parallel()
		dir := t.TempDir()
		// The limit on the size of a file ends a process that writes one byte.
		p := &process{cmd: exec.CommandContext(t.Context(), "bash", "-c", `ulimit -f 0 && cd "$1" && exec "$0" serve --sandbox --addr=127.0.0.1:0`, os.Args[0], dir)}
		p.cmd.Env = []string{asPanal + "=1", "TMPDIR=" + dir, "HOME=" + dir}
		stderr, err := p.cmd.StderrPipe()
		if err != nil {
			t.Fatal(err)
		}
		var stdout bytes.Buffer
		p.cmd.Stdout = &stdout
		if err := p.cmd.Start(); err != nil {
			t.Fatal(err)
		}
		p.log = followLog(stderr)
		t.Cleanup(func() { _ = p.cmd.Process.Kill() })
		p.url = p.log.mustListen(t)

		for batch := range 8 {
			rows := make([]string, 500)
			for i := range rows {
				rows[i] = customer(batch*500 + i)
			}
			body := `{"customers":[` + strings.Join(rows, ",") + `]}`
			if status, answer := call(t, server.SandboxKey(), http.MethodPost, p.url+"/v1/customers/bulk", body); status != http.StatusCreated {
				t.Fatalf("got %d: %.500s", status, answer)
			}
		}
		if status, answer := call(t, server.SandboxKey(), http.MethodGet, p.url+"/v1/customers?sort_by=email&search=garcia&page=30", ""); status != http.StatusOK {
			t.Errorf("got %d: %.500s", status, answer)
		}
		if status, answer := call(t, "", http.MethodPost, p.url+"/_sandbox/reset", ""); status != http.StatusOK {
			t.Errorf("got %d: %s", status, answer)
		}
		p.mustSignal(t, syscall.SIGTERM)
		if code := p.mustEnd(t); code != 0 {
			t.Errorf("exit code %d:\n%s", code, p.log)
		}
		if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
			t.Errorf("it has left %v, %v", entries, err)
		}
	})

	t.Run("the log warns of it, once", func(t *testing.T) {
		t.Parallel()
		s := mustServe(t, nil, "--sandbox")
		if code := s.mustEnd(t); code != 0 || strings.Count(s.log.String(), `"level":"WARN","msg":"this is a sandbox`) != 1 {
			t.Errorf("exit code %d:\n%s", code, s.log)
		}
	})

	t.Run("without being asked for there is none", func(t *testing.T) {
		t.Parallel()
		for path, want := range map[string]int{"/_sandbox": 404, "/_sandbox/clock": 404, "/readyz": 200} {
			for flag, status := range map[string]int{"--no-demo": want, "--sandbox=false": want} {
				if got, body := call(t, "", http.MethodGet, mustServe(t, sqliteEnviron(t), flag).url+path, ""); got != status {
					t.Errorf("%s %s: got %d: %s", flag, path, got, body)
				}
			}
		}
	})

	t.Run("it is refused together with a database and by other commands", func(t *testing.T) {
		t.Parallel()
		dir := filepath.Join(t.TempDir(), "data")
		for _, test := range []struct {
			environ []string
			args    string
			want    string
		}{
			{[]string{"DATABASE_URL=postgres://panal:s3cret@localhost/panal"}, "serve --sandbox", "DATABASE_URL: must not be given with --sandbox"},
			{[]string{"PANAL_DATA_DIR=" + dir}, "serve --sandbox", "PANAL_DATA_DIR: must not be given with --sandbox"},
			{[]string{"PANAL_SANDBOX=true"}, "serve --data-dir=" + dir, "PANAL_DATA_DIR: must not be given with --sandbox"},
			{[]string{"PANAL_SANDBOX=true"}, "serve --data-dir=./data", "PANAL_DATA_DIR: must not be given with --sandbox"},
			{nil, "migrate --sandbox", "only serve has a sandbox"},
			{nil, "company list --sandbox", "only serve has a sandbox"},
		} {
			r := runPanal(t, test.environ, strings.Fields(test.args)...)
			if r.code != exitUsage || !strings.Contains(r.stderr, test.want) || strings.Contains(r.stderr, "s3cret") {
				t.Errorf("%v %s: exit code %d: %s", test.environ, test.args, r.code, r.stderr)
			}
		}
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("the data directory was touched: %v", err)
		}
	})

	t.Run("the printed requests work as pasted", func(t *testing.T) {
		t.Parallel()
		s := mustServe(t, []string{"PANAL_SANDBOX=true", "PANAL_DATA_DIR="})
		commands := regexp.MustCompile(`(?m)^ +(curl .*)$`).FindAllStringSubmatch(s.stdout.String(), -1)
		if len(commands) != 2 {
			t.Fatalf("want two curl lines:\n%s", s.stdout.String())
		}
		for _, command := range commands {
			mustCurl(t, command[1])
		}
	})
}

// mustCurl runs a line for a shell, which must be answered with success.
func mustCurl(t *testing.T, line string) {
	t.Helper()
	needCurl(t)
	out, err := exec.CommandContext(t.Context(), "bash", "-c", line).Output()
	if err != nil {
		t.Fatalf("%s: %v\n%s", line, err, out)
	}
	var answer struct{ Success bool }
	if err := json.Unmarshal(out, &answer); err != nil || !answer.Success {
		t.Errorf("%s: %v: %s", line, err, out)
	}
}

// docs/sandbox.md, but for its tables, which server/ holds against the sandbox.
func TestSandboxGuide(t *testing.T) {
	t.Parallel()
	content, err := os.ReadFile("docs/sandbox.md")
	if err != nil {
		t.Fatal(err)
	}
	guide := string(content)

	t.Run("its curl lines work as pasted", func(t *testing.T) {
		t.Parallel()
		s := mustServe(t, nil, "--sandbox")
		lines := regexp.MustCompile(`(?m)^curl .*$`).FindAllString(guide, -1)
		if len(lines) < 6 {
			t.Errorf("only %d lines", len(lines))
		}
		for _, line := range lines {
			mustCurl(t, strings.ReplaceAll(line, "http://127.0.0.1:8080", s.url))
		}
	})

	t.Run("its YAML names settings, commands and keys that there are", func(t *testing.T) {
		t.Parallel()
		blocks := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(guide, -1)
		if len(blocks) != 2 {
			t.Fatalf("%d blocks, want two", len(blocks))
		}
		var workflow struct {
			Name string
			On   []string
			Jobs map[string]struct {
				RunsOn string `yaml:"runs-on"`
				Steps  []struct {
					Name, Uses, Run string
					With, Env       map[string]string
				}
			}
		}
		mustDecodeYAML(t, blocks[0][1], &workflow)
		if steps := workflow.Jobs["test"].Steps; len(steps) < 4 || !strings.Contains(steps[3].Run, "panal serve --sandbox &\n") ||
			steps[len(steps)-1].Env["API_KEY"] != server.SandboxKey() {
			t.Errorf("%+v", workflow)
		}
		var compose struct {
			Services map[string]struct {
				Build       string
				ReadOnly    bool     `yaml:"read_only"`
				DependsOn   []string `yaml:"depends_on"`
				Ports       []string
				Environment map[string]string
			}
		}
		mustDecodeYAML(t, blocks[1][1], &compose)
		var environ []string
		for name, value := range compose.Services["panal"].Environment {
			environ = append(environ, name+"="+value)
		}
		s := mustServe(t, environ)
		if status, body := call(t, compose.Services["tests"].Environment["API_KEY"], http.MethodGet, s.url+"/api/v1/customers", ""); status != http.StatusOK {
			t.Errorf("got %d: %s", status, body)
		}
		dockerfile, err := os.ReadFile("Dockerfile")
		if err != nil || !bytes.Contains(dockerfile, []byte("PANAL_DATA_DIR=")) {
			t.Errorf("%v: the image no longer sets PANAL_DATA_DIR", err)
		}
	})

	t.Run("its welcome is the program's", func(t *testing.T) {
		t.Parallel()
		_, shown, _ := strings.Cut(guide, "$ panal serve --sandbox\n")
		shown, _, _ = strings.Cut(shown, "```")
		if welcome := fmt.Sprintf(sandboxWelcome, server.SandboxKey(), "127.0.0.1:8080"); shown == "" || !strings.HasPrefix(welcome, shown) {
			t.Errorf("it shows\n%s", shown)
		}
	})
}

func mustDecodeYAML(tb testing.TB, text string, into any) {
	tb.Helper()
	d := yaml.NewDecoder(strings.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(into); err != nil {
		tb.Fatalf("%v\n%s", err, text)
	}
}
