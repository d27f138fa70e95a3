package main

import (
	"context"
	"fmt"
	"strconv"

	"github.com/panal/panal/store"
)

type selftestRaceCmd struct {
	Pairs   count `default:"20000" placeholder:"20000" help:"How many customers to deactivate and invoice at the same moment."`
	Workers count `default:"8" placeholder:"8" help:"How many pairs run at a time; each takes two connections to the database."`
	JSON    bool  `name:"json" help:"Print JSON."`
}

// Help says what the flags' own help has no room for.
func (*selftestRaceCmd) Help() string {
	return `Shows on your own database that no race leaves a deactivated customer with an invoice. It works in a company of its own, which "panal company list" shows while it runs, and removes it at the end, also after Ctrl-C. What a killed run leaves is removed by the next.`
}

const mostWorkers = 64

func (c *selftestRaceCmd) check(_ *settings, faults *usageError) {
	if c.Workers > mostWorkers {
		faults.add("--workers", fmt.Sprintf("must be at most %d", mostWorkers))
	}
}

// raceJSON is the result as --json prints it.
type raceJSON struct {
	Database       string  `json:"database"`
	Pairs          int     `json:"pairs"`
	Deactivated    int     `json:"deactivated"`
	Invoiced       int     `json:"invoiced"`
	Violations     int     `json:"violations"`
	Undecided      int     `json:"undecided"`
	PairsPerSecond float64 `json:"pairs_per_second"`
}

// Run implements the command.
func (c *selftestRaceCmd) Run(ctx context.Context, a *app) error {
	return a.withStore(ctx, func(st *store.Store) error {
		tenths := 0
		result, err := store.SelftestRace(ctx, a.storeOptions(a.log), int(c.Pairs), int(c.Workers), func(r store.RaceResult) {
			if now := 10 * r.Pairs / int(c.Pairs); now > tenths && !c.JSON {
				tenths = now
				_ = say(a.stderr, fmt.Sprintf("%d of %d pairs", r.Pairs, c.Pairs)) // only to pass the time
			}
		})
		if err != nil {
			return err
		}
		if err := c.report(a, st.Dialect(), result); err != nil {
			return err
		}
		switch {
		case result.Violations > 0:
			return fmt.Errorf("the rule is broken %d times: the database lacks the constraint invoices_customer_fkey, or does not keep it", result.Violations)
		case result.Undecided > 0:
			return fmt.Errorf("%d pairs had no winner, the first: %w", result.Undecided, result.Fault)
		case result.Pairs < int(c.Pairs):
			return fmt.Errorf("stopped after %d of %d pairs; nothing is left of them", result.Pairs, c.Pairs)
		}
		return nil
	})
}

func (c *selftestRaceCmd) report(a *app, database string, r store.RaceResult) error {
	speed := 0.0
	if r.Elapsed > 0 {
		speed = float64(r.Pairs) / r.Elapsed.Seconds()
	}
	if c.JSON {
		return sayJSON(a.stdout, raceJSON{
			Database: database, Pairs: r.Pairs, Deactivated: r.Deactivated, Invoiced: r.Invoiced,
			Violations: r.Violations, Undecided: r.Undecided, PairsPerSecond: speed,
		})
	}
	return sayTable(a.stdout,
		[]string{strconv.Itoa(r.Pairs), "customers deactivated and invoiced at the same moment, on " + database},
		[]string{strconv.Itoa(r.Deactivated), "deactivated, and the invoice refused"},
		[]string{strconv.Itoa(r.Invoiced), "invoiced, and the deactivation refused"},
		[]string{strconv.Itoa(r.Violations), "violations: deactivated customers with an invoice"},
		[]string{fmt.Sprintf("%.0f", speed), "pairs per second"},
	)
}
