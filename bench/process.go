package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"time"
)

// process is a server under measurement, or PostgreSQL.
type process struct {
	cmd    *exec.Cmd
	log    string
	exited chan struct{} // closed when it has
}

// program says how to start one.
type program struct {
	name    string // of its log
	command []string
	env     []string
	cpus    string // as taskset takes them; empty: any
	user    *syscall.Credential
	stop    os.Signal
}

// start runs a program until ctx ends or it is stopped. It is in a process group of
// its own, so that Ctrl-C reaches it through us and in our order, and ends with us.
func (b *bench) start(ctx context.Context, p program) (*process, error) {
	command := p.command
	if p.cpus != "" {
		command = append([]string{"taskset", "-c", p.cpus}, command...)
	}
	cmd := exec.CommandContext(ctx, command[0], command[1:]...) //nolint:gosec // our own programs
	cmd.Env = append([]string{"PATH=" + os.Getenv("PATH"), "TZ=UTC", "LC_ALL=C"}, p.env...)
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL, Credential: p.user}
	cmd.Cancel = func() error { return cmd.Process.Signal(p.stop) }
	cmd.WaitDelay = time.Minute
	log, err := os.CreateTemp(b.scratch, p.name+"-*.log")
	if err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	defer func() { _ = log.Close() }() // the child has its own
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		return nil, fmt.Errorf("start %s: %w", p.name, err)
	}
	started := &process{cmd: cmd, log: log.Name(), exited: make(chan struct{})}
	go func() {
		_ = cmd.Wait() // stopped by us, or missed by whoever asks it next
		close(started.exited)
	}()
	return started, nil
}

func (p *process) stop() error {
	if err := p.cmd.Cancel(); err != nil && !errors.Is(err, os.ErrProcessDone) {
		return fmt.Errorf("stop: %w", err)
	}
	<-p.exited
	return nil
}

// output is what it has said, for whoever has to find out why it failed.
func (p *process) output() string {
	text, err := os.ReadFile(p.log)
	if err != nil {
		return err.Error()
	}
	return string(text[max(0, len(text)-2000):])
}

// patience is how long a server may take to answer for the first time.
const patience = time.Minute

// await asks until the answer is 200.
func (p *process) await(ctx context.Context, url string, authorization func() string) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for {
		select {
		case <-p.exited:
			return fmt.Errorf("ended before it answered: %s\n%s", p.cmd.ProcessState, p.output())
		case <-ctx.Done():
			return fmt.Errorf("no answer from %s: %w\n%s", url, ctx.Err(), p.output())
		default:
		}
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, url, http.NoBody)
		if err != nil {
			return fmt.Errorf("ask: %w", err)
		}
		r.Header.Set("Authorization", authorization())
		answer, err := http.DefaultClient.Do(r)
		if err == nil {
			_, _ = io.Copy(io.Discard, answer.Body)
			_ = answer.Body.Close()
			if answer.StatusCode == http.StatusOK {
				return nil
			}
		}
		time.Sleep(time.Millisecond)
	}
}

// ticks of the kernel's clock a second, the same on every Linux that Go runs on.
const ticks = 100

// cpu is the time that a process and its children have had, those included that
// have ended: PostgreSQL has a process for each connection.
func (p *process) cpu() (time.Duration, error) {
	own := p.cmd.Process.Pid
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return 0, fmt.Errorf("processes: %w", err)
	}
	total := 0
	for _, entry := range entries {
		pid, err := strconv.Atoi(entry.Name())
		if err != nil {
			continue
		}
		text, err := os.ReadFile("/proc/" + entry.Name() + "/stat")
		if err != nil {
			continue // gone since
		}
		// The name in parentheses may have anything in it; from the state on there
		// are numbers. proc(5) counts from 1 and the state is its third.
		fields := strings.Fields(string(text[strings.LastIndexByte(string(text), ')')+1:]))
		at := func(n int) int { v, _ := strconv.Atoi(fields[n-3]); return v }
		switch {
		case pid == own:
			total += at(14) + at(15) + at(16) + at(17)
		case at(4) == own:
			total += at(14) + at(15)
		}
	}
	return time.Duration(total) * time.Second / ticks, nil
}

// memory reads a line of /proc/PID/status, in bytes: VmRSS is now, VmHWM the peak.
func (p *process) memory(line string) (int, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		return 0, fmt.Errorf("memory: %w", err)
	}
	_, rest, _ := strings.Cut(string(text), line+":")
	number, _, _ := strings.Cut(strings.TrimSpace(rest), " ")
	kib, err := strconv.Atoi(number)
	if err != nil {
		return 0, fmt.Errorf("memory: %w", err)
	}
	return kib << 10, nil
}

// freeAddress is one that nobody listens on at the moment.
func freeAddress(ctx context.Context) (string, error) {
	var config net.ListenConfig
	listener, err := config.Listen(ctx, "tcp", "127.0.0.1:0")
	if err != nil {
		return "", fmt.Errorf("find a free port: %w", err)
	}
	defer func() { _ = listener.Close() }()
	return listener.Addr().String(), nil
}
