package seed

import (
	"strconv"

	"github.com/google/uuid"
)

// Columns are the columns of Panal's customers that Row fills.
var Columns = []string{
	"company_id", "id", "legal_name", "legal_name_fold", "nif", "phone", "email", "email_fold",
	"address_street", "address_number", "address_postal_code", "address_city", "city_fold",
	"address_province", "province_fold", "address_country", "address_country_code",
	"general_discount", "active", "created_at", "updated_at",
}

// Row is a customer as Panal's store would have written it.
func (c Customer) Row(company uuid.UUID) []any {
	return []any{
		company, c.ID, c.Name, c.NameFold, c.NIF, c.Phone, c.Email, c.Email,
		c.Street, c.Number, c.PostalCode, c.City, c.CityFold,
		c.Province, c.ProvinceFold, c.Country, c.CountryCode,
		0, c.Active, c.CreatedAt, c.CreatedAt,
	}
}

// PeerCompany is the id of the user whom PocketBase's customers belong to.
const PeerCompany = "panalcompany001"

// PeerID is the id that customer i and its invoice have in PocketBase, which makes
// random ones of 15 letters and digits.
func PeerID(i int) string {
	id := strconv.FormatUint(mix(i), 36)
	return (id + strconv.FormatUint(mix(i+1<<41), 36) + "000000000000000")[:15]
}
