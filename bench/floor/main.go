// Command floor is the least that a program in Go can do for the same requests:
// net/http, pgx, the statements, the envelope and one look at the key. It checks
// nothing else and counts the rows of every list. It is what the price of
// everything else is measured from.
package main

import (
	"context"
	"flag"
	"fmt"
	"log"
	"net/http"
	"os"
	"runtime"

	"github.com/jackc/pgx/v5/pgxpool"
)

func main() {
	address := flag.String("address", "127.0.0.1:8081", "where to listen")
	flag.Parse()
	log.Fatal(serve(context.Background(), *address, os.Getenv("DATABASE_URL")))
}

func serve(ctx context.Context, address, databaseURL string) error {
	config, err := pgxpool.ParseConfig(databaseURL)
	if err != nil {
		return fmt.Errorf("DATABASE_URL: %w", err)
	}
	config.MaxConns = int32(max(8, 2*runtime.NumCPU())) //nolint:gosec // machines have fewer cores
	config.MinConns = config.MaxConns
	config.ConnConfig.RuntimeParams["jit"] = "off"
	pool, err := pgxpool.NewWithConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connect: %w", err)
	}
	f := &floor{pool: pool, keys: keys{pool: pool, known: map[[32]byte]known{}}}
	mux := http.NewServeMux()
	mux.HandleFunc("GET /v1/customers/{id}", f.keyed(f.get))
	mux.HandleFunc("GET /v1/customers", f.keyed(f.list))
	mux.HandleFunc("POST /v1/customers", f.keyed(f.create))
	mux.HandleFunc("PUT /v1/customers/{id}", f.keyed(f.update))
	mux.HandleFunc("DELETE /v1/customers/{id}", f.keyed(f.deactivate))
	return http.ListenAndServe(address, mux) //nolint:gosec,wrapcheck // for one load generator on this machine
}

type floor struct {
	pool *pgxpool.Pool
	keys keys
}
