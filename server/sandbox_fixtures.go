package server

import (
	"context"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"

	"github.com/panal/panal/gen"
	"github.com/panal/panal/store"
)

// fixture is a row that a sandbox begins with.
type fixture struct {
	ID          uuid.UUID `json:"id"`
	LegalName   string    `json:"legal_name,omitempty"`
	NIF         string    `json:"nif,omitempty"`
	Number      string    `json:"invoice_number,omitempty"`
	Description string    `json:"description"`
	// company has the row, and customer the invoice.
	company, customer uuid.UUID
}

// fixtureID is 0 but for its version and n, so it can be remembered. Only rows that
// were made in the first millisecond of 1970 could have the same one.
func fixtureID(n int) uuid.UUID {
	return uuid.MustParse(fmt.Sprintf("00000000-0000-7000-8000-%012d", n))
}

var (
	mainCompany  = fixtureID(1)
	otherCompany = fixtureID(2)

	inactiveCustomer = fixtureID(102)
	draftsCustomer   = fixtureID(103)
	invoicedCustomer = fixtureID(104)
	deletedCustomer  = fixtureID(105)
	othersCustomer   = fixtureID(201)

	issuedInvoice = fixtureID(1101)
	othersInvoice = fixtureID(2001)

	// fixtureTime is when all of it was made.
	fixtureTime = time.Date(2026, time.January, 1, 0, 0, 0, 0, time.UTC)
)

var fixtureCompanies = []fixture{
	{ID: mainCompany, LegalName: "Estudio Colmena S.L.", NIF: "B00000000", Description: "the company of all keys but one"},
	{ID: otherCompany, LegalName: "Otra Casa S.L.", NIF: "B00000018", Description: "another company, whose rows are not found"},
}

var fixtureSeries = []fixture{
	{ID: fixtureID(11), company: mainCompany, Description: "the default series F"},
	{ID: fixtureID(12), company: otherCompany, Description: "the other company's default series F"},
}

var fixtureCustomers = []fixture{
	{ID: fixtureID(101), company: mainCompany, LegalName: "Marta Ruiz Soler", NIF: "00000000T", Description: "active, without invoices"},
	{ID: inactiveCustomer, company: mainCompany, LegalName: "Iván Pausa Gil", NIF: "11111111H", Description: "inactive: no invoice can be made for it"},
	{ID: draftsCustomer, company: mainCompany, LegalName: "Librería Borrador S.L.", NIF: "B00000026", Description: "has two drafts, so it cannot be deactivated"},
	{ID: invoicedCustomer, company: mainCompany, LegalName: "Taller Emitido S.L.", NIF: "B00000034", Description: "has an issued invoice, so it cannot be deactivated"},
	{ID: deletedCustomer, company: mainCompany, LegalName: "Bar Cerrado S.L.", NIF: "B00000042", Description: "deactivated: it is not found, and its NIF is free"},
	{ID: othersCustomer, company: otherCompany, LegalName: "Cliente Ajeno S.L.", NIF: "B00000059", Description: "the other company's: it is not found"},
}

var fixtureInvoices = []fixture{
	{ID: fixtureID(1001), company: mainCompany, customer: draftsCustomer, Description: "a draft"},
	{ID: fixtureID(1002), company: mainCompany, customer: draftsCustomer, Description: "another draft"},
	{ID: issuedInvoice, company: mainCompany, customer: invoicedCustomer, Number: "F-2026-0001", Description: "issued, so it cannot be deleted"},
	{ID: othersInvoice, company: otherCompany, customer: othersCustomer, Description: "the other company's draft: it is not found"},
}

// plant stores the fixtures, and returns what a world begins with.
func plant(ctx context.Context, st *store.Store, scopes []string) (*store.Snapshot, error) {
	seed := store.Seed{Used: []store.UsedKey{{CompanyID: mainCompany, Key: usedKey}}}
	companies, series, customers := map[uuid.UUID]store.Company{}, map[uuid.UUID]store.Series{}, map[uuid.UUID]store.Customer{}
	for _, f := range fixtureCompanies {
		companies[f.ID] = f.companyRow()
		seed.Companies = append(seed.Companies, companies[f.ID])
	}
	for _, f := range fixtureSeries {
		series[f.company] = f.seriesRow()
		seed.Series = append(seed.Series, series[f.company])
	}
	for _, f := range fixtureCustomers {
		customers[f.ID] = f.customerRow()
		seed.Customers = append(seed.Customers, customers[f.ID])
	}
	for _, f := range fixtureInvoices {
		seed.Invoices = append(seed.Invoices, f.invoiceRow(companies[f.company], series[f.company], customers[f.customer]))
	}
	for i, k := range fixtureKeys {
		seed.Keys = append(seed.Keys, k.row(fixtureID(901+i), scopes))
	}
	if err := st.Plant(ctx, seed); err != nil {
		return nil, err
	}
	if err := st.DeactivateCustomer(ctx, mainCompany, deletedCustomer); err != nil {
		return nil, err
	}
	return st.Snapshot(ctx)
}

var fixtureAddress = store.Address{
	Street: "Calle Mayor", Number: "1", PostalCode: "28013", City: "Madrid", Province: "Madrid", Country: "España", CountryCode: "ES",
}

func (f *fixture) companyRow() store.Company {
	return store.Company{
		ID: f.ID, Environment: store.Test, LegalName: f.LegalName, NIF: f.NIF, Address: fixtureAddress,
		CreatedAt: fixtureTime, UpdatedAt: fixtureTime,
	}
}

func (f *fixture) seriesRow() store.Series {
	return store.Series{
		CompanyID: f.company, ID: f.ID, Code: "F", Name: "Facturas", Format: "{CODIGO}-{YYYY}-{NUM:4}", CounterReset: "ANNUAL",
		InitialNumber: 1, Active: true, DefaultSeries: true, CreatedAt: fixtureTime, UpdatedAt: fixtureTime,
	}
}

func (f *fixture) customerRow() store.Customer {
	return store.Customer{
		CompanyID: f.company, ID: f.ID, LegalName: f.LegalName, NIF: &f.NIF, Address: fixtureAddress,
		Active: f.ID != inactiveCustomer, CreatedAt: fixtureTime, UpdatedAt: fixtureTime,
	}
}

func (f *fixture) invoiceRow(company store.Company, series store.Series, customer store.Customer) store.Invoice {
	unit := "hours"
	content := newInvoice(&gen.CreateInvoiceRequest{
		Type:  gen.InvoiceTypeStandard,
		Lines: []gen.InvoiceLineRequest{{Description: "Consultoría", Quantity: decimal.NewFromInt(2), Unit: &unit, UnitPrice: decimal.NewFromInt(50)}},
	})
	day := store.DateOf(fixtureTime)
	due := day.AddDays(30)
	row := store.Invoice{
		CompanyID: f.company, ID: f.ID, SeriesID: series.ID, SeriesCode: series.Code, Type: content.Type, Status: store.InvoiceDraft,
		IssueDate: day, DueDate: &due, CustomerID: &customer.ID,
		Issuer:    store.Issuer{LegalName: company.LegalName, NIF: company.NIF, Address: company.Address},
		Recipient: store.Recipient{CustomerID: &customer.ID, LegalName: customer.LegalName, NIF: customer.NIF, Address: &customer.Address},
		Lines:     content.Lines, Totals: content.Totals, CreatedAt: fixtureTime, UpdatedAt: fixtureTime,
	}
	if f.Number != "" {
		number := int64(1)
		row.Status, row.Number, row.InvoiceNumber = string(gen.InvoiceStatusIssued), &number, &f.Number
	}
	return row
}
