package main

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/url"

	"github.com/panal/panal/bench/seed"
)

// operations in the order in which they are measured: those that take customers
// away come last, and after the one that adds some.
var operations = []struct{ name, title string }{
	{"get", "GET by id"},
	{"list", "list, 20 rows and exact total"},
	{"search", "search by a word"},
	{"put", "PUT"},
	{"refused", "DELETE, refused"},
	{"post", "POST"},
	{"delete", "DELETE"},
}

// api is how one kind of server is asked for an operation.
type api struct {
	authorization string // what comes before the key
	method        map[string]string
	status        map[string]int
	// line is the path of a request and its body, if any, after a tab.
	line func(operation string, customer int, r *rand.Rand) string
}

var panalAPI = api{
	authorization: "Bearer ",
	method:        map[string]string{"get": "GET", "list": "GET", "search": "GET", "put": "PUT", "refused": "DELETE", "post": "POST", "delete": "DELETE"},
	status:        map[string]int{"get": 200, "list": 200, "search": 200, "put": 200, "refused": 400, "post": 201, "delete": 200},
	line: func(operation string, customer int, r *rand.Rand) string {
		c := seed.At(customer)
		const path = "/v1/customers"
		switch operation {
		case "list":
			return fmt.Sprintf("%s?page=%d", path, 1+r.IntN(5))
		case "search":
			return path + "?search=" + seed.Word(customer)
		case "put":
			return path + "/" + c.ID.String() + "\t" + changes(r)
		case "post":
			return path + "\t" + document(map[string]any{
				"legal_name": c.Name, "nif": c.NIF, "phone": c.Phone, "email": c.Email,
				"address": map[string]string{
					"street": c.Street, "number": c.Number, "postal_code": c.PostalCode, "city": c.City, "province": c.Province, "country": c.Country,
				},
			})
		default:
			return path + "/" + c.ID.String()
		}
	},
}

var peerAPI = api{
	method: map[string]string{"get": "GET", "list": "GET", "search": "GET", "put": "PATCH", "refused": "DELETE", "post": "POST", "delete": "DELETE"},
	status: map[string]int{"get": 200, "list": 200, "search": 200, "put": 200, "refused": 400, "post": 200, "delete": 204},
	line: func(operation string, customer int, r *rand.Rand) string {
		c, id := seed.At(customer), seed.PeerID(customer)
		const path = "/api/collections/customers/records"
		switch operation {
		case "list":
			return fmt.Sprintf("%s?sort=legal_name&perPage=20&page=%d", path, 1+r.IntN(5))
		case "search":
			term := seed.Word(customer)
			return path + "?sort=legal_name&perPage=20&filter=" +
				url.QueryEscape(fmt.Sprintf("legal_name ~ '%s' || nif ~ '%s' || email ~ '%s'", term, term, term))
		case "put":
			return path + "/" + id + "\t" + changes(r)
		case "post":
			return path + "\t" + document(map[string]any{
				"company": seed.PeerCompany, "legal_name": c.Name, "nif": c.NIF, "phone": c.Phone, "email": c.Email, "active": true,
				"street": c.Street, "number": c.Number, "postal_code": c.PostalCode, "city": c.City, "province": c.Province, "country": c.Country,
			})
		default:
			return path + "/" + id
		}
	},
}

func changes(r *rand.Rand) string {
	return document(map[string]string{"phone": fmt.Sprintf("+34 6%08d", r.IntN(100_000_000)), "notes": fmt.Sprintf("Llamar en %d días.", r.IntN(1000))})
}

func document(v any) string {
	text, err := json.Marshal(v)
	if err != nil {
		panic(err) // maps of strings
	}
	return string(text)
}

// firstNew is the number of the first customer that is not in any seed.
const firstNew = 50_000_000

// customersFor are the customers that the requests of a round are about. They are
// the same for every program, and new ones in each round where a request can be
// made once only; most bounds their number then.
func customersFor(operation string, size, round, rounds, most int) []int {
	r := rand.New(rand.NewPCG(uint64(size), uint64(round))) //nolint:gosec // the same each time, on purpose
	var customers []int
	switch operation {
	case "post":
		for i := range most {
			customers = append(customers, firstNew+round*most+i)
		}
	case "delete":
		// Each round has a part of its own of those without invoices.
		part := size / rounds
		for i := round * part; i < (round+1)*part && len(customers) < most; i++ {
			if !seed.Invoiced(i) {
				customers = append(customers, i)
			}
		}
		r.Shuffle(len(customers), func(i, j int) { customers[i], customers[j] = customers[j], customers[i] })
	case "refused":
		for range 20_000 {
			customers = append(customers, r.IntN((size+9)/10)*10)
		}
	default:
		for range 20_000 {
			customers = append(customers, r.IntN(size))
		}
	}
	return customers
}
