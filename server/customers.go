package server

import (
	"context"
	"net/http"
	"slices"
	"sync"

	"github.com/oapi-codegen/nullable"
	"github.com/shopspring/decimal"

	"github.com/panal/panal/gen"
	"github.com/panal/panal/store"
)

// ListCustomers answers GET /v1/customers.
func (s *Server) ListCustomers(ctx context.Context, r gen.ListCustomersRequestObject) (gen.ListCustomersResponseObject, error) {
	p := r.Params
	page := pageOf(p.Page, p.Limit)
	filter := store.CustomerFilter{
		Active: p.Active,
		Search: value(p.Search), LegalName: value(p.LegalName), NIF: value(p.NIF), Email: value(p.Email), Phone: value(p.Phone),
		City: value(p.City), Province: value(p.Province),
		SortBy: store.CustomerSort(value(p.SortBy)), Descending: value(p.SortOrder) == gen.SortOrderDesc,
		Page: page.number, Limit: page.limit,
	}
	customers, total, err := s.store.ListCustomers(ctx, caller(ctx).CompanyID, filter)
	if err != nil {
		return nil, err
	}
	list := gen.CustomerList{Customers: make([]gen.Customer, len(customers)), Pagination: page.pagination(total)}
	for i := range customers {
		list.Customers[i] = customerBody(&customers[i])
	}
	return gen.ListCustomers200JSONResponse{Body: gen.CustomerListEnvelope{Success: true, Data: list, Meta: s.meta(ctx)}}, nil
}

// CreateCustomer answers POST /v1/customers.
func (s *Server) CreateCustomer(ctx context.Context, r gen.CreateCustomerRequestObject) (gen.CreateCustomerResponseObject, error) {
	n := newCustomer(*r.Body)
	n.Once = once(ctx, http.StatusCreated, func(c store.Customer) gen.Customer { return customerBody(&c) })
	c, err := s.store.CreateCustomer(ctx, caller(ctx).CompanyID, n)
	if err != nil {
		return nil, err
	}
	return gen.CreateCustomer201JSONResponse{
		Body:    s.customerEnvelope(ctx, c),
		Headers: gen.CreateCustomer201ResponseHeaders{ETag: etag(c)},
	}, nil
}

// GetCustomer answers GET /v1/customers/{customer_id}.
func (s *Server) GetCustomer(ctx context.Context, r gen.GetCustomerRequestObject) (gen.GetCustomerResponseObject, error) {
	c, err := s.store.GetCustomer(ctx, caller(ctx).CompanyID, r.CustomerID)
	if err != nil {
		return nil, err
	}
	tag := etag(c)
	if !matchesNone(r.Params.IfNoneMatch, *tag) {
		return gen.GetCustomer304Response{Headers: gen.GetCustomer304ResponseHeaders{ETag: tag}}, nil
	}
	return gen.GetCustomer200JSONResponse{
		Body:    s.customerEnvelope(ctx, c),
		Headers: gen.GetCustomer200ResponseHeaders{ETag: tag},
	}, nil
}

// UpdateCustomer answers PUT /v1/customers/{customer_id}.
func (s *Server) UpdateCustomer(ctx context.Context, r gen.UpdateCustomerRequestObject) (gen.UpdateCustomerResponseObject, error) {
	u := customerUpdate(*r.Body)
	u.Versions = versions(r.Params.IfMatch)
	c, err := s.store.UpdateCustomer(ctx, caller(ctx).CompanyID, r.CustomerID, u)
	if err != nil {
		return nil, err
	}
	return gen.UpdateCustomer200JSONResponse{
		Body:    s.customerEnvelope(ctx, c),
		Headers: gen.UpdateCustomer200ResponseHeaders{ETag: etag(c)},
	}, nil
}

