package server

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/panal/panal/gen"
	"github.com/panal/panal/store"
)

// authenticate lets a request of an operation pass only with a live key that has
// the operation's scopes. Nothing of the request but its route, method and
// Authorization header is looked at before.
func (s *Server) authenticate(next echo.HandlerFunc) echo.HandlerFunc {
	return func(c echo.Context) error {
		op := s.contract.operation(c)
		if op == nil {
			return next(c)
		}
		r := c.Request()
		secret, ok := bearer(r.Header.Values(echo.HeaderAuthorization))
		if !ok {
			return errUnauthorized
		}
		key, err := s.keys.lookUp(r.Context(), secret)
		if errors.Is(err, store.ErrNotFound) {
			return errUnauthorized
		}
		if err != nil {
			return err
		}
		c.SetRequest(r.WithContext(context.WithValue(r.Context(), callerKey, key)))
		var missing []string
		for _, scope := range op.scopes {
			if !slices.Contains(key.Scopes, scope) {
				missing = append(missing, scope)
			}
		}
		if missing != nil {
			return &refusal{
				status: http.StatusForbidden, code: gen.ErrorCodeInsufficientScope,
				message: "You do not have permission to access this resource",
				details: map[string]any{
					"required_scopes": strings.Join(op.scopes, ","),
					"missing_scopes":  strings.Join(missing, ","),
				},
			}
		}
		return next(c)
	}
}

var errUnauthorized = &refusal{
	status: http.StatusUnauthorized, code: gen.ErrorCodeUnauthorized, message: "Authentication required",
	header: http.Header{"Www-Authenticate": {"Bearer"}},
}

func bearer(headers []string) (string, bool) {
	if len(headers) != 1 {
		return "", false
	}
	scheme, token, ok := strings.Cut(headers[0], " ")
	return strings.TrimLeft(token, " "), ok && strings.EqualFold(scheme, "Bearer")
}

// caller is the key of the request that ctx belongs to. Handlers run behind
// authenticate, so there always is one.
func caller(ctx context.Context) store.Key {
	key, _ := ctx.Value(callerKey).(store.Key)
	return key
}

func callerOf(c echo.Context) (store.Key, bool) {
	key, ok := c.Request().Context().Value(callerKey).(store.Key)
	return key, ok
}

const (
	// keyTTL is how long a key is believed without asking the database. A
	// revocation must be felt within a second on every process.
	keyTTL = 900 * time.Millisecond
	// keyCacheSize bounds the memory that callers can make the cache take.
	keyCacheSize = 10_000
)

// keyCache keeps the keys of the last moments, by the hash of their secret.
type keyCache struct {
	store *store.Store
	// ttl is keyTTL but in a sandbox, whose clock may have moved in between.
	ttl time.Duration
	// elapsed is the time since some fixed moment, never that of a settable clock.
	elapsed func() time.Duration
	mu      sync.RWMutex
	entries map[[sha256.Size]byte]cachedKey
}

type cachedKey struct {
	key   store.Key
	until time.Duration
}

func newKeyCache(st *store.Store) *keyCache {
	start := time.Now()
	return &keyCache{
		store:   st,
		ttl:     keyTTL,
		elapsed: func() time.Duration { return time.Since(start) },
		entries: map[[sha256.Size]byte]cachedKey{},
	}
}

// lookUp returns the live key of a secret, or store.ErrNotFound. A secret whose
// checksum is wrong costs no database call.
func (kc *keyCache) lookUp(ctx context.Context, secret string) (store.Key, error) {
	if _, ok := store.ParseKey(secret); !ok {
		return store.Key{}, store.ErrNotFound
	}
	hash := sha256.Sum256([]byte(secret))
	now := kc.elapsed()
	kc.mu.RLock()
	cached, ok := kc.entries[hash]
	kc.mu.RUnlock()
	if ok && now < cached.until {
		return cached.key, nil
	}
	key, err := kc.store.KeyBySecret(ctx, secret)
	if err != nil {
		return store.Key{}, err
	}
	kc.mu.Lock()
	defer kc.mu.Unlock()
	if len(kc.entries) >= keyCacheSize {
		clear(kc.entries)
	}
	// Counted from before the look-up: the answer may be that old already.
	kc.entries[hash] = cachedKey{key: key, until: now + kc.ttl}
	return key, nil
}
