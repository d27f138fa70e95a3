// Command bench is Panal's yardstick. It puts the program beside the least that a
// program in Go can do on PostgreSQL (floor) and beside PocketBase on SQLite, asks
// all of them for the same things in turns, and prints tables and whether each goal
// is met, as Markdown. It needs Linux, and PostgreSQL's programs.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"time"
)

type bench struct {
	sizes       []int
	operations  []string
	databases   []string
	duration    time.Duration
	rounds      int
	connections int
	profiles    string // directory for CPU profiles; empty: none

	serverCPUs, loadCPUs string
	cache, scratch       string
	version              string
	results              results
	process              map[string]vitals
	twice                []doubling
}

func main() {
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	b, err := fromFlags(flag.CommandLine)
	if err == nil {
		err = b.run(ctx)
	}
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "bench:", err)
		os.Exit(1)
	}
}

func fromFlags(flags *flag.FlagSet) (*bench, error) {
	b := &bench{results: results{}, process: map[string]vitals{}}
	sizes := flags.String("sizes", "1000,100000,1000000", "numbers of customers")
	names := flags.String("ops", "", "operations, of "+operationNames()+"; empty: all")
	databases := flags.String("databases", "postgres,sqlite", "databases")
	pin := flags.Bool("pin", true, "keep servers on the first half of the cores, load and PostgreSQL on the others")
	flags.DurationVar(&b.duration, "duration", 5*time.Second, "of one round of one operation on one program")
	flags.IntVar(&b.rounds, "rounds", 5, "how often each is measured")
	flags.IntVar(&b.connections, "connections", 8, "connections of the load")
	flags.StringVar(&b.profiles, "profiles", "", "directory for a CPU profile of Panal in each operation")
	if err := flags.Parse(os.Args[1:]); err != nil {
		return nil, err //nolint:wrapcheck // says all
	}
	if half := runtime.NumCPU() / 2; *pin && half > 0 {
		b.serverCPUs, b.loadCPUs = cores(0, half-1), cores(half, runtime.NumCPU()-1)
	}
	if err := b.parse(*sizes, *names, *databases); err != nil {
		return nil, err
	}
	return b, nil
}

func (b *bench) run(ctx context.Context) error {
	if err := b.prepare(ctx); err != nil {
		return err
	}
	defer func() { _ = os.RemoveAll(b.scratch) }()
	if slices.Contains(b.databases, "postgres") {
		if err := b.onPostgres(ctx); err != nil {
			return fmt.Errorf("postgres: %w", err)
		}
	}
	if slices.Contains(b.databases, "sqlite") {
		if err := b.onSQLite(ctx); err != nil {
			return fmt.Errorf("sqlite: %w", err)
		}
	}
	_, err := os.Stdout.WriteString(b.report())
	return err //nolint:wrapcheck // there is nowhere else to say it
}

// cores is a range of them as taskset takes it.
func cores(first, last int) string {
	if first == last {
		return strconv.Itoa(first)
	}
	return fmt.Sprintf("%d-%d", first, last)
}

func (b *bench) parse(sizes, names, databases string) error {
	for text := range strings.SplitSeq(sizes, ",") {
		size, err := strconv.Atoi(text)
		if err != nil || size < 100 || size >= firstNew {
			return fmt.Errorf("-sizes: %q is not a number of customers from 100 on", text)
		}
		b.sizes = append(b.sizes, size)
	}
	for _, o := range operations {
		if names == "" || slices.Contains(strings.Split(names, ","), o.name) {
			b.operations = append(b.operations, o.name)
		}
	}
	if names != "" && len(b.operations) != strings.Count(names, ",")+1 {
		return errors.New("-ops: the operations are " + operationNames())
	}
	b.databases = strings.Split(databases, ",")
	if b.rounds < 1 || b.connections < 1 || b.duration <= 0 {
		return errors.New("-rounds, -connections and -duration must be more than nothing")
	}
	return nil
}

func operationNames() string {
	names := make([]string, len(operations))
	for i, o := range operations {
		names[i] = o.name
	}
	return strings.Join(names, ",")
}

// prepare builds the programs and throws away templates of another version.
func (b *bench) prepare(ctx context.Context) (err error) {
	if b.version, err = templateVersion(); err != nil {
		return err
	}
	if b.cache, err = filepath.Abs(".cache"); err != nil {
		return fmt.Errorf("cache: %w", err)
	}
	if err := os.MkdirAll(filepath.Join(b.cache, "bin"), 0o755); err != nil { //nolint:gosec // PostgreSQL's user goes through it
		return fmt.Errorf("cache: %w", err)
	}
	if b.profiles != "" {
		if err := os.MkdirAll(b.profiles, 0o755); err != nil { //nolint:gosec // for whoever reads them
			return fmt.Errorf("profiles: %w", err)
		}
	}
	entries, err := os.ReadDir(b.cache)
	if err != nil {
		return fmt.Errorf("cache: %w", err)
	}
	for _, entry := range entries {
		name := entry.Name()
		if strings.HasPrefix(name, "run-") || strings.Contains(name, "_") && !strings.Contains(name, "_"+b.version+"_") {
			if err := os.RemoveAll(filepath.Join(b.cache, name)); err != nil {
				return fmt.Errorf("cache: %w", err)
			}
		}
	}
	if b.scratch, err = os.MkdirTemp(b.cache, "run-"); err != nil {
		return fmt.Errorf("cache: %w", err)
	}
	b.say("building")
	for _, build := range [][]string{
		{"-C", "..", "build", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", b.binary("panal"), "."},
		{"build", "-o", b.binary("floor"), "./floor"},
		{"build", "-o", b.binary("peer"), "./peer"},
		{"build", "-o", b.binary("load"), "./load"},
		{"build", "-o", b.binary("profiled"), "./profiled"},
	} {
		if out, err := exec.CommandContext(ctx, "go", build...).CombinedOutput(); err != nil { //nolint:gosec // from the list above
			return fmt.Errorf("build: %w\n%s", err, out)
		}
	}
	return nil
}

func (b *bench) binary(name string) string { return filepath.Join(b.cache, "bin", name) }

// say tells whoever waits what goes on; the report goes to standard output.
func (b *bench) say(format string, args ...any) {
	fmt.Fprintf(os.Stderr, time.Now().Format(time.TimeOnly)+" "+format+"\n", args...)
}
