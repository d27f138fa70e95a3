package main

import (
	"context"
	"strings"
	"time"

	"github.com/google/uuid"

	"github.com/panal/panal/store"
)

type companyCreateCmd struct {
	Environment choice `required:"" oneof:"test,live" placeholder:"test|live" help:"test for trying things, live for real invoices. It cannot change."`
	LegalName   text   `required:"" placeholder:"NAME" help:"Name as registered."`
	NIF         text   `name:"nif" required:"" placeholder:"NIF" help:"Spanish tax number."`
	TradeName   text   `placeholder:"NAME" help:"Name in trade."`
	Phone       text   `placeholder:"NUMBER" help:"Telephone number."`
	Email       text   `placeholder:"EMAIL" help:"E-mail address."`
	Web         text   `placeholder:"URL" help:"Web site."`
	JSON        bool   `name:"json" help:"Print JSON."`

	Street      text `group:"address" placeholder:"TEXT" help:"Street without the number."`
	Number      text `group:"address" placeholder:"TEXT" help:"House number."`
	Floor       text `group:"address" placeholder:"TEXT" help:"Floor."`
	Door        text `group:"address" placeholder:"TEXT" help:"Door."`
	PostalCode  text `group:"address" placeholder:"CODE" help:"Postal code."`
	City        text `group:"address" placeholder:"TEXT" help:"City or town."`
	Province    text `group:"address" placeholder:"TEXT" help:"Province or state."`
	Country     text `group:"address" placeholder:"TEXT" help:"Country's name; España if it has no other code."`
	CountryCode text `group:"address" placeholder:"CODE" help:"Country's ISO 3166-1 code of two letters; ES for España."`
}

// Help says what the flags' own help has no room for.
func (*companyCreateCmd) Help() string {
	return `The address is printed on every invoice. To try things it may be left out as a whole, and invoices then say "Sin especificar"; else street, number, postal code, city and province are required.`
}

// Run implements the command.
func (c *companyCreateCmd) Run(ctx context.Context, a *app) error {
	issuer := c.issuer()
	return a.withStore(ctx, func(st *store.Store) error {
		company, err := st.CreateCompany(ctx, store.NewCompany{
			Environment: store.Environment(c.Environment),
			LegalName:   issuer.LegalName, TradeName: issuer.TradeName, NIF: issuer.NIF, Address: issuer.Address,
			Phone: issuer.Phone, Email: issuer.Email, Web: issuer.Web,
		})
		if err != nil {
			return err
		}
		if c.address() == (store.Address{}) {
			if err := say(a.stderr, `note: no address was given, so invoices will show "`+unspecified+`" for it`); err != nil {
				return err
			}
		}
		if c.JSON {
			return sayJSON(a.stdout, companyOutput(company))
		}
		return sayTable(a.stdout, []string{"id", company.ID.String()})
	})
}

const (
	spain       = "España"
	spainCode   = "ES"
	unspecified = "Sin especificar"
)

// issuer is the company as it will stand on invoices.
func (c *companyCreateCmd) issuer() issuer {
	i := issuer{
		LegalName: string(c.LegalName), TradeName: c.TradeName.orNil(), NIF: strings.ToUpper(string(c.NIF)),
		Address: c.address(), Phone: c.Phone.orNil(), Email: c.Email.orNil(), Web: c.Web.orNil(),
	}
	a := &i.Address
	if *a == (store.Address{}) {
		a.Street, a.Number, a.PostalCode, a.City, a.Province = unspecified, "s/n", unspecified, unspecified, unspecified
	}
	if a.Country == "" && (a.CountryCode == "" || a.CountryCode == spainCode) {
		a.Country = spain
	}
	if a.CountryCode == "" && a.Country == spain {
		a.CountryCode = spainCode
	}
	return i
}

func (c *companyCreateCmd) address() store.Address {
	return store.Address{
		Street: string(c.Street), Number: string(c.Number), Floor: c.Floor.orNil(), Door: c.Door.orNil(),
		PostalCode: string(c.PostalCode), City: string(c.City), Province: string(c.Province),
		Country: string(c.Country), CountryCode: string(c.CountryCode),
	}
}

type companyListCmd struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Run implements the command.
func (c *companyListCmd) Run(ctx context.Context, a *app) error {
	return a.withStore(ctx, func(st *store.Store) error {
		companies, err := st.ListCompanies(ctx)
		if err != nil {
			return err
		}
		if c.JSON {
			out := struct {
				Companies []companyJSON `json:"companies"`
			}{make([]companyJSON, len(companies))}
			for i := range companies {
				out.Companies[i] = companyOutput(companies[i])
			}
			return sayJSON(a.stdout, out)
		}
		rows := [][]string{{"ID", "ENVIRONMENT", "NIF", "LEGAL NAME", "CREATED"}}
		for i := range companies {
			company := &companies[i]
			rows = append(rows, []string{
				company.ID.String(), string(company.Environment), company.NIF, company.LegalName, timeCell(&company.CreatedAt),
			})
		}
		return sayTable(a.stdout, rows...)
	})
}

// issuer is a company as the contract's IssuerData describes it.
type issuer struct {
	LegalName string        `json:"legal_name"`
	TradeName *string       `json:"trade_name,omitempty"`
	NIF       string        `json:"nif"`
	Address   store.Address `json:"address"`
	Phone     *string       `json:"phone,omitempty"`
	Email     *string       `json:"email,omitempty"`
	Web       *string       `json:"web,omitempty"`
}

// companyJSON is a company as --json prints it.
type companyJSON struct {
	ID          uuid.UUID         `json:"id"`
	Environment store.Environment `json:"environment"`
	issuer
	CreatedAt time.Time `json:"created_at"`
}

func companyOutput(c store.Company) companyJSON {
	return companyJSON{
		ID: c.ID, Environment: c.Environment, CreatedAt: c.CreatedAt.UTC(),
		issuer: issuer{
			LegalName: c.LegalName, TradeName: c.TradeName, NIF: c.NIF, Address: c.Address,
			Phone: c.Phone, Email: c.Email, Web: c.Web,
		},
	}
}
