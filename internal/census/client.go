package census

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptrace"
	"net/url"
	"strings"
	"sync/atomic"
	"time"
	"unicode/utf8"

	"github.com/sony/gobreaker/v2"
)

// Options say where the census is.
type Options struct {
	URL string // http or https
	// Token is sent as a bearer; empty for none.
	Token string
	// Timeout bounds one question from connecting to the last byte.
	Timeout time.Duration
}

const (
	// maxAnswer and maxName bound what the other side can make us hold and show.
	maxAnswer = 64 << 10
	maxName   = 255
	// tolerance is how many failures in a row it takes to leave the census alone,
	// and pause for how long. Then one question is let through to see.
	tolerance = 5
	pause     = 30 * time.Second
)

// Client asks the census over HTTP. A census that keeps failing is left alone for
// a while, so that callers do not all wait for its timeout.
type Client struct {
	options Options
	http    *http.Client
	breaker *gobreaker.CircuitBreaker[Result]
}

// NewClient returns a client, which connects when it is asked.
func NewClient(o Options) *Client {
	return &Client{
		options: o,
		http: &http.Client{
			Transport: &http.Transport{
				Proxy: http.ProxyFromEnvironment,
				// Connecting goes on when the question that asked for it has given up.
				DialContext:            (&net.Dialer{Timeout: o.Timeout}).DialContext,
				ForceAttemptHTTP2:      true,
				MaxIdleConnsPerHost:    8,
				IdleConnTimeout:        90 * time.Second,
				MaxResponseHeaderBytes: maxAnswer,
			},
			// Whom the operator has not named is told neither numbers nor names.
			CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
		},
		breaker: gobreaker.NewCircuitBreaker[Result](gobreaker.Settings{
			Timeout:     pause,
			ReadyToTrip: func(c gobreaker.Counts) bool { return c.ConsecutiveFailures >= tolerance },
			// A caller who hangs up says nothing about the census.
			IsExcluded: func(err error) bool { return errors.Is(err, context.Canceled) },
		}),
	}
}

// Validate implements Provider. Its errors may be logged: they have neither the
// number nor the name, nor anything that the census answered.
func (c *Client) Validate(ctx context.Context, nif, name string) (Result, error) {
	result, err := c.breaker.Execute(func() (Result, error) { return c.ask(ctx, nif, name) })
	if errors.Is(err, gobreaker.ErrOpenState) || errors.Is(err, gobreaker.ErrTooManyRequests) {
		err = fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if err != nil {
		return Result{}, fmt.Errorf("census: %w", err)
	}
	return result, nil
}

func (c *Client) ask(ctx context.Context, nif, name string) (Result, error) {
	ctx, cancel := context.WithTimeout(ctx, c.options.Timeout)
	defer cancel()
	var connected atomic.Bool
	request, err := c.request(httptrace.WithClientTrace(ctx, &httptrace.ClientTrace{
		GotConn: func(httptrace.GotConnInfo) { connected.Store(true) },
	}), nif, name)
	if err != nil {
		return Result{}, err
	}
	response, err := c.http.Do(request)
	// Its words repeat the address, which may hold a secret of the operator's.
	if outer, ok := errors.AsType[*url.Error](err); ok {
		err = outer.Err
	}
	if err != nil && !connected.Load() && !errors.Is(err, context.Canceled) {
		return Result{}, fmt.Errorf("%w: %w", ErrUnreachable, err)
	}
	if err != nil {
		return Result{}, silence(err)
	}
	defer func() { _ = response.Body.Close() }()
	if response.StatusCode != http.StatusOK {
		return Result{}, fmt.Errorf("answered with status %d", response.StatusCode)
	}
	body, err := io.ReadAll(io.LimitReader(response.Body, maxAnswer+1))
	if err != nil {
		return Result{}, silence(err)
	}
	return parse(body)
}

// silence leaves out the library's words, which quote what came instead of HTTP.
func silence(err error) error {
	switch {
	case errors.Is(err, context.Canceled):
		return context.Canceled
	case errors.Is(err, context.DeadlineExceeded):
		return errors.New("no answer in time")
	}
	return errors.New("the connection broke or did not speak HTTP")
}

func (c *Client) request(ctx context.Context, nif, name string) (*http.Request, error) {
	body, err := json.Marshal(struct {
		NIF       string `json:"nif"`
		LegalName string `json:"legal_name,omitempty"`
	}{nif, name})
	if err != nil {
		return nil, fmt.Errorf("question: %w", err)
	}
	r, err := http.NewRequestWithContext(ctx, http.MethodPost, c.options.URL, bytes.NewReader(body))
	if err != nil {
		return nil, errors.New("the address is not valid")
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/json")
	// Never sent, but says that asking twice does no harm: a connection that the
	// census closed while it was idle may be replaced.
	r.Header["Idempotency-Key"] = nil
	if c.options.Token != "" {
		r.Header.Set("Authorization", "Bearer "+c.options.Token)
	}
	return r, nil
}

var errMalformed = errors.New("the answer is not what the protocol says")

// parse leaves out the decoder's words, which quote the answer.
func parse(body []byte) (Result, error) {
	if len(body) > maxAnswer {
		return Result{}, errMalformed
	}
	var answer struct {
		Status    Status `json:"status"`
		LegalName string `json:"legal_name"`
	}
	if json.Unmarshal(body, &answer) != nil {
		return Result{}, errMalformed
	}
	name := strings.TrimSpace(answer.LegalName)
	if utf8.RuneCountInString(name) > maxName || strings.ContainsRune(name, 0) {
		return Result{}, errMalformed
	}
	switch answer.Status {
	case Identified, NotIdentified, Similar, Deregistered, Revoked:
		return Result{Status: answer.Status, LegalName: name}, nil
	}
	return Result{}, errMalformed
}