// DeactivateCustomer answers DELETE /v1/customers/{customer_id}.
func (s *Server) DeactivateCustomer(ctx context.Context, r gen.DeactivateCustomerRequestObject) (gen.DeactivateCustomerResponseObject, error) {
	if err := s.store.DeactivateCustomer(ctx, caller(ctx).CompanyID, r.CustomerID, versions(r.Params.IfMatch)...); err != nil {
		return nil, err
	}
	return gen.DeactivateCustomer200JSONResponse{Body: gen.CustomerDeactivationEnvelope{
		Success: true,
		Data:    gen.CustomerDeactivation{Message: "Customer deactivated successfully"},
		Meta:    s.meta(ctx),
	}}, nil
}

// hasInvoicesDetails names the blockers to a caller who may read invoices.
func hasInvoicesDetails(ctx context.Context, err *store.HasInvoicesError) map[string]any {
	details := map[string]any{
		"customer_id":   err.CustomerID.String(),
		"invoice_count": err.Count,
		"hint":          "Set active to false to stop invoicing this customer and keep its invoices",
	}
	if !slices.Contains(caller(ctx).Scopes, "invoices:read") {
		return details
	}
	blocking := make([]gen.BlockingInvoice, len(err.Invoices))
	for i, b := range err.Invoices {
		blocking[i] = gen.BlockingInvoice{ID: b.ID, InvoiceNumber: orNull(b.Number), Status: gen.InvoiceStatus(b.Status)}
	}
	details["invoices"] = blocking
	return details
}

func (s *Server) customerEnvelope(ctx context.Context, c store.Customer) gen.CustomerEnvelope {
	return gen.CustomerEnvelope{Success: true, Data: customerBody(&c), Meta: s.meta(ctx)}
}

// customerBody keeps pointers into c.
func customerBody(c *store.Customer) gen.Customer {
	return gen.Customer{
		ID:                     c.ID,
		LegalName:              c.LegalName,
		TradeName:              c.TradeName,
		NIF:                    c.NIF,
		AlternativeID:          orNull(alternativeIDBody(c.AlternativeID())),
		Address:                addressBody(c.Address),
		Phone:                  c.Phone,
		Email:                  orNull(c.Email),
		Web:                    orNull(c.Web),
		BillingEmails:          c.BillingEmails,
		ContactPerson:          c.ContactPerson,
		Notes:                  c.Notes,
		PreferredPaymentMethod: orNull(paymentInfoBody(c.PreferredPaymentMethod)),
		GeneralDiscount:        &c.GeneralDiscount,
		Active:                 c.Active,
		CreatedAt:              c.CreatedAt.UTC(),
		UpdatedAt:              c.UpdatedAt.UTC(),
	}
}

func newCustomer(b gen.CreateCustomerRequest) store.NewCustomer {
	c := store.NewCustomer{
		LegalName:              b.LegalName,
		TradeName:              orNil(b.TradeName),
		NIF:                    b.NIF,
		AlternativeID:          alternativeID(orNil(b.AlternativeID)),
		Address:                address(b.Address),
		Phone:                  orNil(b.Phone),
		Email:                  orNil(b.Email),
		Web:                    orNil(b.Web),
		ContactPerson:          orNil(b.ContactPerson),
		Notes:                  orNil(b.Notes),
		PreferredPaymentMethod: paymentInfo(orNil(b.PreferredPaymentMethod)),
	}
	if emails := orNil(b.BillingEmails); emails != nil {
		c.BillingEmails = *emails
	}
	if discount := orNil(b.GeneralDiscount); discount != nil {
		c.GeneralDiscount = *discount
	}
	return c
}

