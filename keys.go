package main

import (
	"context"
	"errors"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/google/uuid"

	"github.com/panal/panal/store"
)

type keyCreateCmd struct {
	Company uuid.UUID `required:"" placeholder:"ID" help:"The company's id."`
	Name    text      `required:"" placeholder:"TEXT" help:"What the key is for, for people to tell keys apart."`
	Scopes  scopes    `required:"" placeholder:"SCOPE,..." help:"What the key may do, such as customers:read,customers:write, or all."`
	Expires timeout   `placeholder:"DURATION" help:"How long the key is valid, such as 720h. For ever if not set."`
	JSON    bool      `name:"json" help:"Print JSON."`
}

func (c *keyCreateCmd) check(_ *settings, faults *usageError) {
	if utf8.RuneCountInString(string(c.Name)) > 100 {
		faults.add("--name", "must have at most 100 characters")
	}
}

// Run implements the command.
func (c *keyCreateCmd) Run(ctx context.Context, a *app) error {
	n := store.NewKey{CompanyID: c.Company, Name: string(c.Name), Scopes: c.Scopes}
	if c.Expires > 0 {
		at := time.Now().Add(time.Duration(c.Expires))
		n.ExpiresAt = &at
	}
	return a.withStore(ctx, func(st *store.Store) error {
		key, secret, err := st.CreateKey(ctx, n)
		if errors.Is(err, store.ErrNotFound) {
			return errNoCompany
		}
		if err != nil {
			return err
		}
		if c.JSON {
			out := keyOutput(key)
			out.Key = secret
			return sayJSON(a.stdout, out)
		}
		return sayTable(a.stdout, []string{"id", key.ID.String()}, []string{"key", secret})
	})
}

var (
	errNoCompany = errors.New(`there is no company with this id: "panal company list" shows them`)
	errNoKey     = errors.New(`there is no key with this id: "panal key list" shows a company's`)
)

type keyListCmd struct {
	Company uuid.UUID `required:"" placeholder:"ID" help:"The company's id."`
	JSON    bool      `name:"json" help:"Print JSON."`
}

// Run implements the command.
func (c *keyListCmd) Run(ctx context.Context, a *app) error {
	return a.withStore(ctx, func(st *store.Store) error {
		keys, err := st.ListKeys(ctx, c.Company)
		if err != nil {
			return err
		}
		if len(keys) == 0 {
			if _, err := st.GetCompany(ctx, c.Company); errors.Is(err, store.ErrNotFound) {
				return errNoCompany
			}
		}
		if c.JSON {
			out := struct {
				Keys []keyJSON `json:"keys"`
			}{make([]keyJSON, len(keys))}
			for i := range keys {
				out.Keys[i] = keyOutput(keys[i])
			}
			return sayJSON(a.stdout, out)
		}
		rows := [][]string{{"ID", "NAME", "PREFIX", "SCOPES", "CREATED", "EXPIRES", "LAST USED", "REVOKED"}}
		for _, k := range keys {
			rows = append(rows, []string{
				k.ID.String(), k.Name, k.Prefix, orDash(strings.Join(k.Scopes, ",")),
				timeCell(&k.CreatedAt), timeCell(k.ExpiresAt), timeCell(k.LastUsedAt), timeCell(k.RevokedAt),
			})
		}
		return sayTable(a.stdout, rows...)
	})
}

func timeCell(t *time.Time) string {
	if t == nil {
		return "-"
	}
	return t.UTC().Format(time.RFC3339)
}

type keyRevokeCmd struct {
	ID uuid.UUID `arg:"" name:"id" help:"The key's id, not the key itself."`
}

// Run implements the command.
func (c *keyRevokeCmd) Run(ctx context.Context, a *app) error {
	return a.withStore(ctx, func(st *store.Store) error {
		err := st.RevokeKey(ctx, c.ID)
		if errors.Is(err, store.ErrNotFound) {
			return errNoKey
		}
		if err != nil {
			return err
		}
		return say(a.stdout, "revoked")
	})
}

// keyJSON is a key as --json prints it.
type keyJSON struct {
	ID          uuid.UUID         `json:"id"`
	Key         string            `json:"key,omitempty"` // only where it is made
	CompanyID   uuid.UUID         `json:"company_id"`
	Name        string            `json:"name"`
	Prefix      string            `json:"prefix"`
	Environment store.Environment `json:"environment"`
	Scopes      []string          `json:"scopes"`
	CreatedAt   time.Time         `json:"created_at"`
	ExpiresAt   *time.Time        `json:"expires_at"`
	LastUsedAt  *time.Time        `json:"last_used_at"`
	RevokedAt   *time.Time        `json:"revoked_at"`
}

func keyOutput(k store.Key) keyJSON {
	return keyJSON{
		ID: k.ID, CompanyID: k.CompanyID, Name: k.Name, Prefix: k.Prefix, Environment: k.Environment,
		Scopes: k.Scopes, CreatedAt: k.CreatedAt, ExpiresAt: k.ExpiresAt, LastUsedAt: k.LastUsedAt, RevokedAt: k.RevokedAt,
	}
}
