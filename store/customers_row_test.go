package store

import (
	"reflect"
	"strings"
	"testing"

	"gorm.io/gorm"
	"gorm.io/gorm/schema"
)

// GORM changes customers, writeCustomer adds them, readCustomer and lists read them,
// with lists of columns of their own.
func TestEveryColumnOfACustomerIsReadIntoItsField(t *testing.T) {
	t.Parallel()
	s := mustOpen(t, migratedOptions(t, dialectSQLite))
	written := &gorm.Statement{DB: s.read}
	if err := written.Parse(&Customer{}); err != nil {
		t.Fatal(err)
	}
	var c Customer
	places, columns := customerFields(&c), strings.Split(customerColumns, ", ")
	if len(places) != len(columns) {
		t.Fatalf("%d places for %d columns", len(places), len(columns))
	}
	byColumn := map[string]any{}
	for i, column := range columns {
		byColumn[column] = places[i]
	}
	if len(byColumn) != len(written.Schema.DBNames) {
		t.Errorf("%d columns are read, %d are written", len(byColumn), len(written.Schema.DBNames))
	}
	for _, column := range written.Schema.DBNames {
		if want := placeOf(t, written.Schema, column, &c); byColumn[column] != want {
			t.Errorf("%s goes to %T %p, want %T %p", column, byColumn[column], byColumn[column], want, want)
		}
	}
}

func placeOf(t *testing.T, written *schema.Schema, column string, c *Customer) any {
	t.Helper()
	field := written.FieldsByDBName[column].ReflectValueOf(t.Context(), reflect.ValueOf(c))
	switch place := field.Addr().Interface().(type) {
	case *[]string:
		return asJSON[[]string]{place}
	case **PaymentInfo:
		return asJSON[*PaymentInfo]{place}
	default:
		return place
	}
}
