package main

import (
	"fmt"
	"math"
	"slices"
	"time"
)

// goalSize is the number of customers that goals about one size are about.
const goalSize = 100_000

// verdict is what has become of a goal.
type verdict struct {
	goal, measured string
	met            bool
}

// value is the median of one figure over the rounds, NaN if it was not measured.
func (r results) value(k key, figure func(sample) float64) float64 {
	samples := r[k]
	if len(samples) == 0 {
		return math.NaN()
	}
	values := make([]float64, len(samples))
	for i, s := range samples {
		values[i] = figure(s)
	}
	return median(values)
}

func rate(s sample) float64   { return s.rate }
func server(s sample) float64 { return s.server }
func both(s sample) float64   { return s.server + s.database }

// atMost and atLeast leave a goal out that was not measured.
func atMost(goal, figure string, value, limit float64) []verdict {
	return judged(goal, figure, value, value <= limit)
}

func atLeast(goal, figure string, value, limit float64) []verdict {
	return judged(goal, figure, value, value >= limit)
}

func judged(goal, figure string, value float64, met bool) []verdict {
	if math.IsNaN(value) {
		return nil
	}
	return []verdict{{goal, fmt.Sprintf(figure, value), met}}
}

func (b *bench) verdicts() []verdict {
	var all []verdict
	for _, part := range [][]verdict{b.againstFloor(), b.acrossSizes(), b.againstPeer(), b.ofProcess(), b.ofTwo()} {
		all = append(all, part...)
	}
	return all
}

// againstFloor judges CPU twice: the server's alone, and with PostgreSQL's.
func (b *bench) againstFloor() []verdict {
	var all []verdict
	ratio := func(operation string, figure func(sample) float64) float64 {
		of := func(program string) float64 {
			return b.results.value(key{"postgres", goalSize, operation, program}, figure)
		}
		return of("panal") / of("floor")
	}
	for _, g := range []struct {
		operation string
		cpu, rate float64
	}{
		{"get", 1.6, 0}, {"delete", 1.2, 1}, {"refused", 1.8, 0}, {"post", 1.8, 0}, {"put", 1.5, 0}, {"list", 0.5, 20}, {"search", 1.2, 0},
	} {
		name := title(g.operation)
		all = append(all, atMost(fmt.Sprintf("%s: server's CPU ≤ %g × floor", name, g.cpu), "%.2f ×", ratio(g.operation, server), g.cpu)...)
		all = append(all, atMost(fmt.Sprintf("%s: server's and PostgreSQL's CPU ≤ %g × floor", name, g.cpu), "%.2f ×", ratio(g.operation, both), g.cpu)...)
		if g.rate > 0 {
			all = append(all, atLeast(fmt.Sprintf("%s: requests/s ≥ %g × floor", name, g.rate), "%.2f ×", ratio(g.operation, rate), g.rate)...)
		}
	}
	return all
}

// acrossSizes compares the dearest size with the cheapest.
func (b *bench) acrossSizes() []verdict {
	if len(b.sizes) < 2 {
		return nil
	}
	spread := func(operation string, figure func(sample) float64) float64 {
		var costs []float64
		for _, size := range b.sizes {
			costs = append(costs, b.results.value(key{"postgres", size, operation, "panal"}, figure))
		}
		return slices.Max(costs) / slices.Min(costs)
	}
	sizes := fmt.Sprintf("%d to %d customers", slices.Min(b.sizes), slices.Max(b.sizes))
	return slices.Concat(
		atMost("list: server's CPU within 1.3 ×, "+sizes, "%.2f ×", spread("list", server), 1.3),
		atMost("list: server's and PostgreSQL's CPU within 1.3 ×, "+sizes, "%.2f ×", spread("list", both), 1.3),
		atMost("search: server's and PostgreSQL's CPU within 10 ×, "+sizes, "%.2f ×", spread("search", both), 10),
	)
}

func (b *bench) againstPeer() []verdict {
	var all []verdict
	for _, g := range []struct {
		operation string
		rate      float64
	}{{"get", 3}, {"post", 3}, {"delete", 3}, {"list", 20}} {
		own, peer := key{"sqlite", goalSize, g.operation, "panal"}, key{"sqlite", goalSize, g.operation, "pocketbase"}
		all = append(all, atLeast(fmt.Sprintf("%s on SQLite: requests/s ≥ %g × PocketBase", title(g.operation), g.rate), "%.1f ×",
			b.results.value(own, rate)/b.results.value(peer, rate), g.rate)...)
		all = append(all, atMost(title(g.operation)+" on SQLite: CPU ≤ 1/3 of PocketBase's", "%.2f ×",
			b.results.value(own, server)/b.results.value(peer, server), 1.0/3)...)
	}
	return all
}

func (b *bench) ofProcess() []verdict {
	var all []verdict
	for _, database := range b.databases {
		for _, size := range b.sizes {
			v, ok := b.process[fmt.Sprintf("%s/panal/%d", database, size)]
			if !ok {
				continue
			}
			where := fmt.Sprintf(" on %s, %d customers", database, size)
			all = append(all, atMost("start to first answer ≤ 120 ms"+where, "%.0f ms", float64(v.start)/float64(time.Millisecond), 120)...)
			all = append(all, atMost("memory at rest ≤ 35 MB"+where, "%.0f MB", megabytes(v.rest), 35)...)
			all = append(all, atMost("memory under load ≤ 120 MB"+where, "%.0f MB", megabytes(v.peak), 120)...)
		}
	}
	return all
}

func (b *bench) ofTwo() []verdict {
	var all []verdict
	for _, d := range b.twice {
		r := results{key{program: "one"}: d.one, key{program: "two"}: d.two}
		one, two := key{program: "one"}, key{program: "two"}
		all = append(all, atLeast(fmt.Sprintf("two processes: requests/s ≥ 1.6 × one, GET by id, %d customers", d.size), "%.2f ×",
			r.value(two, rate)/r.value(one, rate), 1.6)...)
		// What a request costs is what limits more processes on more cores.
		all = append(all, atLeast(fmt.Sprintf("two processes, had each cores of its own: 2 × CPU of a request with one / with two ≥ 1.6, %d customers", d.size), "%.2f ×",
			2*r.value(one, both)/r.value(two, both), 1.6)...)
	}
	return all
}

func megabytes(bytes int) float64 { return float64(bytes) / 1e6 }
