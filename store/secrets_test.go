package store

import (
	"regexp"
	"strings"
	"testing"

	"pgregory.net/rapid"
)

func TestParseKey(t *testing.T) {
	t.Run("every new secret is well formed and of its environment", func(t *testing.T) {
		shape := regexp.MustCompile(`^beel_sk_(test|live)_[0-9A-Za-z]{36}$`)
		for _, environment := range []Environment{Test, Live} {
			for range 100 {
				secret := newSecret(environment)
				got, ok := ParseKey(secret)
				if !ok || got != environment || !shape.MatchString(secret) {
					t.Fatalf("%s: %s, %t", secret, got, ok)
				}
			}
		}
	})
	// CRC-32 catches every burst of up to 32 bits, so every changed character.
	t.Run("no secret with one character changed is well formed", func(t *testing.T) {
		rapid.Check(t, func(t *rapid.T) {
			secret := []byte(newSecret(Test))
			i := rapid.IntRange(0, len(secret)-1).Draw(t, "position")
			to := rapid.Byte().Draw(t, "character")
			if secret[i] == to {
				t.Skip("not a change")
			}
			secret[i] = to
			if _, ok := ParseKey(string(secret)); ok {
				t.Fatalf("accepted %q", secret)
			}
		})
	})
	t.Run("test and live cannot be swapped", func(t *testing.T) {
		if _, ok := ParseKey(strings.Replace(newSecret(Test), "test", "live", 1)); ok {
			t.Error("accepted")
		}
	})
	t.Run("the checksum is CRC-32 in six characters, leading zeros kept", func(t *testing.T) {
		// The check value of CRC-32/ISO-HDLC is 0xCBF43926.
		if got, want := checksum("123456789"), "3jZRME"; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		if got := checksum(""); got != "000000" {
			t.Errorf("got %s", got)
		}
	})
	t.Run("the shown part leaves 26 random characters out", func(t *testing.T) {
		secret := newSecret(Live)
		if got, want := shownPrefix(secret), secret[:len("beel_sk_live_")+4]; got != want {
			t.Errorf("got %s, want %s", got, want)
		}
	})
}

// 620,000 characters, 10,000 of each expected: a bias as of modulo 256, which
// makes eight characters a quarter likelier, is 25 standard deviations away.
func TestRandomCharactersAreUnbiased(t *testing.T) {
	counts := map[rune]int{}
	for _, r := range randomBase62(620_000) {
		counts[r]++
	}
	if len(counts) != 62 {
		t.Errorf("%d different characters", len(counts))
	}
	for r, n := range counts {
		if n < 9_200 || n > 10_800 { // eight standard deviations
			t.Errorf("%c came %d times", r, n)
		}
	}
}

func FuzzParseKey(f *testing.F) {
	f.Add(newSecret(Test))
	f.Add(newSecret(Live))
	f.Add("beel_sk_test_" + strings.Repeat("0", 36))
	f.Fuzz(func(t *testing.T, secret string) {
		environment, ok := ParseKey(secret)
		if !ok {
			return
		}
		signed, found := strings.CutSuffix(secret, checksum(secret[:len(secret)-keySum]))
		if !found || len(secret) != len(prefixOf(environment))+36 || !strings.HasPrefix(signed, prefixOf(environment)) {
			t.Errorf("accepted %q", secret)
		}
	})
}
