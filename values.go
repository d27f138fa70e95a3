package main

import (
	"errors"
	"math"
	"net"
	"net/url"
	"regexp"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/google/uuid"
)

// Each type of flag has its rule below; decode.go brings the two together.
type (
	databaseURL string
	directory   string
	webAddress  string // empty where it is not given
	secret      string // empty where it is not given
	headers     map[string]string
	address     string
	choice      string
	byteSize    int64
	timeout     time.Duration
	rate        int // requests a minute; 0 is no limit
	connections int // 0 leaves it to the store
	count       int
	demoMode    string
	onOff       bool
	text        string // empty where it is not given
)

func (t text) orNil() *string {
	if t == "" {
		return nil
	}
	s := string(t)
	return &s
}

// parseText refuses what would break a line of a list or of an invoice.
func parseText(s string) (text, error) {
	if s == "" || !utf8.ValidString(s) || strings.ContainsFunc(s, unicode.IsControl) {
		return "", errors.New("must be a line of text")
	}
	return text(s), nil
}

// parseDatabaseURL does not repeat the URL or the parser's message, which would:
// there is a password in it.
func parseDatabaseURL(s string) (databaseURL, error) {
	u, err := url.Parse(s)
	if s != "" && (err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql") {
		return "", errors.New("must look like postgres://user:password@host:5432/name")
	}
	return databaseURL(s), nil
}

// parseWebAddress does not repeat the address either: its query may hold a key.
func parseWebAddress(s string) (webAddress, error) {
	u, err := url.Parse(s)
	if s != "" && (err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Hostname() == "" || u.User != nil || u.Fragment != "") {
		return "", errors.New("must look like https://host/path, without a user and a fragment")
	}
	return webAddress(s), nil
}

// parseSecret takes what can stand in a header.
func parseSecret(s string) (secret, error) {
	if strings.ContainsFunc(s, func(r rune) bool { return r <= ' ' || r > '~' }) {
		return "", errors.New("must be printable ASCII without blanks")
	}
	return secret(s), nil
}

var headerName = regexp.MustCompile(`^[a-zA-Z0-9._-]+$`)

// parseHeaders takes name=value,name=value with percent-encoded values, as
// OpenTelemetry writes it.
func parseHeaders(s string) (headers, error) {
	parsed := headers{}
	for pair := range strings.SplitSeq(s, ",") {
		name, encoded, ok := strings.Cut(strings.TrimSpace(pair), "=")
		value, err := url.PathUnescape(strings.TrimSpace(encoded))
		if err == nil {
			_, err = parseSecret(strings.ReplaceAll(value, " ", ""))
		}
		if name = strings.TrimSpace(name); !ok || err != nil || !headerName.MatchString(name) {
			return nil, errors.New("must look like name=value,name=value, with printable ASCII")
		}
		parsed[name] = value
	}
	return parsed, nil
}

func parseDirectory(s string) (directory, error) {
	if s == "" {
		return "", errors.New("must not be empty")
	}
	return directory(s), nil
}

func parseAddress(s string) (address, error) {
	_, port, err := net.SplitHostPort(s)
	if err == nil {
		_, err = strconv.ParseUint(port, 10, 16)
	}
	if err != nil {
		return "", errors.New("must be a host and a port, such as 127.0.0.1:8080")
	}
	return address(s), nil
}

func parseByteSize(s string) (byteSize, error) {
	digits, unit := s, int64(1)
	for suffix, size := range map[string]int64{"KiB": 1 << 10, "MiB": 1 << 20} {
		if before, ok := strings.CutSuffix(s, suffix); ok {
			digits, unit = before, size
		}
	}
	n, err := strconv.ParseInt(digits, 10, 64)
	if err != nil || n < 1 || n > math.MaxInt64/unit {
		return 0, errors.New("must be a number of bytes, such as 500000, 512KiB or 2MiB")
	}
	return byteSize(n * unit), nil
}

func parseDuration(s string) (time.Duration, error) {
	d, err := time.ParseDuration(s)
	if err != nil || d < 0 {
		return 0, errors.New("must be a duration, such as 500ms, 20s or 5m")
	}
	return d, nil
}

func parseTimeout(s string) (timeout, error) {
	d, err := parseDuration(s)
	if err == nil && d == 0 {
		err = errors.New("must be more than zero")
	}
	return timeout(d), err
}

func parseRate(s string) (rate, error) {
	if s == "off" {
		return 0, nil
	}
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil || n < 1 {
		return 0, errors.New("must be a number of requests a minute, or off")
	}
	return rate(n), nil
}

func parseConnections(s string) (connections, error) {
	n, err := strconv.ParseInt(s, 10, 16)
	if err != nil || n < 1 {
		return 0, errors.New("must be a number from 1 to 32767")
	}
	return connections(n), nil
}

func parseCount(s string) (count, error) {
	n, err := strconv.ParseInt(s, 10, 32)
	if err != nil || n < 1 || n > 10_000_000 {
		return 0, errors.New("must be a number from 1 to 10000000")
	}
	return count(n), nil
}

func parseDemoMode(s string) (demoMode, error) {
	switch s {
	case "auto", "true", "false":
		return demoMode(s), nil
	}
	return "", errors.New("must be true, false or auto")
}

func parseOnOff(s string) (onOff, error) {
	switch s {
	case "true", "false":
		return s == "true", nil
	}
	return false, errors.New("must be true or false")
}

func parseID(s string) (uuid.UUID, error) {
	id, err := uuid.Parse(s)
	if err != nil || len(s) != len(id.String()) {
		return uuid.Nil, errors.New("must be an id, such as 01981f5e-7c1a-7b3e-9a51-0d5f6a7b8c9d")
	}
	return id, nil
}