func customerUpdate(b gen.UpdateCustomerRequest) store.CustomerUpdate {
	u := store.CustomerUpdate{
		LegalName:              b.LegalName,
		TradeName:              field(b.TradeName),
		NIF:                    b.NIF,
		Phone:                  field(b.Phone),
		Email:                  field(b.Email),
		Web:                    field(b.Web),
		BillingEmails:          field(b.BillingEmails),
		ContactPerson:          field(b.ContactPerson),
		Notes:                  field(b.Notes),
		PreferredPaymentMethod: store.Field[store.PaymentInfo]{Set: b.PreferredPaymentMethod.IsSpecified(), Value: paymentInfo(orNil(b.PreferredPaymentMethod))},
		AlternativeID:          store.Field[store.AlternativeID]{Set: b.AlternativeID.IsSpecified(), Value: alternativeID(orNil(b.AlternativeID))},
		Active:                 b.Active,
	}
	if b.GeneralDiscount.IsSpecified() {
		u.GeneralDiscount = &decimal.Decimal{}
		if !b.GeneralDiscount.IsNull() {
			u.GeneralDiscount = orNil(b.GeneralDiscount)
		}
	}
	if b.Address != nil {
		a := address(*b.Address)
		u.Address = &a
	}
	return u
}

func addressBody(a store.Address) gen.Address {
	return gen.Address{
		Street: a.Street, Number: a.Number, Floor: a.Floor, Door: a.Door, PostalCode: a.PostalCode,
		City: a.City, Province: a.Province, Country: a.Country, CountryCode: &a.CountryCode,
	}
}

// address takes a validated address, which has the contract's default country.
func address(b gen.Address) store.Address {
	return store.Address{
		Street: b.Street, Number: b.Number, Floor: b.Floor, Door: b.Door, PostalCode: b.PostalCode,
		City: b.City, Province: b.Province, Country: b.Country, CountryCode: *b.CountryCode,
	}
}

func alternativeIDBody(a *store.AlternativeID) *gen.AlternativeIdentifier {
	if a == nil {
		return nil
	}
	return &gen.AlternativeIdentifier{Type: gen.AlternativeIdentifierType(a.Type), Number: a.Number, CountryCode: a.CountryCode}
}

func alternativeID(b *gen.AlternativeIdentifier) *store.AlternativeID {
	if b == nil {
		return nil
	}
	return &store.AlternativeID{Type: string(b.Type), Number: b.Number, CountryCode: b.CountryCode}
}

func paymentInfoBody(p *store.PaymentInfo) *gen.PaymentInfo {
	if p == nil {
		return nil
	}
	b := &gen.PaymentInfo{IBAN: p.IBAN, SWIFT: p.SWIFT}
	if p.TermDays != nil {
		b.PaymentTermDays.Set(*p.TermDays)
	}
	if p.Method != nil {
		method := gen.PaymentMethod(*p.Method)
		b.Method = &method
	}
	return b
}

func paymentInfo(b *gen.PaymentInfo) *store.PaymentInfo {
	if b == nil {
		return nil
	}
	p := &store.PaymentInfo{IBAN: b.IBAN, SWIFT: b.SWIFT, TermDays: orNil(b.PaymentTermDays)}
	if b.Method != nil {
		method := string(*b.Method)
		p.Method = &method
	}
	return p
}

// orNull writes what is absent as an explicit null.
func orNull[T any](v *T) nullable.Nullable[T] {
	if v != nil {
		return nullable.NewNullableWithValue(*v)
	}
	null, ok := nulls.Load(v)
	if !ok {
		null, _ = nulls.LoadOrStore(v, nullable.NewNullNullable[T]())
	}
	return null.(nullable.Nullable[T]) //nolint:forcetypeassert,errcheck // stored above
}

// nulls has one null of each type, under the nil pointer to that type. A Nullable is
// a map, and half of the values in a list are null. Set and SetNull make new maps,
// so nobody writes to these.
var nulls sync.Map

// orNil reads an absent value and an explicit null alike.
func orNil[T any](n nullable.Nullable[T]) *T {
	v, err := n.Get()
	if err != nil {
		return nil
	}
	return &v
}

// value reads an absent parameter as the zero value.
func value[T any](v *T) T {
	var zero T
	if v == nil {
		return zero
	}
	return *v
}

// field tells a change of a value, a null included, from its absence.
func field[T any](n nullable.Nullable[T]) store.Field[T] {
	return store.Field[T]{Set: n.IsSpecified(), Value: orNil(n)}
}
