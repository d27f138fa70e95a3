package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"syscall"
	"time"

	"github.com/panal/panal/store"
)

// doctorPatience is how long an examination may take.
const doctorPatience = 30 * time.Second

type doctorCmd struct {
	JSON bool `name:"json" help:"Print JSON."`
}

// Help says what the flags' own help has no room for.
func (*doctorCmd) Help() string {
	return `Give it the settings of the server it is to examine. It changes nothing. The exit code is 1 if something does not work; settings that no command would accept are reported as by every command.`
}

// Run implements the command.
func (c *doctorCmd) Run(ctx context.Context, a *app) error {
	ctx, cancel := context.WithTimeout(ctx, doctorPatience)
	defer cancel()
	findings := append([]store.Finding{
		{Name: "panal", Verdict: store.OK, Detail: programVersion()},
		{Name: "settings", Verdict: store.OK, Detail: "every one is valid"}, // or this would not run
		examineAddress(ctx, string(a.Addr)),
	}, store.Examine(ctx, a.storeOptions(a.log))...)
	failed := 0
	for _, f := range findings {
		if f.Verdict == store.Fail {
			failed++
		}
	}
	if err := c.report(a, findings, failed == 0); err != nil {
		return err
	}
	if failed > 0 {
		return fmt.Errorf("%d of %d checks failed", failed, len(findings))
	}
	return nil
}

func (c *doctorCmd) report(a *app, findings []store.Finding, ok bool) error {
	if c.JSON {
		return sayJSON(a.stdout, struct {
			OK     bool            `json:"ok"`
			Checks []store.Finding `json:"checks"`
		}{ok, findings})
	}
	var rows [][]string
	for _, f := range findings {
		rows = append(rows, []string{string(f.Verdict), f.Name, f.Detail})
		if f.Advice != "" {
			rows = append(rows, []string{"", "", "→ " + f.Advice})
		}
	}
	return sayTable(a.stdout, rows...)
}

// examineAddress tells whether serve could listen, or does so already.
func examineAddress(ctx context.Context, addr string) store.Finding {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", addr)
	f := store.Finding{Name: "address", Verdict: store.OK, Detail: addr + " is free"}
	switch {
	case err == nil:
		_ = listener.Close() // nobody was told of it
	case !errors.Is(err, syscall.EADDRINUSE):
		f.Verdict, f.Detail, f.Advice = store.Fail, "this user cannot listen on "+addr, "choose another with PANAL_ADDR: an address of this machine, and a port above 1023"
	default:
		ours, status := askReady(ctx, addr)
		switch {
		case !ours:
			f.Verdict, f.Detail, f.Advice = store.Fail, addr+" is taken by another program", "stop that one, or choose another address with PANAL_ADDR"
		case status != http.StatusOK:
			f.Verdict, f.Detail, f.Advice = store.Warn, "a Panal listens on "+addr+" and is not ready", "see its log: it is stopping, or its database does not answer"
		default:
			f.Detail = "a Panal listens on " + addr + " and is ready"
		}
	}
	return f
}

// askReady asks whoever listens on addr for /readyz, whose answer has an envelope
// if it is one of us.
func askReady(ctx context.Context, addr string) (ours bool, status int) {
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	if resolved, err := net.ResolveTCPAddr("tcp", addr); err == nil {
		addr = reachable(resolved)
	}
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/readyz", http.NoBody)
	if err != nil {
		return false, 0
	}
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		return false, 0
	}
	defer func() { _ = response.Body.Close() }() // only read
	var envelope struct {
		Meta struct {
			RequestID string `json:"request_id"`
		} `json:"meta"`
	}
	err = json.NewDecoder(io.LimitReader(response.Body, 64<<10)).Decode(&envelope)
	return err == nil && envelope.Meta.RequestID != "", response.StatusCode
}
