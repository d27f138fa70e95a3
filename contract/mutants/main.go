// Mutants stands between schemathesis and Panal and spoils what passes, one fault
// at a time. ../mutants.py starts it and holds that the gate notices each fault.
package main

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"
)

func main() {
	if err := run(context.Background(), os.Args[1:], os.Stdin, os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "mutants:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, args []string, stdin io.Reader, stdout io.Writer) error {
	flags := flag.NewFlagSet("mutants", flag.ContinueOnError)
	list := flags.Bool("list", false, "print all mutants as JSON")
	asTable := flags.Bool("table", false, "print all mutants as Markdown")
	name := flags.String("mutant", "", "the mutant to be; none spoils nothing")
	upstream := flags.String("upstream", "", "address of the server")
	key := flags.String("key", "", "a key that the server knows")
	if err := flags.Parse(args); err != nil {
		return fmt.Errorf("flags: %w", err)
	}
	if *asTable {
		if _, err := io.WriteString(stdout, table()); err != nil {
			return fmt.Errorf("table: %w", err)
		}
		return nil
	}
	if *list {
		if err := json.NewEncoder(stdout).Encode(mutants); err != nil {
			return fmt.Errorf("list: %w", err)
		}
		return nil
	}
	target, err := url.Parse(*upstream)
	if err != nil || target.Host == "" {
		return fmt.Errorf("no address: %q", *upstream)
	}
	p := &proxy{host: target.Host, key: *key, transport: &http.Transport{DisableCompression: true, MaxIdleConnsPerHost: 4}}
	if *name != "" {
		i := slices.IndexFunc(mutants, func(m mutant) bool { return m.Name == *name })
		if i < 0 {
			return fmt.Errorf("unknown mutant %q", *name)
		}
		p.spoil = mutants[i].spoil()
	}
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return fmt.Errorf("listen: %w", err)
	}
	// Larger than Panal's own limit, which is to answer.
	server := &http.Server{Handler: p, ReadHeaderTimeout: time.Minute, MaxHeaderBytes: 16 << 20}
	failed := make(chan error, 1)
	go func() { failed <- server.Serve(listener) }()
	if _, err := fmt.Fprintf(stdout, "http://%s\n", listener.Addr()); err != nil {
		return fmt.Errorf("print: %w", err)
	}
	// Whoever started this holds the other end, which closes at the latest when they die.
	if _, err := bufio.NewReader(stdin).ReadByte(); !errors.Is(err, io.EOF) {
		return fmt.Errorf("wait: %w", err)
	}
	if err := server.Close(); err != nil {
		return fmt.Errorf("close: %w", err)
	}
	if err := <-failed; !errors.Is(err, http.ErrServerClosed) {
		return fmt.Errorf("serve: %w", err)
	}
	return nil
}

// table is what docs/contract.md says about the mutants.
func table() string {
	var b strings.Builder
	b.WriteString("| mutant | what it spoils | caught by |\n|---|---|---|\n")
	for _, m := range mutants {
		fmt.Fprintf(&b, "| `%s` | %s | `%s` |\n", m.Name, m.Spoils, m.Check)
	}
	return b.String()
}
