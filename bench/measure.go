package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

// sample is one round of one operation on one program.
type sample struct {
	rate     float64 // requests a second
	p50, p99 float64 // milliseconds
	server   float64 // CPU seconds for 1,000 requests
	database float64 // the same of PostgreSQL
}

type key struct {
	database  string
	size      int
	operation string
	program   string
}

type results map[key][]sample

// vitals are what the process needs as such.
type vitals struct {
	start      time.Duration // to the first answer
	rest, peak int           // bytes
}

// doubling is what a second process on the same database brings.
type doubling struct {
	size     int
	one, two []sample
}

// measureAll asks the programs in turns, round by round, so that what else the
// machine does meets all of them.
func (b *bench) measureAll(ctx context.Context, database string, size int, targets []*target, c *cluster) (err error) {
	v := map[string]vitals{}
	defer func() {
		for _, t := range targets {
			err = errors.Join(err, t.end())
		}
	}()
	for _, t := range targets {
		vital, err := b.startTimes(ctx, t)
		if err != nil {
			return fmt.Errorf("%s: %w", t.name, err)
		}
		v[t.name] = vital
	}
	for _, operation := range b.operations {
		b.say("%s, %d customers: %s", database, size, operation)
		for _, t := range targets {
			if c != nil {
				if err := c.do(ctx, t.database, "VACUUM ANALYZE", "CHECKPOINT"); err != nil {
					return err
				}
			}
		}
		// The first round warms up and does not count.
		for round := range b.rounds + 1 {
			for i := range targets {
				t := targets[(i+round)%len(targets)]
				s, err := b.measure(ctx, operation, size, round, b.connections, c, t)
				if err != nil {
					return fmt.Errorf("%s: %w\n%s", t.name, err, t.output())
				}
				if round > 0 {
					k := key{database, size, operation, t.name}
					b.results[k] = append(b.results[k], s)
				}
			}
		}
		panal := targets[len(targets)-1]
		if b.profiles != "" {
			if err := b.profile(ctx, database, size, operation, c, panal); err != nil {
				return fmt.Errorf("profile: %w", err)
			}
		}
		if c != nil && operation == "get" {
			if err := b.measureTwo(ctx, size, c, panal); err != nil {
				return fmt.Errorf("two processes: %w", err)
			}
		}
	}
	for _, t := range targets {
		vital := v[t.name]
		if vital.peak, err = t.memory("VmHWM"); err != nil {
			return err
		}
		b.process[fmt.Sprintf("%s/%s/%d", database, t.name, size)] = vital
	}
	return nil
}

// startTimes starts a program several times and leaves the last one running.
func (b *bench) startTimes(ctx context.Context, t *target) (vitals, error) {
	var times []time.Duration
	for range 5 {
		if err := t.end(); err != nil {
			return vitals{}, err
		}
		took, err := b.launch(ctx, t, b.serverCPUs)
		if err != nil {
			return vitals{}, err
		}
		times = append(times, took)
	}
	time.Sleep(time.Second) // at rest is when starting is over, and its garbage gone
	rest, err := t.memory("VmRSS")
	return vitals{start: median(times), rest: rest}, err
}

// measureTwo compares one process with two, with as many connections each, on
// different halves of the cores.
func (b *bench) measureTwo(ctx context.Context, size int, c *cluster, first *target) (err error) {
	b.say("postgres, %d customers: a second process", size)
	second := *first
	if _, err := b.launch(ctx, &second, b.loadCPUs); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, second.stop()) }()
	d := doubling{size: size}
	for round := range b.rounds + 1 {
		one, err := b.measure(ctx, "get", size, round, b.connections, c, first)
		if err != nil {
			return err
		}
		two, err := b.measure(ctx, "get", size, round, 2*b.connections, c, first, &second)
		if err != nil {
			return err
		}
		if round > 0 {
			d.one, d.two = append(d.one, one), append(d.two, two)
		}
	}
	b.twice = append(b.twice, d)
	return nil
}

// profile runs one more round on Panal's server as a program that profiles itself.
func (b *bench) profile(ctx context.Context, database string, size int, operation string, c *cluster, panal *target) error {
	profiled := *panal
	profiled.command = func(address string) program {
		p := panal.command(address)
		file := filepath.Join(b.profiles, fmt.Sprintf("%s-%d-%s.pprof", database, size, operation))
		p.command = []string{b.binary("profiled"), "-address", address, "-dir", panal.dir, "-profile", file}
		return p
	}
	if _, err := b.launch(ctx, &profiled, b.serverCPUs); err != nil {
		return err
	}
	_, err := b.measure(ctx, operation, size, b.rounds+1, b.connections, c, &profiled)
	return errors.Join(err, profiled.stop())
}

// fastest bounds how many requests are made up that can be sent once only.
const fastest = 10_000

// measure runs the load once, on servers of the same kind.
func (b *bench) measure(ctx context.Context, operation string, size, round, connections int, c *cluster, targets ...*target) (sample, error) {
	t := targets[0]
	customers := customersFor(operation, size, round, b.rounds+2, int(fastest*b.duration.Seconds())+fastest)
	r := rand.New(rand.NewPCG(uint64(round), 1)) //nolint:gosec // the same for every program, on purpose
	var lines bytes.Buffer
	for _, customer := range customers {
		lines.WriteString(t.api.line(operation, customer, r))
		lines.WriteByte('\n')
	}
	addresses := make([]string, len(targets))
	for i := range targets {
		addresses[i] = targets[i].address
	}
	command := []string{
		b.binary("load"), "-addresses", strings.Join(addresses, ","), "-method", t.api.method[operation], "-key", t.authorization(),
		"-status", strconv.Itoa(t.api.status[operation]), "-connections", strconv.Itoa(connections), "-duration", b.duration.String(),
		"-once=" + strconv.FormatBool(operation == "post" || operation == "delete"),
	}
	if b.loadCPUs != "" {
		command = append([]string{"taskset", "-c", b.loadCPUs}, command...)
	}
	load := exec.CommandContext(ctx, command[0], command[1:]...) //nolint:gosec // our own program
	var out, complaints bytes.Buffer
	load.Stdin, load.Stdout, load.Stderr = &lines, &out, &complaints

	before, err := cpuOf(c, targets)
	if err != nil {
		return sample{}, err
	}
	if err := load.Run(); err != nil {
		return sample{}, fmt.Errorf("load: %w\n%s", err, complaints.Bytes())
	}
	after, err := cpuOf(c, targets)
	if err != nil {
		return sample{}, err
	}
	var seen struct {
		Requests          int
		Elapsed, P50, P99 time.Duration
	}
	if err := json.Unmarshal(out.Bytes(), &seen); err != nil {
		return sample{}, fmt.Errorf("load: %w", err)
	}
	n := float64(seen.Requests) / 1000
	return sample{
		rate: float64(seen.Requests) / seen.Elapsed.Seconds(),
		p50:  seen.P50.Seconds() * 1000, p99: seen.P99.Seconds() * 1000,
		server: (after.server - before.server).Seconds() / n, database: (after.database - before.database).Seconds() / n,
	}, nil
}

type cpuTimes struct{ server, database time.Duration }

func cpuOf(c *cluster, targets []*target) (times cpuTimes, err error) {
	for _, t := range targets {
		used, err := t.cpu()
		if err != nil {
			return cpuTimes{}, err
		}
		times.server += used
	}
	if c != nil {
		times.database, err = c.cpu()
	}
	return times, err
}

func median[T cmp.Ordered](values []T) T {
	sorted := slices.Sorted(slices.Values(values))
	return sorted[len(sorted)/2]
}
