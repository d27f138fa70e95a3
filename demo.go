package main

import (
	"context"
	"fmt"
	"net"

	"github.com/panal/panal/store"
)

// demoCompany has a valid tax number that no real company has.
var demoCompany = store.NewCompany{
	Environment: store.Test,
	LegalName:   "Demo S.L.",
	NIF:         "B00000000",
	Address: store.Address{
		Street: "Calle Mayor", Number: "1", PostalCode: "28013", City: "Madrid", Province: "Madrid",
		Country: spain, CountryCode: spainCode,
	},
}

const welcome = `The database was empty, so it now has a company to try things with (%s, NIF %s)
and a key for it, which is shown this once:

  %s

Reference: http://%s/docs
A first request:

  curl -sS http://%[4]s/api/v1/customers \
    -H 'Authorization: Bearer %[3]s' \
    -H 'Content-Type: application/json' \
    -d '{"legal_name": "Panadería Ñandú S.L.", "nif": "B12345674", "address": {"street": "Calle Mayor", "number": "12", "postal_code": "28013", "city": "Madrid", "province": "Madrid", "country": "España"}}'

`

// makeDemo gives a database without companies something to try things with, and
// prints how. A database on PostgreSQL is not taken for a toy unless told so.
func (a *app) makeDemo(ctx context.Context, st *store.Store, addr net.Addr) error {
	if a.Demo == "false" || a.Demo == "auto" && st.Dialect() != "sqlite" {
		return nil
	}
	companies, err := st.ListCompanies(ctx)
	if err != nil || len(companies) > 0 {
		return err
	}
	all, err := allScopes()
	if err != nil {
		return err
	}
	company, err := st.CreateCompany(ctx, demoCompany)
	if err != nil {
		return err
	}
	_, secret, err := st.CreateKey(ctx, store.NewKey{CompanyID: company.ID, Name: "Demo", Scopes: all})
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(a.stdout, welcome, company.LegalName, company.NIF, secret, reachable(addr)); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	return nil
}

// reachable is addr as a client on this machine can dial it: 0.0.0.0 and [::]
// mean every address and are none.
func reachable(addr net.Addr) string {
	if tcp, ok := addr.(*net.TCPAddr); ok && tcp.IP.IsUnspecified() {
		return fmt.Sprintf("localhost:%d", tcp.Port)
	}
	return addr.String()
}
