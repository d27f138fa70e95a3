package main

import (
	"context"
	"crypto/sha256"
	"errors"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/google/uuid"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// keys believes a key for as long as Panal does.
type keys struct {
	pool  *pgxpool.Pool
	mu    sync.RWMutex
	known map[[sha256.Size]byte]known
}

type known struct {
	company uuid.UUID
	until   time.Time
}

func (k *keys) company(ctx context.Context, secret string) (uuid.UUID, error) {
	hash, now := sha256.Sum256([]byte(secret)), time.Now()
	k.mu.RLock()
	found := k.known[hash]
	k.mu.RUnlock()
	if now.Before(found.until) {
		return found.company, nil
	}
	err := k.pool.QueryRow(ctx, `SELECT company_id FROM api_keys
		WHERE hash = $1 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > now())`, hash[:]).Scan((*[16]byte)(&found.company))
	if err != nil {
		return uuid.Nil, err //nolint:wrapcheck // becomes a 401
	}
	found.until = now.Add(900 * time.Millisecond)
	k.mu.Lock()
	k.known[hash] = found
	k.mu.Unlock()
	return found.company, nil
}

// handler answers a request of a company with a status and the data of the envelope.
type handler func(ctx context.Context, company uuid.UUID, r *http.Request) (int, any, error)

var errBadRequest = errors.New("bad request")

func (f *floor) keyed(handle handler) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		secret, _ := strings.CutPrefix(r.Header.Get("Authorization"), "Bearer ")
		company, err := f.keys.company(r.Context(), secret)
		if err != nil {
			answer(w, http.StatusUnauthorized, nil)
			return
		}
		status, data, err := handle(r.Context(), company, r)
		switch {
		case errors.Is(err, errBadRequest):
			status, data = http.StatusBadRequest, err.Error()
		case errors.Is(err, pgx.ErrNoRows):
			status, data = http.StatusNotFound, "Resource not found"
		case err != nil:
			status, data = http.StatusInternalServerError, err.Error()
		}
		answer(w, status, data)
	}
}
