package server

import (
	"sync"
	"time"

	"github.com/getkin/kin-openapi/openapi3"
	"github.com/labstack/echo/v4"
)

// sandboxClock is a clock that can be set. The zero one shows the system's time.
type sandboxClock struct {
	mu     sync.Mutex
	offset time.Duration // from the system's clock, while it runs
	frozen time.Time     // what it shows while it stands still, else zero
}

type clockState struct {
	Now    time.Time `json:"now"`
	Frozen bool      `json:"frozen"`
}

func (c *sandboxClock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.shown()
}

func (c *sandboxClock) shown() time.Time {
	if !c.frozen.IsZero() {
		return c.frozen
	}
	// Without the monotonic reading, which would outlive a change.
	return time.Now().Add(c.offset).Round(0).UTC()
}

func (c *sandboxClock) state() clockState {
	c.mu.Lock()
	defer c.mu.Unlock()
	return clockState{Now: c.shown().Truncate(time.Microsecond), Frozen: !c.frozen.IsZero()}
}

// follow lets the clock show the system's time again.
func (c *sandboxClock) follow() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.offset, c.frozen = 0, time.Time{}
}

// clockChange is what PUT /_sandbox/clock brings.
type clockChange struct {
	now     *time.Time
	advance time.Duration
	frozen  *bool
}

// The years in which every date that the server computes can be written.
const (
	firstYear = 1970
	lastYear  = 2999
)

// change sets the clock, unless it would then show a year outside of the bounds. A
// new time freezes it if nothing else is said.
func (c *sandboxClock) change(to clockChange) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	shown, freeze := c.shown(), !c.frozen.IsZero()
	if to.now != nil {
		shown, freeze = to.now.UTC(), true
	}
	shown = shown.Add(to.advance)
	if to.frozen != nil {
		freeze = *to.frozen
	}
	if shown.Year() < firstYear || shown.Year() > lastYear {
		return false
	}
	if freeze {
		c.offset, c.frozen = 0, shown
	} else {
		c.offset, c.frozen = time.Until(shown), time.Time{}
	}
	return true
}

var clockSchema = openapi3.NewObjectSchema().
	WithProperty("now", openapi3.NewStringSchema()).
	WithProperty("advance", openapi3.NewStringSchema()).
	WithProperty("frozen", openapi3.NewBoolSchema())

// tellTime answers GET /_sandbox/clock.
func (w *world) tellTime(c echo.Context) error { return w.answer(c, w.clock.state()) }

// followClock answers DELETE /_sandbox/clock.
func (w *world) followClock(c echo.Context) error {
	w.clock.follow()
	return w.tellTime(c)
}

// setClock answers PUT /_sandbox/clock.
func (w *world) setClock(c echo.Context) error {
	r := c.Request()
	if !isMediaType(r.Header.Values(echo.HeaderContentType), mediaJSON) {
		return unsupportedMediaType(mediaJSON)
	}
	body, err := readBody(r, w.server.bodyLimit)
	if err != nil {
		return err
	}
	value, err := decodeBody(body)
	if err != nil {
		return err
	}
	found, err := checkBody(clockSchema, value)
	if err != nil {
		return err
	}
	to := parseClockChange(value, &found)
	if len(found) == 0 && !w.clock.change(to) {
		found.add("now", "must not leave the years 1970 to 2999")
	}
	if len(found) > 0 {
		return found.refusal()
	}
	return w.tellTime(c)
}

func parseClockChange(value any, found *faults) clockChange {
	var to clockChange
	properties, _ := value.(map[string]any)
	text, set := properties["now"].(string)
	if set {
		now, err := time.Parse(time.RFC3339, text)
		if err != nil {
			found.add("now", "must be a time, such as 2026-03-02T09:30:00Z")
		}
		to.now = &now
	}
	text, moved := properties["advance"].(string)
	if moved {
		var err error
		if to.advance, err = time.ParseDuration(text); err != nil {
			found.add("advance", "must be a duration, such as 25h or 90s")
		}
	}
	frozen, said := properties["frozen"].(bool)
	if said {
		to.frozen = &frozen
	}
	switch {
	case set && moved:
		found.add("advance", "must not be combined with now")
	case !set && !moved && !said:
		found.add("now", "is required unless advance or frozen is given")
	}
	return to
}
