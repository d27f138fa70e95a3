package server

import (
	"time"

	"github.com/google/uuid"

	"github.com/panal/panal/gen"
	"github.com/panal/panal/store"
)

const (
	// usedKey is an idempotency key that another request has used.
	usedKey = "sandbox-used"
	// processingKey is one whose first request never ends.
	processingKey = "sandbox-processing"
)

// fixtureKey is an API key that only sandboxes know.
type fixtureKey struct {
	Name        string    `json:"name"`
	Key         string    `json:"key"`
	CompanyID   uuid.UUID `json:"company_id"`
	Description string    `json:"description"`
	scopes      []string  // nil: all
	expires     *time.Time
	revoked     *time.Time
	// fails is the code that every request with the key is refused with.
	fails gen.ErrorCode
}

var fixtureKeys = []fixtureKey{{
	Name: "full", Key: "beel_sk_test_sandboxFull00000000000000000002gS25v", CompanyID: mainCompany,
	Description: "every scope",
}, {
	Name: "read-only", Key: "beel_sk_test_sandboxReadOnly0000000000000002jG2pB", CompanyID: mainCompany,
	Description: "customers:read and invoices:read", scopes: []string{"customers:read", "invoices:read"},
}, {
	Name: "no scopes", Key: "beel_sk_test_sandboxNoScopes0000000000000001ixt8M", CompanyID: mainCompany,
	Description: "not one scope", scopes: []string{},
}, {
	Name: "expired", Key: "beel_sk_test_sandboxExpired00000000000000000uMdaG", CompanyID: mainCompany,
	Description: "every scope, until 2026-01-01T00:00:00Z", expires: &fixtureTime,
}, {
	Name: "revoked", Key: "beel_sk_test_sandboxRevoked00000000000000002yHI1L", CompanyID: mainCompany,
	Description: "revoked", revoked: &fixtureTime,
}, {
	Name: "rate limited", Key: "beel_sk_test_sandboxRateLimited0000000000001pUrjH", CompanyID: mainCompany,
	Description: "every request is one too many", fails: gen.ErrorCodeRateLimitExceeded,
}, {
	Name: "internal error", Key: "beel_sk_test_sandboxInternalError00000000003cN1ss", CompanyID: mainCompany,
	Description: "every request fails", fails: gen.ErrorCodeInternalError,
}, {
	Name: "unavailable", Key: "beel_sk_test_sandboxUnavailable0000000000003E6wsm", CompanyID: mainCompany,
	Description: "every request finds the service unavailable", fails: gen.ErrorCodeServiceUnavailable,
}, {
	Name: "other company", Key: "beel_sk_test_sandboxOtherCompany000000000002atEdy", CompanyID: otherCompany,
	Description: "every scope, of the other company",
}}

// SandboxKey is the key of a sandbox that may do everything.
func SandboxKey() string { return fixtureKeys[0].Key }

func (k *fixtureKey) row(id uuid.UUID, all []string) store.SeedKey {
	scopes := k.scopes
	if scopes == nil {
		scopes = all
	}
	return store.SeedKey{Secret: k.Key, Key: store.Key{
		CompanyID: k.CompanyID, ID: id, Name: k.Name, Scopes: scopes,
		CreatedAt: fixtureTime, ExpiresAt: k.expires, RevokedAt: k.revoked,
	}}
}

// failure is the code that every request with a key is refused with, empty for most.
func failure(key store.Key) gen.ErrorCode {
	for _, k := range fixtureKeys {
		if k.Name == key.Name {
			return k.fails
		}
	}
	return ""
}
