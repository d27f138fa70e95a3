package main

import (
	"fmt"

	"github.com/pocketbase/pocketbase/core"
)

const userEmail = "ana@correo.example"

// own is the rule of everything: whoever signs in sees what is theirs. A company
// is a user here. Were users members of one, every query would join them, and lists
// would take three times as long.
const own = "@request.auth.id != '' && company = @request.auth.id"

// createCollections makes the customers and invoices of the users that PocketBase
// comes with. An invoice requires its customer and does not go with it, so
// PocketBase refuses to delete a customer who has one.
func createCollections(app core.App) error {
	users, err := app.FindCollectionByNameOrId("users")
	if err != nil {
		return fmt.Errorf("users: %w", err)
	}
	company := func() core.Field {
		return &core.RelationField{Name: "company", CollectionId: users.Id, Required: true}
	}

	customers := core.NewBaseCollection("customers")
	guard(customers)
	customers.Fields.Add(
		company(),
		&core.TextField{Name: "legal_name", Required: true, Max: 120},
		&core.TextField{Name: "nif", Required: true, Pattern: `^([0-9]{8}[A-Z]|[A-Z][0-9]{7}[0-9A-Z])$`},
		&core.TextField{Name: "phone", Max: 30},
		&core.EmailField{Name: "email"},
		&core.TextField{Name: "street", Required: true, Max: 200},
		&core.TextField{Name: "number", Required: true, Max: 20},
		&core.TextField{Name: "postal_code", Required: true, Max: 20},
		&core.TextField{Name: "city", Required: true, Max: 100},
		&core.TextField{Name: "province", Required: true, Max: 100},
		&core.TextField{Name: "country", Required: true, Max: 100},
		&core.TextField{Name: "notes", Max: 1000},
		&core.NumberField{Name: "general_discount", Min: new(0.0), Max: new(100.0)},
		&core.BoolField{Name: "active"},
		&core.AutodateField{Name: "created", OnCreate: true},
		&core.AutodateField{Name: "updated", OnCreate: true, OnUpdate: true},
	)
	customers.AddIndex("idx_customers_nif", true, "company, nif", "")
	customers.AddIndex("idx_customers_legal_name", false, "company, legal_name", "")
	if err := app.Save(customers); err != nil {
		return fmt.Errorf("customers: %w", err)
	}

	invoices := core.NewBaseCollection("invoices")
	guard(invoices)
	invoices.Fields.Add(
		company(),
		&core.RelationField{Name: "customer", CollectionId: customers.Id, Required: true},
		&core.NumberField{Name: "total"},
		&core.JSONField{Name: "lines"},
		&core.AutodateField{Name: "created", OnCreate: true},
	)
	invoices.AddIndex("idx_invoices_customer", false, "customer", "")
	if err := app.Save(invoices); err != nil {
		return fmt.Errorf("invoices: %w", err)
	}
	return nil
}

func guard(c *core.Collection) {
	c.ListRule, c.ViewRule, c.CreateRule, c.UpdateRule, c.DeleteRule = new(own), new(own), new(own), new(own), new(own)
}
