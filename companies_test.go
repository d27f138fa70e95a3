package main

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMigrate(t *testing.T) {
	eachDatabase(t, func(t *testing.T, environ []string) {
		t.Parallel()
		if got := mustRun(t, environ, "migrate"); !strings.Contains(got, "applied") {
			t.Errorf("the first migration says %q", got)
		}
		if got, want := mustRun(t, environ, "migrate"), "the schema was up to date\n"; got != want {
			t.Errorf("the second migration says %q, want %q", got, want)
		}
	})
}

func TestCompanies(t *testing.T) {
	eachDatabase(t, func(t *testing.T, environ []string) {
		t.Parallel()
		full := []string{
			"company", "create", "--environment=live", "--legal-name=Panadería Ñandú S.L.", "--trade-name=La Ñandú", "--nif=b12345674",
			"--street=Calle Mayor", "--number=12", "--floor=2", "--door=B", "--postal-code=28013", "--city=Madrid", "--province=Madrid",
			"--phone=+34 910 000 000", "--email=hola@panaderia.example", "--web=https://panaderia.example",
		}
		var created map[string]any
		mustRunJSON(t, &created, environ, full...)
		want := map[string]any{
			"id": created["id"], "created_at": created["created_at"], "environment": "live",
			"legal_name": "Panadería Ñandú S.L.", "trade_name": "La Ñandú", "nif": "B12345674",
			"address": map[string]any{
				"street": "Calle Mayor", "number": "12", "floor": "2", "door": "B", "postal_code": "28013",
				"city": "Madrid", "province": "Madrid", "country": "España", "country_code": "ES",
			},
			"phone": "+34 910 000 000", "email": "hola@panaderia.example", "web": "https://panaderia.example",
		}
		if diff := cmp.Diff(want, created); diff != "" {
			t.Errorf("the created company (-want +got):\n%s", diff)
		}
		if at, _ := created["created_at"].(string); !strings.HasSuffix(at, "Z") {
			t.Errorf("created_at is %q, not in UTC", at)
		}

		r := runPanal(t, environ, "company", "create", "--environment=test", "--legal-name=X", "--nif=12345678Z")
		if r.code != 0 || !strings.Contains(r.stderr, unspecified) {
			t.Errorf("without an address: exit code %d, no word of it on stderr: %q", r.code, r.stderr)
		}
		if !strings.HasPrefix(r.stdout, "id  ") {
			t.Errorf("the id is not printed: %q", r.stdout)
		}

		var list struct{ Companies []map[string]any }
		mustRunJSON(t, &list, environ, "company", "list")
		if len(list.Companies) != 2 {
			t.Fatalf("%d companies are listed, want 2", len(list.Companies))
		}
		if diff := cmp.Diff(want, list.Companies[0]); diff != "" {
			t.Errorf("the listed company (-want +got):\n%s", diff)
		}
		lines := strings.Split(strings.TrimSpace(mustRun(t, environ, "company", "list")), "\n")
		if len(lines) != 3 || strings.Index(lines[0], "NIF") != strings.Index(lines[1], "B12345674") {
			t.Errorf("the table is not aligned:\n%s", strings.Join(lines, "\n"))
		}
	})
}

func TestCompanyLimits(t *testing.T) {
	t.Parallel()
	environ := sqliteEnviron(t)
	const valid = "company create --environment=test --legal-name=X --nif=B12345674 "
	const address = "--street=Calle --number=1 --postal-code=28013 --city=Madrid --province=Madrid "
	tests := []struct {
		name, args string
		want       []string
	}{
		{
			"every limit at once", "company create --environment=prod --legal-name=" + strings.Repeat("x", 256) +
				" --nif=B12345675 --phone=12 --email=a --web=" + strings.Repeat("w", 501) + " " + address + "--floor=12345678901 --country-code=es",
			[]string{"--environment:", "--legal-name:", "--nif:", "--phone:", "--email:", "--web:", "--floor:", "--country:", "--country-code:"},
		},
		{"an address of which a part is missing", valid + "--city=Madrid", []string{"--street:", "--number:", "--postal-code:", "--province:"}},
		{"a foreign country without its name", valid + address + "--country-code=FR", []string{"--country:"}},
		{"a foreign country without its code", valid + address + "--country=Francia", []string{"--country-code:"}},
		{"a tax number of no known shape", "company create --environment=test --legal-name=X --nif=123", []string{"--nif:"}},
		{"nothing", "company create", []string{"--environment", "--legal-name", "--nif"}},
		{"text with a line break", valid + "--trade-name=a\x07b", []string{"--trade-name:"}},
	}
	for _, test := range tests {
		t.Run("refuses "+test.name, func(t *testing.T) {
			t.Parallel()
			r := runPanal(t, environ, strings.Fields(test.args)...)
			if r.code != exitUsage {
				t.Errorf("exit code %d, want %d", r.code, exitUsage)
			}
			for _, want := range test.want {
				if strings.Count(r.stderr, want) == 0 {
					t.Errorf("no word of %s:\n%s", want, r.stderr)
				}
			}
		})
	}

	t.Run("a tax number with a wrong control character passes only where the setting says so", func(t *testing.T) {
		t.Parallel()
		args := []string{"company", "create", "--environment=test", "--legal-name=X", "--nif=B12345675"}
		if r := runPanal(t, environ, args...); r.code != exitUsage {
			t.Errorf("exit code %d, want %d", r.code, exitUsage)
		}
		mustRun(t, sqliteEnviron(t), append(args, "--nif-check=shape")...)
	})
}
