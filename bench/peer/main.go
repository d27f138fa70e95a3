// Command peer is PocketBase with the yardstick's customers and invoices, as a
// user would set them up: collections with rules and indexes, and its REST API.
//
//	peer -dir D -seed N   makes the collections and N customers
//	peer -dir D           serves them, and prints a token first
package main

import (
	"flag"
	"fmt"
	"log"

	"github.com/pocketbase/pocketbase/apis"
	"github.com/pocketbase/pocketbase/core"
	_ "github.com/pocketbase/pocketbase/migrations" // its own tables
)

func main() {
	dir := flag.String("dir", "", "directory of the data")
	customers := flag.Int("seed", 0, "make so many customers instead of serving")
	address := flag.String("address", "127.0.0.1:8090", "where to listen")
	flag.Parse()
	app := core.NewBaseApp(core.BaseAppConfig{DataDir: *dir})
	if err := run(app, *customers, *address); err != nil {
		log.Fatal(err)
	}
}

func run(app core.App, customers int, address string) error {
	if err := app.Bootstrap(); err != nil {
		return fmt.Errorf("bootstrap: %w", err)
	}
	if customers > 0 {
		if err := app.RunAllMigrations(); err != nil {
			return fmt.Errorf("migrate: %w", err)
		}
		if err := fill(app, customers); err != nil {
			return fmt.Errorf("seed: %w", err)
		}
		return app.ResetBootstrapState() //nolint:wrapcheck // closes the databases
	}
	user, err := app.FindAuthRecordByEmail("users", userEmail)
	if err != nil {
		return fmt.Errorf("find the user: %w", err)
	}
	token, err := user.NewAuthToken()
	if err != nil {
		return fmt.Errorf("token: %w", err)
	}
	fmt.Println(token)
	return apis.Serve(app, apis.ServeConfig{HttpAddr: address}) //nolint:wrapcheck // its last word
}
