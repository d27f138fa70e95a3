package main

import (
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// badValues has a value for each setting that its rule refuses.
//
//nolint:gosec // the password is there to be looked for where it must not be
var badValues = map[string]string{
	"DATABASE_URL":             "mysql://panal:s3cret@localhost/panal",
	"PANAL_ADDR":               "8080",
	"PANAL_LOG_LEVEL":          "loud",
	"PANAL_LOG_FORMAT":         "xml",
	"PANAL_BODY_LIMIT":         "2GB",
	"PANAL_SHUTDOWN_GRACE":     "20",
	"PANAL_DRAIN_DELAY":        "-1s",
	"PANAL_REQUEST_TIMEOUT":    "0s",
	"PANAL_RATE_LIMIT":         "0",
	"PANAL_GLOBAL_RATE_LIMIT":  "many",
	"PANAL_NIF_CHECK":          "none",
	"PANAL_CENSUS_URL":         "ftp://census.example/?key=s3cret",
	"PANAL_CENSUS_TOKEN":       "s3cret\n",
	"PANAL_CENSUS_TIMEOUT":     "0s",
	"PANAL_DB_MAX_CONNS":       "-1",
	"PANAL_SQLITE_SYNC":        "off",
	"PANAL_DEMO":               "maybe",
	"PANAL_SANDBOX":            "maybe",
	"PANAL_METRICS_ADDR":       "9090",
	"PANAL_PPROF":              "maybe",
	"PANAL_UNHEARD_OF_SETTING": "1",

	"OTEL_EXPORTER_OTLP_ENDPOINT":        "collector:4317",
	"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "grpc://collector/?key=s3cret",
	"OTEL_EXPORTER_OTLP_HEADERS":         "x-token s3cret",
}

func TestSettings(t *testing.T) {
	t.Parallel()

	t.Run("every bad value and unknown name in the environment is reported at once and nothing starts", func(t *testing.T) {
		t.Parallel()
		dir := filepath.Join(t.TempDir(), "data")
		environ := []string{"PANAL_DATA_DIR=" + dir}
		for name, value := range badValues {
			environ = append(environ, name+"="+value)
		}
		for _, command := range []string{"serve", "migrate", "version"} {
			r := runPanal(t, environ, command)
			if r.code != exitUsage {
				t.Errorf("%s: exit code %d, want %d", command, r.code, exitUsage)
			}
			for name := range badValues {
				if !strings.Contains(r.stderr, name+":") {
					t.Errorf("%s does not report %s:\n%s", command, name, r.stderr)
				}
			}
			if strings.Contains(r.stderr, "s3cret") {
				t.Errorf("%s repeats the password:\n%s", command, r.stderr)
			}
		}
		if _, err := os.Stat(dir); !os.IsNotExist(err) {
			t.Errorf("the data directory was touched: %v", err)
		}
	})

	t.Run("every bad value and unknown name of a flag is reported at once", func(t *testing.T) {
		t.Parallel()
		args := []string{"serve", "--unheard-of", "value", "--data-dir="}
		var names []string
		for name, value := range badValues {
			if name == "PANAL_UNHEARD_OF_SETTING" {
				continue
			}
			flag := "--" + strings.ReplaceAll(strings.ToLower(strings.TrimPrefix(name, "PANAL_")), "_", "-")
			names = append(names, flag)
			args = append(args, flag+"="+value)
		}
		r := runPanal(t, nil, args...)
		for _, name := range append(names, "--data-dir", "unknown flag --unheard-of") {
			if !strings.Contains(r.stderr, name) {
				t.Errorf("%s is not reported:\n%s", name, r.stderr)
			}
		}
		if r.code != exitUsage {
			t.Errorf("exit code %d, want %d", r.code, exitUsage)
		}
	})

	t.Run("every setting has a bad value in this test", func(t *testing.T) {
		t.Parallel()
		help := mustRun(t, nil, "--help")
		for line := range strings.SplitSeq(help, "\n") { // a setting's help ends in [ITS_NAME]
			_, name, ok := strings.Cut(strings.TrimSuffix(line, "]"), "[")
			if ok && strings.HasSuffix(line, "]") && name == strings.ToUpper(name) && badValues[name] == "" && name != "PANAL_DATA_DIR" {
				t.Errorf("%s is never tested", name)
			}
		}
		for name := range badValues {
			if name != "PANAL_UNHEARD_OF_SETTING" && !strings.Contains(help, "["+name+"]") {
				t.Errorf("the help does not name %s", name)
			}
		}
	})

	t.Run("a flag wins over the environment and an empty variable counts as not set", func(t *testing.T) {
		t.Parallel()
		dir := filepath.Join(t.TempDir(), "chosen")
		mustRun(t, []string{"PANAL_DATA_DIR=/proc/nowhere", "PANAL_LOG_LEVEL=", "DATABASE_URL="}, "migrate", "--data-dir", dir)
		if _, err := os.Stat(filepath.Join(dir, "panal.db")); err != nil {
			t.Error(err)
		}
	})
}

func TestValues(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]byteSize{"1": 1, "512KiB": 512 << 10, "2MiB": 2 << 20} {
		if got, err := parseByteSize(text); got != want || err != nil {
			t.Errorf("parseByteSize(%q) = %d, %v, want %d", text, got, err, want)
		}
	}
	for _, text := range []string{"", "0", "-1", "KiB", "1.5MiB", "9223372036854775807MiB", "99999999999999999999"} {
		if got, err := parseByteSize(text); err == nil {
			t.Errorf("parseByteSize(%q) = %d, want an error", text, got)
		}
	}
	if got, err := parseRate("off"); got != 0 || err != nil {
		t.Errorf("parseRate(off) = %d, %v, want no limit", got, err)
	}
	for _, text := range []string{"localhost:0", "[::1]:8080", ":8080"} {
		if _, err := parseAddress(text); err != nil {
			t.Errorf("parseAddress(%q): %v", text, err)
		}
	}
	for _, text := range []string{"", "localhost", "localhost:http", "localhost:65536", "::1:80"} {
		if _, err := parseAddress(text); err == nil {
			t.Errorf("parseAddress(%q) is accepted", text)
		}
	}
	for _, text := range []string{"", "https://census.example/validate?key=1", "http://127.0.0.1:8081"} {
		if got, err := parseWebAddress(text); string(got) != text || err != nil {
			t.Errorf("parseWebAddress(%q) = %q, %v", text, got, err)
		}
	}
	for _, text := range []string{"census.example", "/validate", "https://", "https://:443/", "ftp://census.example", "file:///etc/passwd", "https://me:s3cret@census.example", "https://census.example/#part", "http://[::1", "https://census.example/%zz"} {
		if _, err := parseWebAddress(text); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("parseWebAddress(%q): %v", text, err)
		}
	}
	if got, err := parseHeaders(" x-token = s3cret%2C1 ,b="); err != nil || len(got) != 2 || got["x-token"] != "s3cret,1" || got["b"] != "" {
		t.Errorf("parseHeaders: %v, %v", got, err)
	}
	for _, text := range []string{"", "s3cret", "=s3cret", "a=1,", "a=%zzs3cret", "a=s3cret%0A", "a b=s3cret", "a:b=s3cret"} {
		if _, err := parseHeaders(text); err == nil || strings.Contains(err.Error(), "s3cret") {
			t.Errorf("parseHeaders(%q): %v", text, err)
		}
	}
	for _, text := range []string{"a b", "a\tb", "a\r\nX: y", "ñ", "\x7f"} {
		if _, err := parseSecret(text); err == nil || strings.Contains(err.Error(), text) {
			t.Errorf("parseSecret(%q): %v", text, err)
		}
	}
	if o := (&settings{}).serverOptions(nil); o.Census != nil {
		t.Error("without an address there is a census")
	}
	if o := (&settings{CensusURL: "https://census.example"}).serverOptions(nil); o.Census == nil {
		t.Error("with an address there is no census")
	}
	o := (&settings{RateLimit: 0, GlobalRate: 5}).serverOptions(nil)
	if o.KeyRate != 0 || o.GlobalRate != 0 {
		t.Errorf("without a limit for keys, the limits are %d and %d, want none at all", o.KeyRate, o.GlobalRate)
	}
}

