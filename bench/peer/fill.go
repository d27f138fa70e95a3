package main

import (
	"fmt"

	"github.com/pocketbase/dbx"
	"github.com/pocketbase/pocketbase/core"
	"github.com/pocketbase/pocketbase/tools/types"

	"github.com/panal/panal/bench/seed"
)

// fill writes the rows directly: through the API a million would take hours.
func fill(app core.App, customers int) error {
	if err := createCollections(app); err != nil {
		return err
	}
	// What Panal logs goes to a file, which is cheaper than PocketBase's database
	// of log lines; without it nobody can say that the log made it slow.
	app.Settings().Logs.MaxDays = 0
	if err := app.Save(app.Settings()); err != nil {
		return fmt.Errorf("settings: %w", err)
	}
	err := app.RunInTransaction(func(tx core.App) error {
		company, err := makeUser(tx)
		if err != nil {
			return err
		}
		for i := range customers {
			if err := insert(tx, company, i); err != nil {
				return fmt.Errorf("customer %d: %w", i, err)
			}
		}
		return nil
	})
	if err != nil {
		return err //nolint:wrapcheck // says what and where
	}
	_, err = app.NonconcurrentDB().NewQuery("PRAGMA optimize = 0x10002").Execute() // PocketBase runs one each night
	return err                                                                     //nolint:wrapcheck // one statement
}

// makeUser makes the user that has the customers, and the superuser without whom
// PocketBase begins by setting itself up.
func makeUser(app core.App) (id string, err error) {
	for _, of := range []struct{ collection, id string }{{core.CollectionNameSuperusers, "panalsuperuser1"}, {"users", seed.PeerCompany}} {
		collection, err := app.FindCollectionByNameOrId(of.collection)
		if err != nil {
			return "", fmt.Errorf("%s: %w", of.collection, err)
		}
		u := core.NewRecord(collection)
		u.Set("id", of.id)
		u.SetEmail(userEmail)
		u.SetRandomPassword()
		u.SetVerified(true)
		if err := app.Save(u); err != nil {
			return "", fmt.Errorf("%s: %w", of.collection, err)
		}
		id = u.Id
	}
	return id, nil
}

func insert(app core.App, company string, i int) error {
	c, id := seed.At(i), seed.PeerID(i)
	created, err := types.ParseDateTime(c.CreatedAt)
	if err != nil {
		return fmt.Errorf("time: %w", err)
	}
	_, err = app.NonconcurrentDB().Insert("customers", dbx.Params{
		"id": id, "company": company, "legal_name": c.Name, "nif": c.NIF, "phone": c.Phone, "email": c.Email,
		"street": c.Street, "number": c.Number, "postal_code": c.PostalCode, "city": c.City, "province": c.Province,
		"country": c.Country, "general_discount": 0, "active": c.Active, "created": created, "updated": created,
	}).Execute()
	if err != nil || !seed.Invoiced(i) {
		return err //nolint:wrapcheck // one statement
	}
	_, err = app.NonconcurrentDB().Insert("invoices", dbx.Params{
		"id": id, "company": company, "customer": id, "total": 121, "created": created,
		"lines": `[{"description":"Horas de consultoría","quantity":2,"unit_price":50}]`,
	}).Execute()
	return err //nolint:wrapcheck // one statement
}
