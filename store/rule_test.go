package store

import (
	"errors"
	"testing"

	"gorm.io/gorm"
)

// racedPairs are how many customers a race is about.
func racedPairs() int {
	if testing.Short() {
		return 400
	}
	return 2000
}

// violations are live invoices whose customer is deactivated.
const violations = `SELECT count(*) FROM invoices JOIN customers
	ON customers.company_id = invoices.company_id AND customers.id = invoices.customer_id
	WHERE invoices.deleted_at IS NULL AND customers.deleted_at IS NOT NULL`

func TestDeactivatingAndInvoicingACustomerAtOnce(t *testing.T) {
	for _, d := range dialects {
		t.Run("exactly one succeeds on "+string(d), func(t *testing.T) {
			processes := openProcesses(t, d)
			result := race(t.Context(), processes, mustFillForRace(t, processes[0]), 8)
			if result.Pairs != racedPairs() || result.Deactivated+result.Invoiced != racedPairs() {
				t.Errorf("%+v", result)
			}
			if n := mustCount(t, processes[0], violations); n != 0 {
				t.Errorf("%d live invoices of deactivated customers", n)
			}
		})
		// A checker that cannot fail proves nothing.
		t.Run("the constraint alone sees to that on "+string(d), func(t *testing.T) {
			processes := openProcesses(t, d)
			dropRule(t, processes)
			race(t.Context(), processes, mustFillForRace(t, processes[0]), 8)
			n := mustCount(t, processes[0], violations)
			t.Logf("%d of %d pairs break the rule without the constraint", n, racedPairs())
			if n < racedPairs()/4 {
				t.Errorf("%d violations in %d pairs without the constraint: the race is not run", n, racedPairs())
			}
		})
	}
}

func mustFillForRace(tb testing.TB, s *Store) []Customer {
	tb.Helper()
	rows := make([]Customer, racedPairs())
	companyID := mustCreateCompany(tb, s).ID
	for i := range rows {
		rows[i] = newCustomerRow(companyID, customer(), s.timestamp())
	}
	if err := s.write.CreateInBatches(&rows, 500).Error; err != nil {
		tb.Fatal(err)
	}
	return rows
}

// openProcesses opens a database as four server processes would.
func openProcesses(t *testing.T, d dialect) []*Store {
	t.Helper()
	o := migratedOptions(t, d)
	var processes []*Store
	for range raceProcesses {
		processes = append(processes, mustOpen(t, o))
	}
	return processes
}

func dropRule(t *testing.T, processes []*Store) {
	t.Helper()
	if processes[0].dialect == dialectPostgres {
		mustExec(t, processes[0], "ALTER TABLE invoices DROP CONSTRAINT invoices_customer_fkey")
		return
	}
	for _, s := range processes { // each has one writing connection
		mustExec(t, s, "PRAGMA foreign_keys = 0")
	}
}

// What follows goes around the methods, as a future path that forgets to look
// at the customer would.
func TestThePathThatForgetsToCheck(t *testing.T) {
	paths := map[string]func(t *testing.T, s *Store, gone, foreign Customer) error{
		"a new invoice for a deactivated customer is refused": func(t *testing.T, s *Store, gone, _ Customer) error {
			i := mustCreateInvoice(t, s, gone.CompanyID, invoice())
			return s.write.Exec("UPDATE invoices SET customer_id = ? WHERE id = ?", gone.ID, i.ID).Error
		},
		"an inserted invoice for a deactivated customer is refused": func(t *testing.T, s *Store, gone, _ Customer) error {
			i := mustCreateInvoice(t, s, gone.CompanyID, invoice())
			i.ID[15]++
			i.CustomerID = &gone.ID
			return s.write.Create(&i).Error
		},
		"bringing a deleted invoice of a deactivated customer back is refused": func(_ *testing.T, s *Store, gone, _ Customer) error {
			return s.write.Exec("UPDATE invoices SET deleted_at = NULL WHERE customer_id = ?", gone.ID).Error
		},
		"an invoice for another company's customer is refused": func(t *testing.T, s *Store, gone, foreign Customer) error {
			i := mustCreateInvoice(t, s, gone.CompanyID, invoice())
			return s.write.Exec("UPDATE invoices SET customer_id = ? WHERE id = ?", foreign.ID, i.ID).Error
		},
		"declaring the customer dead on the invoice is refused": func(_ *testing.T, s *Store, gone, _ Customer) error {
			return s.write.Exec("UPDATE invoices SET customer_live = ?, deleted_at = NULL WHERE customer_id = ?", false, gone.ID).Error
		},
		"deactivating with raw SQL while an invoice is there is refused": func(t *testing.T, s *Store, _, foreign Customer) error {
			mustCreateInvoice(t, s, foreign.CompanyID, invoiceFor(foreign))
			return s.write.Exec("UPDATE customers SET deleted_at = updated_at, active = ? WHERE id = ?", false, foreign.ID).Error
		},
		"removing the row while an invoice is there is refused": func(t *testing.T, s *Store, _, foreign Customer) error {
			mustCreateInvoice(t, s, foreign.CompanyID, invoiceFor(foreign))
			return s.write.Exec("DELETE FROM customers WHERE id = ?", foreign.ID).Error
		},
	}
	for name, path := range paths {
		t.Run(name, func(t *testing.T) {
			eachDialect(t, func(t *testing.T, s *Store) {
				gone := mustCreateCustomer(t, s, mustCreateCompany(t, s).ID, customer())
				i := mustCreateInvoice(t, s, gone.CompanyID, invoiceFor(gone))
				if err := s.DeleteInvoice(t.Context(), i.CompanyID, i.ID); err != nil {
					t.Fatal(err)
				}
				mustDeactivate(t, s, gone)
				foreign := mustCreateCustomer(t, s, mustCreateCompany(t, s).ID, customer())
				err := path(t, s, gone, foreign)
				if err == nil {
					t.Fatal("accepted")
				}
				if n := mustCount(t, s, violations); n != 0 {
					t.Errorf("%d live invoices of deactivated customers", n)
				}
				if name == "declaring the customer dead on the invoice is refused" {
					return // by the check, not by the key
				}
				if !errors.Is(err, gorm.ErrForeignKeyViolated) {
					t.Errorf("refused for another reason: %v", err)
				}
			})
		})
	}
}
