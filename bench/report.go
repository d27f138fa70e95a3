package main

import (
	"fmt"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"time"
)

// report writes everything as Markdown.
func (b *bench) report() string {
	w := &strings.Builder{}
	fmt.Fprintf(w, "%s; rounds of %s, %d of each, %d connections", machine(), b.duration, b.rounds, b.connections)
	if b.serverCPUs != "" {
		fmt.Fprintf(w, "; servers on core %s, PostgreSQL and the load on core %s", b.serverCPUs, b.loadCPUs)
	}
	fmt.Fprintln(w, ". Medians; ± is half of the distance from the slowest round to the fastest.")
	for _, database := range b.databases {
		b.reportOperations(w, database)
	}
	b.reportProcesses(w)
	if verdicts := b.verdicts(); len(verdicts) > 0 {
		fmt.Fprintln(w, "\n| goal | measured | |\n|---|---|---|")
		for _, v := range verdicts {
			fmt.Fprintf(w, "| %s | %s | %s |\n", v.goal, v.measured, map[bool]string{true: "met", false: "**missed**"}[v.met])
		}
	}
	return w.String()
}

func (b *bench) reportOperations(w *strings.Builder, database string) {
	programs := map[string][]string{"postgres": {"floor", "panal"}, "sqlite": {"pocketbase", "panal"}}[database]
	fmt.Fprintf(w, "\nOn %s. CPU is in seconds for 1,000 requests.\n\n", map[string]string{"postgres": "PostgreSQL", "sqlite": "SQLite"}[database])
	fmt.Fprintln(w, "| customers | operation | program | requests/s | p50 ms | p99 ms | server CPU | database CPU | together |\n|---|---|---|---|---|---|---|---|---|")
	for _, size := range b.sizes {
		for _, operation := range b.operations {
			for _, program := range programs {
				k := key{database, size, operation, program}
				if len(b.results[k]) == 0 {
					continue
				}
				databaseCPU := "in the server"
				if database == "postgres" {
					databaseCPU = fmt.Sprintf("%.3f", b.results.value(k, func(s sample) float64 { return s.database }))
				}
				fmt.Fprintf(w, "| %d | %s | %s | %.0f ± %.0f %% | %.2f | %.2f | %.3f | %s | %.3f |\n", size, title(operation), program,
					b.results.value(k, rate), 100*b.results.deviation(k),
					b.results.value(k, func(s sample) float64 { return s.p50 }), b.results.value(k, func(s sample) float64 { return s.p99 }),
					b.results.value(k, server), databaseCPU, b.results.value(k, both))
			}
		}
	}
}

// deviation is half of what lies between slowest and fastest round, as a part of
// the median.
func (r results) deviation(k key) float64 {
	least, most := math.Inf(1), math.Inf(-1)
	for _, s := range r[k] {
		least, most = min(least, s.rate), max(most, s.rate)
	}
	return (most - least) / 2 / r.value(k, rate)
}

func (b *bench) reportProcesses(w *strings.Builder) {
	fmt.Fprintln(w, "\n| server | start to first answer | memory at rest | peak under load |\n|---|---|---|---|")
	for _, database := range b.databases {
		for _, size := range b.sizes {
			for _, program := range []string{"floor", "pocketbase", "panal"} {
				if v, ok := b.process[fmt.Sprintf("%s/%s/%d", database, program, size)]; ok {
					fmt.Fprintf(w, "| %s on %s, %d customers | %.0f ms | %.0f MB | %.0f MB |\n", program, database, size,
						float64(v.start)/float64(time.Millisecond), megabytes(v.rest), megabytes(v.peak))
				}
			}
		}
	}
}

func title(operation string) string {
	for _, o := range operations {
		if o.name == operation {
			return o.title
		}
	}
	return operation
}

// machine describes where the figures come from.
func machine() string {
	model := runtime.GOARCH
	text, _ := os.ReadFile("/proc/cpuinfo") // without it the architecture has to do
	lines := strings.Split(string(text), "\n")
	if i := slices.IndexFunc(lines, func(line string) bool { return strings.HasPrefix(line, "model name") }); i >= 0 {
		_, name, _ := strings.Cut(lines[i], ":")
		model = strings.TrimSpace(name)
	}
	return fmt.Sprintf("%s, %d cores, %s", model, runtime.NumCPU(), runtime.Version())
}
