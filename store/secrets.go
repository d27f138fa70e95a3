package store

import (
	"crypto/rand"
	"hash/crc32"
	"strings"
)

// A secret is a prefix that names the environment, 30 random characters, and
// 6 of checksum, so that a mistyped key and a random string are refused
// without asking the database, and a scanner can find a leaked one.
const (
	keyPrefix  = "beel_sk_"
	keyRandom  = 30
	keySum     = 6
	keyShown   = 4 // random characters that may be shown
	base62     = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
	rejectFrom = 256 - 256%len(base62)
)

// ParseKey tells a well-formed key from anything else, and its environment. It
// says nothing about whether the key exists.
func ParseKey(secret string) (Environment, bool) {
	for _, environment := range []Environment{Test, Live} {
		body, ok := strings.CutPrefix(secret, prefixOf(environment))
		if !ok || len(body) != keyRandom+keySum || strings.Trim(body, base62) != "" {
			continue
		}
		signed := secret[:len(secret)-keySum]
		return environment, checksum(signed) == secret[len(signed):]
	}
	return "", false
}

func prefixOf(e Environment) string { return keyPrefix + string(e) + "_" }

func newSecret(e Environment) string {
	signed := prefixOf(e) + randomBase62(keyRandom)
	return signed + checksum(signed)
}

// shownPrefix leaves 26 random characters unknown.
func shownPrefix(secret string) string { return secret[:len(secret)-keyRandom-keySum+keyShown] }

// randomBase62 throws away the bytes that would make some characters likelier
// than others. crypto/rand never fails.
func randomBase62(n int) string {
	out := make([]byte, 0, n)
	var buf [64]byte
	for len(out) < n {
		_, _ = rand.Read(buf[:])
		for _, b := range buf {
			if int(b) < rejectFrom && len(out) < n {
				out = append(out, base62[int(b)%len(base62)])
			}
		}
	}
	return string(out)
}

func checksum(s string) string {
	sum := crc32.ChecksumIEEE([]byte(s))
	var out [keySum]byte
	for i := keySum - 1; i >= 0; i-- {
		out[i] = base62[sum%uint32(len(base62))]
		sum /= uint32(len(base62))
	}
	return string(out[:])
}
