package store

import (
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
)

func eachDialectWithClock(t *testing.T, test func(t *testing.T, s *Store, c *clock)) {
	t.Helper()
	for _, d := range dialects {
		t.Run(string(d), func(t *testing.T) {
			t.Parallel()
			c, o := new(clock), migratedOptions(t, d)
			o.Now = c.Now
			test(t, mustOpen(t, o), c)
		})
	}
}

func mustCreateKey(tb testing.TB, s *Store, n NewKey) (Key, string) {
	tb.Helper()
	key, secret, err := s.CreateKey(tb.Context(), n)
	if err != nil {
		tb.Fatal(err)
	}
	return key, secret
}

func TestKeys(t *testing.T) {
	t.Parallel()
	eachDialectWithClock(t, func(t *testing.T, s *Store, c *clock) {
		company := mustCreateCompany(t, s)
		t.Run("the secret finds its key", func(t *testing.T) {
			key, secret := mustCreateKey(t, s, NewKey{CompanyID: company.ID, Name: "CI", Scopes: []string{"customers:read"}})
			got, err := s.KeyBySecret(t.Context(), secret)
			if err != nil {
				t.Fatal(err)
			}
			now := s.timestamp()
			key.LastUsedAt = &now
			if diff := cmp.Diff(key, got); diff != "" {
				t.Error(diff)
			}
		})
		t.Run("the secret is stored nowhere", func(t *testing.T) {
			key, secret := mustCreateKey(t, s, NewKey{CompanyID: company.ID, Name: "CI"})
			var row map[string]any
			if err := s.read.Table("api_keys").Where("id = ?", key.ID).Take(&row).Error; err != nil {
				t.Fatal(err)
			}
			body := strings.TrimPrefix(secret, key.Prefix)
			for column, value := range row {
				text, _ := value.(string)
				if bytes, ok := value.([]byte); ok {
					text = string(bytes)
				}
				if strings.Contains(text, body) {
					t.Errorf("%s has the secret", column)
				}
			}
			if len(row) != 10 {
				t.Errorf("%d columns read", len(row))
			}
		})
		t.Run("a use is noted once a minute", func(t *testing.T) {
			_, secret := mustCreateKey(t, s, NewKey{CompanyID: company.ID, Name: "CI"})
			var noted []time.Time
			for _, wait := range []time.Duration{0, 59 * time.Second, time.Second, time.Second} {
				c.Advance(wait)
				key, err := s.KeyBySecret(t.Context(), secret)
				if err != nil {
					t.Fatal(err)
				}
				noted = append(noted, *key.LastUsedAt)
			}
			first := noted[0]
			want := []time.Time{first, first, first.Add(time.Minute), first.Add(time.Minute)}
			if diff := cmp.Diff(want, noted); diff != "" {
				t.Error(diff)
			}
		})
		t.Run("a use that cannot be noted does not fail the request", func(t *testing.T) {
			_, secret := mustCreateKey(t, s, NewKey{CompanyID: company.ID, Name: "CI"})
			pool, left := s.write.Statement.ConnPool, 1
			if s.read == s.write {
				left = 2 // after the look-up
			}
			s.write.Statement.ConnPool = faultyPool{ConnPool: pool, left: &left}
			key, err := s.KeyBySecret(t.Context(), secret)
			s.write.Statement.ConnPool = pool
			if err != nil || key.LastUsedAt != nil || left != 0 {
				t.Errorf("%v, used %v, %d statements left", err, key.LastUsedAt, left)
			}
		})
		t.Run("a key works until the moment it expires", func(t *testing.T) {
			expires := s.timestamp().Add(time.Hour)
			_, secret := mustCreateKey(t, s, NewKey{CompanyID: company.ID, Name: "CI", ExpiresAt: &expires})
			c.Advance(time.Hour - time.Microsecond)
			if _, err := s.KeyBySecret(t.Context(), secret); err != nil {
				t.Error(err)
			}
			c.Advance(time.Microsecond)
			if _, err := s.KeyBySecret(t.Context(), secret); !errors.Is(err, ErrNotFound) {
				t.Errorf("got %v", err)
			}
		})
		t.Run("a revoked key is not found, and stays revoked since the first time", func(t *testing.T) {
			key, secret := mustCreateKey(t, s, NewKey{CompanyID: company.ID, Name: "CI"})
			revoked := s.timestamp()
			for range 2 {
				if err := s.RevokeKey(t.Context(), key.ID); err != nil {
					t.Fatal(err)
				}
				c.Advance(time.Hour)
			}
			if _, err := s.KeyBySecret(t.Context(), secret); !errors.Is(err, ErrNotFound) {
				t.Errorf("got %v", err)
			}
			keys, err := s.ListKeys(t.Context(), company.ID)
			if err != nil {
				t.Fatal(err)
			}
			if got := keys[len(keys)-1]; got.ID != key.ID || !got.RevokedAt.Equal(revoked) {
				t.Errorf("revoked at %v, want %v", got.RevokedAt, revoked)
			}
		})
		t.Run("a key of the other environment than its company's is not found", func(t *testing.T) {
			key, _ := mustCreateKey(t, s, NewKey{CompanyID: company.ID, Name: "CI"})
			other := newSecret(Live)
			mustExec(t, s, "UPDATE api_keys SET hash = ? WHERE id = ?", hashSecret(other), key.ID)
			if _, err := s.KeyBySecret(t.Context(), other); !errors.Is(err, ErrNotFound) {
				t.Errorf("got %v", err)
			}
		})
		t.Run("unknown and malformed keys are not found", func(t *testing.T) {
			for _, secret := range []string{newSecret(Test), "", "beel_sk_test_", "Bearer"} {
				if _, err := s.KeyBySecret(t.Context(), secret); !errors.Is(err, ErrNotFound) {
					t.Errorf("%q: got %v", secret, err)
				}
			}
			if err := s.RevokeKey(t.Context(), uuid.New()); !errors.Is(err, ErrNotFound) {
				t.Errorf("revoke: got %v", err)
			}
			if _, _, err := s.CreateKey(t.Context(), NewKey{CompanyID: uuid.New()}); !errors.Is(err, ErrNotFound) {
				t.Errorf("create: got %v", err)
			}
		})
	})
}
