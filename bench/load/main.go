// Command load sends one kind of request to a server over a few kept connections,
// as fast as the answers come, and prints what it saw as one line of JSON.
//
// It reads the requests from standard input, one a line: the path and, after a
// tab, the body. It knows nothing of what they mean.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// Result is what was seen, in the line that is printed.
type Result struct {
	Requests int           `json:"requests"`
	Elapsed  time.Duration `json:"elapsed"`
	P50      time.Duration `json:"p50"`
	P99      time.Duration `json:"p99"`
}

func main() {
	var (
		addresses   = flag.String("addresses", "", "servers, host:port, separated by commas; connections are dealt out to them in turn")
		method      = flag.String("method", "GET", "method")
		key         = flag.String("key", "", "value of the Authorization header")
		status      = flag.Int("status", 200, "the one status that is right")
		connections = flag.Int("connections", 8, "connections")
		duration    = flag.Duration("duration", 5*time.Second, "how long")
		once        = flag.Bool("once", false, "send no line twice, and end after the last one")
	)
	flag.Parse()
	p := plan{method: *method, key: *key, status: *status, once: *once}
	result, err := p.run(strings.Split(*addresses, ","), *connections, *duration)
	if err == nil {
		err = json.NewEncoder(os.Stdout).Encode(result)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "load:", err)
		os.Exit(1)
	}
}

type plan struct {
	method, key string
	status      int
	once        bool
	lines       []string
	next        atomic.Int64
}

// run fails on the first answer that is not the right one: a server that refuses
// fast would look like a fast one.
func (p *plan) run(addresses []string, connections int, duration time.Duration) (Result, error) {
	in := bufio.NewScanner(os.Stdin)
	for in.Scan() {
		p.lines = append(p.lines, in.Text())
	}
	if err := in.Err(); err != nil {
		return Result{}, fmt.Errorf("requests: %w", err)
	}
	if len(p.lines) == 0 {
		return Result{}, errors.New("no requests on standard input")
	}
	clients := make([]*client, connections)
	for i := range clients {
		c, err := dial(addresses[i%len(addresses)])
		if err != nil {
			return Result{}, err
		}
		clients[i] = c
	}

	var all sync.WaitGroup
	latencies, errs := make([][]time.Duration, connections), make([]error, connections)
	start := time.Now()
	for i, c := range clients {
		all.Go(func() { latencies[i], errs[i] = p.send(c, start.Add(duration)) })
	}
	all.Wait()
	elapsed := time.Since(start)
	seen := slices.Concat(latencies...)
	if err := errors.Join(errs...); err != nil {
		return Result{}, err
	}
	if len(seen) == 0 {
		return Result{}, errors.New("no answer in time")
	}
	slices.Sort(seen)
	return Result{Requests: len(seen), Elapsed: elapsed, P50: seen[len(seen)/2], P99: seen[len(seen)*99/100]}, nil
}

func (p *plan) send(c *client, end time.Time) ([]time.Duration, error) {
	var latencies []time.Duration
	for {
		n := int(p.next.Add(1)) - 1
		if p.once && n >= len(p.lines) {
			return latencies, nil
		}
		path, body, _ := strings.Cut(p.lines[n%len(p.lines)], "\t")
		start := time.Now()
		if !start.Before(end) {
			return latencies, nil
		}
		if err := c.do(p.method, path, p.key, body, p.status); err != nil {
			return latencies, fmt.Errorf("%s %s: %w", p.method, path, err)
		}
		latencies = append(latencies, time.Since(start))
	}
}
