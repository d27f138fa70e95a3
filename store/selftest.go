package store

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/google/uuid"
	"github.com/shopspring/decimal"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"
)

// scratch is how the ids of the selftest's companies begin. They are of version 8,
// and those of real companies of version 7: what is removed was never anybody's.
var scratch = uuid.MustParse("5e1f7e57-0000-8000-8000-000000000000")

// scratchEnd is the last id that begins so.
var scratchEnd = uuid.MustParse("5e1f7e57-0000-8000-8000-ffffffffffff")

const (
	raceProcesses = 4
	raceRound     = 250 // pairs whose rows are there at a time
	cleanUpTime   = time.Minute
)

// ErrSelftestRunning says that another process does the same on this database.
var ErrSelftestRunning = errors.New("another selftest is running on this database")

// RaceResult is what came out of raced pairs.
type RaceResult struct {
	Pairs       int // that came to an end
	Deactivated int // pairs that the deactivation won
	Invoiced    int // pairs that the invoice won
	Violations  int // live invoices whose customer is deactivated
	Undecided   int // pairs that ended in any other way
	Elapsed     time.Duration
	Fault       error // of the first undecided pair
}

// SelftestRace deactivates and invoices the same customers at the same moment,
// in a company that it makes and removes, and counts what breaks the rule that
// a deactivated customer has no live invoice. It opens the database as several
// processes would and calls progress after every round. What it made is removed
// in any case, and what a killed run left, by the next.
//
// When ctx ends, the result is that of the pairs so far.
func SelftestRace(ctx context.Context, o Options, pairs, workers int, progress func(RaceResult)) (result RaceResult, err error) {
	o.MaxConns = (2*workers + raceProcesses - 1) / raceProcesses
	var processes []*Store
	for range raceProcesses {
		s, err := Open(ctx, o)
		if err != nil {
			return result, errors.Join(err, closeAll(processes))
		}
		processes = append(processes, s)
	}
	defer func() { err = errors.Join(err, closeAll(processes)) }()
	s := processes[0]
	release, err := s.acquire(ctx, selftesting)
	if errors.Is(err, ErrUnavailable) && ctx.Err() == nil {
		return result, fmt.Errorf("store: %w", ErrSelftestRunning)
	}
	if err != nil {
		return result, fmt.Errorf("store: selftest: %w", err)
	}
	defer func() { err = errors.Join(err, release()) }()
	defer func() {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
		defer cancel()
		err = errors.Join(err, s.removeScratch(ctx))
	}()
	if err := s.removeScratch(ctx); err != nil {
		return result, err
	}
	companyID, err := s.createScratch(ctx)
	if err != nil {
		return result, err
	}
	for result.Pairs < pairs && ctx.Err() == nil {
		round, err := raceRoundOf(ctx, processes, companyID, min(raceRound, pairs-result.Pairs), workers)
		if err != nil {
			return result, fmt.Errorf("store: selftest: %w", err)
		}
		result.add(round)
		progress(result)
	}
	return result, nil
}

func (r *RaceResult) add(other RaceResult) {
	r.Pairs += other.Pairs
	r.Deactivated += other.Deactivated
	r.Invoiced += other.Invoiced
	r.Violations += other.Violations
	r.Undecided += other.Undecided
	r.Elapsed += other.Elapsed
	r.Fault = cmp.Or(r.Fault, other.Fault)
}

func closeAll(stores []*Store) error {
	var errs []error
	for _, s := range stores {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

func (s *Store) createScratch(ctx context.Context) (uuid.UUID, error) {
	id, random := scratch, uuid.New()
	copy(id[10:], random[10:])
	c := Company{
		ID: id, Environment: Test, LegalName: "Panal selftest", NIF: "B00000000", Address: scratchAddress,
		CreatedAt: s.timestamp(), UpdatedAt: s.timestamp(),
	}
	err := s.tx(ctx, func(tx *gorm.DB, now time.Time) error {
		if err := tx.Create(&c).Error; err != nil {
			return err
		}
		return createDefaultSeries(tx, c.ID, now)
	})
	if err != nil {
		return id, fmt.Errorf("store: selftest: create company: %w", err)
	}
	return id, nil
}

// removeScratch removes every company of a selftest with all it has. It locks the
// companies first: what a killed run has asked for may still be under way in the
// database, and would commit rows between these statements.
func (s *Store) removeScratch(ctx context.Context) error {
	err := s.tx(ctx, func(tx *gorm.DB, _ time.Time) error {
		const ofSelftest = "company_id BETWEEN ? AND ?"
		var locked []Company
		err := tx.Clauses(clause.Locking{Strength: "UPDATE"}).Select("company_id").Find(&locked, ofSelftest, scratch, scratchEnd).Error
		for _, table := range []string{"invoices", "customers", "customer_counts", "invoice_series", "companies"} {
			if err == nil {
				err = tx.Exec("DELETE FROM "+table+" WHERE "+ofSelftest, scratch, scratchEnd).Error
			}
		}
		return err
	})
	if err != nil {
		return fmt.Errorf("store: selftest: clean up: %w", err)
	}
	return nil
}

var scratchAddress = Address{
	Street: "Calle Mayor", Number: "1", PostalCode: "28013", City: "Madrid", Province: "Madrid", Country: "España", CountryCode: "ES",
}

func scratchCustomer(i int) NewCustomer {
	return NewCustomer{
		LegalName: fmt.Sprint("Selftest ", i), Address: scratchAddress,
		AlternativeID: &AlternativeID{Type: "03", Number: fmt.Sprintf("SELFTEST%08d", i), CountryCode: new("FR")},
	}
}

func scratchInvoice(customerID uuid.UUID) NewInvoice {
	hundred := decimal.NewFromInt(100)
	return NewInvoice{
		Type: InvoiceStandard, CustomerID: &customerID,
		Lines: []InvoiceLine{{
			Description: "Selftest", Quantity: decimal.NewFromInt(1), Unit: "hours", UnitPrice: hundred,
			MainTax: Tax{Type: "IVA", RegimeKey: "01"}, TaxableBase: hundred, LineTotal: hundred,
		}},
		Totals: InvoiceTotals{TaxableBase: hundred, InvoiceTotal: hundred},
	}
}
