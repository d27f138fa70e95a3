package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/google/uuid"
)

// raceRoundOf makes n customers, races for each, counts, and removes them with
// their invoices, so that a selftest of any length stays small.
func raceRoundOf(ctx context.Context, processes []*Store, companyID uuid.UUID, n, workers int) (RaceResult, error) {
	s := processes[0]
	rows := make([]Customer, n)
	for i := range rows {
		rows[i] = newCustomerRow(companyID, scratchCustomer(i), s.timestamp())
	}
	if err := s.write.WithContext(ctx).CreateInBatches(&rows, 100).Error; err != nil {
		return RaceResult{}, ignoreCancel(ctx, fmt.Errorf("create customers: %w", err))
	}
	result := race(ctx, processes, rows, workers)

	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleanUpTime)
	defer cancel()
	// Asked of the rows, whatever the calls said about themselves.
	const violations = `SELECT count(*) FROM invoices JOIN customers
		ON customers.company_id = invoices.company_id AND customers.id = invoices.customer_id
		WHERE invoices.company_id = ? AND invoices.deleted_at IS NULL AND customers.deleted_at IS NOT NULL`
	if err := s.write.WithContext(ctx).Raw(violations, companyID).Scan(&result.Violations).Error; err != nil {
		return RaceResult{}, fmt.Errorf("count violations: %w", err)
	}
	for _, table := range []string{"invoices", "customers"} {
		if err := s.write.WithContext(ctx).Exec("DELETE FROM "+table+" WHERE company_id = ?", companyID).Error; err != nil {
			return RaceResult{}, fmt.Errorf("clean up: %w", err)
		}
	}
	return result, nil
}

// ignoreCancel tells a failure from an end that was asked for.
func ignoreCancel(ctx context.Context, err error) error {
	if ctx.Err() == nil {
		return err
	}
	return nil
}

// race deactivates and invoices each customer at the same moment, from two
// processes, until ctx ends.
func race(ctx context.Context, processes []*Store, rows []Customer, workers int) (result RaceResult) {
	begun := time.Now()
	outcomes := make(chan outcome)
	next := make(chan int)
	go func() {
		defer close(next)
		for i := range rows {
			select {
			case next <- i:
			case <-ctx.Done():
				return
			}
		}
	}()
	var racing sync.WaitGroup
	for range workers {
		racing.Go(func() {
			for i := range next {
				deactivates, invoices := processes[i%raceProcesses], processes[(i+1+i/raceProcesses%(raceProcesses-1))%raceProcesses]
				outcomes <- racePair(ctx, deactivates, invoices, rows[i], i%2 == 0)
			}
		})
	}
	go func() {
		racing.Wait()
		close(outcomes)
	}()
	for o := range outcomes {
		result.count(ctx, o)
	}
	result.Elapsed = time.Since(begun)
	return result
}

// racePair lets the deactivation begin at the worst moment there is, when the
// invoice has just seen its customer alive, or when it begins itself.
func racePair(ctx context.Context, deactivates, invoices *Store, c Customer, worst bool) (o outcome) {
	begin := make(chan struct{})
	open := sync.OnceFunc(func() { close(begin) })
	n := scratchInvoice(c.ID)
	if worst {
		n.Check = func(Recipient) error { open(); return nil }
	}
	var both sync.WaitGroup
	both.Go(func() {
		<-begin
		o.deactivated = deactivates.DeactivateCustomer(ctx, c.CompanyID, c.ID)
	})
	both.Go(func() {
		if !worst {
			open()
		}
		_, o.invoiced = invoices.CreateInvoice(ctx, c.CompanyID, n)
		open()
	})
	both.Wait()
	return o
}

// outcome is what the two calls of a pair returned.
type outcome struct{ deactivated, invoiced error }

// count takes a pair in. Exactly one of the two is to succeed, and the other to be
// refused for its sake; what was cut off by the end of ctx is no pair.
func (r *RaceResult) count(ctx context.Context, o outcome) {
	var blocked *HasInvoicesError
	switch {
	case o.deactivated == nil && errors.Is(o.invoiced, ErrCustomerNotFound):
		r.Deactivated++
	case o.invoiced == nil && errors.As(o.deactivated, &blocked) && blocked.Count == 1:
		r.Invoiced++
	case ctx.Err() != nil:
		return
	default:
		r.Undecided++
		if r.Fault == nil {
			r.Fault = fmt.Errorf("deactivated: %w, invoiced: %w", orSuccess(o.deactivated), orSuccess(o.invoiced))
		}
	}
	r.Pairs++
}

var errSuccess = errors.New("success")

func orSuccess(err error) error {
	if err == nil {
		return errSuccess
	}
	return err
}