func TestCommandLine(t *testing.T) {
	t.Parallel()

	t.Run("help names every command and goes to stdout", func(t *testing.T) {
		t.Parallel()
		for _, args := range [][]string{nil, {"--help"}, {"-h"}, {"--bogus", "--help"}} {
			r := runPanal(t, nil, args...)
			if r.code != 0 || r.stderr != "" {
				t.Errorf("%v: exit code %d, stderr %q", args, r.code, r.stderr)
			}
			for _, command := range []string{"serve", "migrate", "company create", "company list", "key create", "key list", "key revoke", "openapi", "version"} {
				if !strings.Contains(r.stdout, "\n  "+command+" ") {
					t.Errorf("%v: the help lacks %s:\n%s", args, command, r.stdout)
				}
			}
		}
	})

	t.Run("a wrong command line is exit code 2 with each fault and without the values", func(t *testing.T) {
		t.Parallel()
		tests := []struct {
			args string
			want []string
		}{
			{"serv", []string{`did you mean "serve"?`}},
			{"company", []string{"expected one of"}},
			{"key revoke", []string{"<id>"}},
			{"key revoke beel_sk_test_s3cret", []string{"<id>: must be an id"}},
			{"serve --databse-url postgres://panal:s3cret@db/x", []string{"unknown flag --databse-url"}},
			{"serve --databse-url=postgres://panal:s3cret@db/x", []string{"unknown flag --databse-url"}},
			{"serve postgres://panal:s3cret@db/x", []string{"unexpected argument"}},
			{"serve --postgres://panal:s3cret@db/x", []string{"unexpected argument"}},
			{"serve --addr --database-url=postgres://panal:s3cret@db/x", []string{"--addr: needs a value"}},
			{"serve --addr", []string{"--addr: needs a value"}},
			{"company list --json=s3cret", []string{"--json: does not take this value"}},
			{"migrate -x --nope -- more", []string{"-x", "--nope", "more"}},
			{"key create --company s3cret --scopes everything --name= --expires 0s", []string{"--company:", "--scopes: must be all, or some of customers:read,", "--name:", "--expires:"}},
			{"key create", []string{"--company", "--scopes", "--name"}},
		}
		for _, test := range tests {
			r := runPanal(t, nil, strings.Fields(test.args)...)
			if r.code != exitUsage {
				t.Errorf("%s: exit code %d, want %d", test.args, r.code, exitUsage)
			}
			for _, want := range test.want {
				if !strings.Contains(r.stderr, want) {
					t.Errorf("%s: no %q in\n%s", test.args, want, r.stderr)
				}
			}
			if strings.Contains(r.stderr, "s3cret") {
				t.Errorf("%s: repeats the value:\n%s", test.args, r.stderr)
			}
		}
	})

	t.Run("a database that cannot be reached is exit code 1 and the password stays unsaid", func(t *testing.T) {
		t.Parallel()
		r := runPanal(t, nil, "migrate", "--database-url=postgres://panal:s3cret@127.0.0.1:1/panal")
		if r.code != exitFailure || strings.Contains(r.stderr, "s3cret") {
			t.Errorf("exit code %d, want %d:\n%s", r.code, exitFailure, r.stderr)
		}
	})

	t.Run("help and log are silent about the census's token and address", func(t *testing.T) {
		t.Parallel()
		environ := []string{"PANAL_CENSUS_TOKEN=s3cret-token", "PANAL_CENSUS_URL=https://census.example/?key=s3cret", "PANAL_LOG_LEVEL=debug", "PANAL_DATA_DIR=" + t.TempDir()}
		for _, args := range [][]string{{"--help"}, {"serve", "--help"}, {"migrate"}, {"migrate", "--census-token=s3cret", "--bogus"}} {
			if r := runPanal(t, environ, args...); strings.Contains(r.stdout+r.stderr, "s3cret") {
				t.Errorf("%v:\n%s%s", args, r.stdout, r.stderr)
			}
		}
	})

	t.Run("openapi prints the contract byte for byte", func(t *testing.T) {
		t.Parallel()
		want, err := os.ReadFile("openapi.yaml")
		if err != nil {
			t.Fatal(err)
		}
		if got := mustRun(t, nil, "openapi"); got != string(want) {
			t.Errorf("%d bytes differ from the %d of the file", len(got), len(want))
		}
	})

	t.Run("version names the version and the toolchain", func(t *testing.T) {
		t.Parallel()
		got := strings.Fields(mustRun(t, nil, "version"))
		if len(got) < 2 || got[0] != "panal" || got[1] != version+"," || !slices.ContainsFunc(got, func(s string) bool { return strings.HasPrefix(s, "go1.") }) {
			t.Errorf("got %q", got)
		}
	})
}
