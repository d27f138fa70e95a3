// Package seed makes the data that every program of the yardstick serves: the
// same customers, by number, whatever the database.
package seed

import (
	"encoding/binary"
	"fmt"
	"strconv"
	"time"

	"github.com/google/uuid"
)

// Customer is one of the made-up customers.
type Customer struct {
	ID                     uuid.UUID
	Name, NameFold         string
	NIF, Phone, Email      string
	Street, PostalCode     string
	City, CityFold         string
	Province, ProvinceFold string
	Number                 string
	Country, CountryCode   string
	Active                 bool
	CreatedAt              time.Time
}

// folded is text with what the store keeps beside it for sorting and searching.
type folded struct{ text, fold string }

var (
	trades = []folded{
		{"Bar", "bar"},
		{"Taller", "taller"},
		{"Librería", "libreria"},
		{"Panadería", "panaderia"},
		{"Academia", "academia"},
		{"Clínica", "clinica"},
		{"Estudio", "estudio"},
		{"Óptica", "optica"},
	}
	surnames = []folded{
		{"García", "garcia"},
		{"Núñez", "nunez"},
		{"Ortega", "ortega"},
		{"Muñoz", "munoz"},
		{"Romero", "romero"},
		{"Peña", "pena"},
		{"Vidal", "vidal"},
		{"Iglesias", "iglesias"},
		{"Ibáñez", "ibanez"},
		{"Castro", "castro"},
	}
	cities = []struct{ city, province folded }{
		{folded{"Madrid", "madrid"}, folded{"Madrid", "madrid"}},
		{folded{"Alcalá de Henares", "alcala de henares"}, folded{"Madrid", "madrid"}},
		{folded{"Cádiz", "cadiz"}, folded{"Cádiz", "cadiz"}},
		{folded{"León", "leon"}, folded{"León", "leon"}},
		{folded{"Elche", "elche"}, folded{"Alicante", "alicante"}},
	}
)

// At is the customer of a number. Neighbours in number are not neighbours in any
// order that a list can have.
func At(i int) Customer {
	k := mix(i)
	trade, surname := trades[k%8], surnames[k>>8%10]
	place := cities[k>>16%5]
	return Customer{
		ID:   idAt(i),
		Name: trade.text + " " + surname.text + " " + capital(Word(i)) + ", S.L.", NameFold: trade.fold + " " + surname.fold + " " + Word(i) + ", s.l.",
		NIF: NIF(i), Phone: fmt.Sprintf("+34 6%08d", k>>24%100_000_000), Email: fmt.Sprintf("info%d@correo.example", k>>32),
		Street: "Calle Mayor", Number: strconv.FormatUint(1+k>>40%200, 10), PostalCode: fmt.Sprintf("28%03d", k>>48%1000),
		City: place.city.text, CityFold: place.city.fold, Province: place.province.text, ProvinceFold: place.province.fold,
		Country: "España", CountryCode: "ES",
		Active:    i%100 != 7,
		CreatedAt: epoch.Add(time.Duration(i) * time.Millisecond),
	}
}

var epoch = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// Invoiced says whether the customer of a number has an invoice, and so cannot be
// deactivated: one in ten.
func Invoiced(i int) bool { return i%10 == 0 }

// Word is in the names of one in ten thousand customers, and in that of customer i.
func Word(i int) string {
	const consonants, vowels = "bcdfglmprt", "aeiou"
	word := make([]byte, 0, 8)
	for n, rest := 0, i*7919%10_000; n < 4; n, rest = n+1, rest/10 {
		word = append(word, consonants[rest%10], vowels[(rest+n)%5])
	}
	return string(word)
}

func capital(s string) string { return string(s[0]-'a'+'A') + s[1:] }

// NIF is a person's number with its control letter.
func NIF(number int) string {
	return fmt.Sprintf("%08d%c", number, "TRWAGMYFPDXBNJZSQVHLCKE"[number%23])
}

// idAt is a UUID of version 7, made in the order of the numbers.
func idAt(i int) uuid.UUID {
	var id uuid.UUID
	ms := epoch.UnixMilli() + int64(i)
	binary.BigEndian.PutUint64(id[:], uint64(ms)<<16|7<<12) //nolint:gosec // after 1970
	binary.BigEndian.PutUint64(id[8:], mix(i+1<<40)>>2|1<<63)
	return id
}

// mix scatters numbers (splitmix64).
func mix(i int) uint64 {
	x := uint64(i) + 0x9e3779b97f4a7c15 //nolint:gosec // none is negative
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}
