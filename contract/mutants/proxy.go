package main

import (
	"bytes"
	"encoding/json"
	"io"
	"maps"
	"net/http"
	"path"
	"slices"
	"strconv"
	"sync"
)

// mutant is a fault and the check that has to notice it.
type mutant struct {
	Name       string   `json:"name"`
	Spoils     string   `json:"spoils"`
	Check      string   `json:"check"`
	Operations []string `json:"operations"`
	// Phase is the one of schemathesis's, or several, that brings the fault to light:
	// fuzzing if none is named.
	Phase string `json:"phase,omitempty"`
	// Keyless asks for requests without a key.
	Keyless bool `json:"keyless"`

	// spoil makes the fault, with a memory of its own.
	spoil func() spoiler
}

var mutants = slices.Concat(answerMutants, contentMutants, requestMutants, effectMutants)

// spoiler answers a request in Panal's place; forward gets Panal's own answer.
type spoiler func(p *proxy, r *request) answer

type request struct {
	*http.Request
	body []byte
}

type answer struct {
	status int
	header http.Header
	body   []byte
}

type proxy struct {
	host, key string
	transport *http.Transport
	spoil     spoiler
	// one request at a time, since faults remember what they have done
	one sync.Mutex
}

// ServeHTTP reads a request whole, since a fault may send it twice or never.
func (p *proxy) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	p.one.Lock()
	defer p.one.Unlock()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		http.Error(w, err.Error(), http.StatusBadGateway)
		return
	}
	forward := p.spoil
	if forward == nil {
		forward = (*proxy).forward
	}
	a := forward(p, &request{r, body})
	maps.Copy(w.Header(), a.header)
	if a.status != http.StatusNoContent && a.status != http.StatusNotModified && r.Method != http.MethodHead {
		w.Header().Set("Content-Length", strconv.Itoa(len(a.body)))
	}
	w.WriteHeader(a.status)
	_, _ = w.Write(a.body) // whoever has gone away does not miss it
}

// forward sends a request to Panal as it is now.
func (p *proxy) forward(r *request) answer {
	out := r.Clone(r.Context())
	out.URL.Scheme, out.URL.Host, out.RequestURI = "http", p.host, ""
	out.Body, out.ContentLength = io.NopCloser(bytes.NewReader(r.body)), int64(len(r.body))
	if len(r.body) == 0 {
		out.Body = http.NoBody
	}
	resp, err := p.transport.RoundTrip(out)
	if err != nil {
		return answer{status: http.StatusBadGateway, body: []byte(err.Error())}
	}
	defer resp.Body.Close() //nolint:errcheck // the body has been read
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		return answer{status: http.StatusBadGateway, body: []byte(err.Error())}
	}
	return answer{resp.StatusCode, resp.Header, body}
}

// is tells whether a request has a method and a path, of which * is one part.
func (r *request) is(method, pattern string) bool {
	matches, err := path.Match("/api"+pattern, r.URL.Path)
	return err == nil && matches && r.Method == method
}

// drop takes a query parameter away and tells whether it was there.
func (r *request) drop(name string) bool {
	query := r.URL.Query()
	there := query.Has(name)
	query.Del(name)
	r.URL.RawQuery = query.Encode()
	return there
}

func (a *answer) ok() bool { return a.status >= 200 && a.status < 300 }

// edit changes the JSON of an answer; one that is none stays as it is.
func (a *answer) edit(change func(envelope map[string]any)) {
	var envelope map[string]any
	decoder := json.NewDecoder(bytes.NewReader(a.body))
	decoder.UseNumber()
	if decoder.Decode(&envelope) != nil {
		return
	}
	change(envelope)
	if body, err := json.Marshal(envelope); err == nil {
		a.body = body
	}
}

// object is what stands under some names; what is not there changes without effect.
func object(from map[string]any, names ...string) map[string]any {
	for _, name := range names {
		within, ok := from[name].(map[string]any)
		if !ok {
			return map[string]any{}
		}
		from = within
	}
	return from
}

// decimal is a number of an answer, near enough.
func decimal(value any) float64 {
	number, _ := value.(json.Number) // of anything else it is 0
	float, _ := number.Float64()     // the same
	return float
}

// editData is edit for the data of an answer that succeeded.
func (a *answer) editData(change func(data map[string]any)) {
	if !a.ok() {
		return
	}
	a.edit(func(envelope map[string]any) {
		change(object(envelope, "data"))
	})
}

// refuse makes an answer a refusal with Panal's own envelope.
func (a *answer) refuse(status int, code, message string) {
	a.status = status
	a.edit(func(envelope map[string]any) {
		delete(envelope, "data")
		envelope["success"] = false
		envelope["error"] = map[string]any{"code": code, "message": message}
	})
}
