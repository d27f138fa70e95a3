package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
)

func TestKeys(t *testing.T) {
	eachDatabase(t, func(t *testing.T, environ []string) {
		t.Parallel()
		company := mustCompany(t, environ)
		s := mustServe(t, environ, "--log-level=debug")
		customers := s.url + "/v1/customers"

		// The server is running already, so it cannot know these keys from its start.
		id, secret := mustKey(t, environ, company)
		_, expired := mustKey(t, environ, company, "--expires=1ns")
		_, reader := mustKey(t, environ, company, "--scopes=customers:read", "--expires=720h")

		t.Run("a new key works at once", func(t *testing.T) {
			if status, body := call(t, secret, http.MethodPost, customers, customer(1)); status != http.StatusCreated {
				t.Errorf("got %d, want 201: %s", status, body)
			}
		})
		t.Run("a key has the scopes it was given and no other", func(t *testing.T) {
			if status, body := call(t, reader, http.MethodGet, customers, ""); status != http.StatusOK {
				t.Errorf("reading: got %d, want 200: %s", status, body)
			}
			if status, body := call(t, reader, http.MethodPost, customers, customer(2)); status != http.StatusForbidden {
				t.Errorf("writing: got %d, want 403: %s", status, body)
			}
		})
		t.Run("an expired key is refused", func(t *testing.T) {
			if status, body := call(t, expired, http.MethodGet, customers, ""); status != http.StatusUnauthorized {
				t.Errorf("got %d, want 401: %s", status, body)
			}
		})
		t.Run("the list has every key and shows none", func(t *testing.T) {
			var list struct {
				Keys []struct{ ID, Key string }
			}
			mustRunJSON(t, &list, environ, "key", "list", "--company", company)
			table := mustRun(t, environ, "key", "list", "--company", company)
			if len(list.Keys) != 3 || strings.Count(table, "\n") != 4 {
				t.Errorf("%d keys in JSON, want 3; the table:\n%s", len(list.Keys), table)
			}
			for _, key := range list.Keys {
				if key.Key != "" {
					t.Errorf("the key of %s is shown", key.ID)
				}
				if !strings.Contains(table, key.ID) {
					t.Errorf("the table lacks %s:\n%s", key.ID, table)
				}
			}
			if strings.Contains(table, secret) {
				t.Error("the table shows a key")
			}
		})
		t.Run("the key is in no log and not in the database", func(t *testing.T) {
			shown := strings.Index(secret, "_test_") + len("_test_") + 4
			for name, content := range map[string][]byte{"log": []byte(s.log.String()), "database": databaseBytes(t, environ)} {
				if bytes.Contains(content, []byte(secret[shown:])) {
					t.Errorf("the %s has the key", name)
				}
				// The search does find what is there.
				if !bytes.Contains(content, []byte(id)) {
					t.Errorf("the %s does not even have the key's id", name)
				}
			}
			if strings.Contains(s.log.String(), "Lucía") || strings.Contains(s.log.String(), "P00000001") {
				t.Error("the log has a customer's name or document")
			}
		})
		t.Run("a revoked key is refused within a second", func(t *testing.T) {
			if got := mustRun(t, environ, "key", "revoke", id); got != "revoked\n" {
				t.Errorf("revoke says %q", got)
			}
			revoked := time.Now()
			for {
				asked := time.Now()
				status, body := call(t, secret, http.MethodGet, customers, "")
				if status == http.StatusUnauthorized {
					break
				}
				if asked.Sub(revoked) > time.Second {
					t.Fatalf("asked %v after the revocation, got %d: %s", asked.Sub(revoked), status, body)
				}
			}
			mustRun(t, environ, "key", "revoke", id)
		})
		t.Run("an unknown company or key is an error that says so", func(t *testing.T) {
			const unknown = "01981f5e-7c1a-7b3e-9a51-0d5f6a7b8c9d"
			for _, args := range [][]string{
				{"key", "create", "--company", unknown, "--name=x", "--scopes=all"},
				{"key", "list", "--company", unknown},
				{"key", "revoke", unknown},
			} {
				if r := runPanal(t, environ, args...); r.code != exitFailure || !strings.Contains(r.stderr, "there is no") {
					t.Errorf("%v: exit code %d: %s", args, r.code, r.stderr)
				}
			}
		})
	})
}

// databaseBytes is all that the database keeps: the files of SQLite with its log,
// the keys' rows on PostgreSQL.
func databaseBytes(tb testing.TB, environ []string) []byte {
	tb.Helper()
	name, value, _ := strings.Cut(environ[0], "=")
	if name != "DATABASE_URL" {
		files, err := filepath.Glob(filepath.Join(value, "*"))
		if err != nil {
			tb.Fatal(err)
		}
		var all []byte
		for _, file := range files {
			content, err := os.ReadFile(file)
			if err != nil {
				tb.Fatal(err)
			}
			all = append(all, content...)
		}
		return all
	}
	conn, err := pgx.Connect(tb.Context(), value)
	if err != nil {
		tb.Fatal(err)
	}
	defer conn.Close(tb.Context())
	var rows string
	err = conn.QueryRow(tb.Context(), "SELECT string_agg(encode(hash, 'escape') || k::text, '') FROM api_keys k").Scan(&rows)
	if err != nil {
		tb.Fatal(err)
	}
	return []byte(rows)
}
