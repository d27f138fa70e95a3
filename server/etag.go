package server

import (
	"strconv"
	"strings"
	"time"

	"github.com/panal/panal/store"
)

// etag stands for the state of a customer (RFC 9110, section 8.8.3). Every change
// moves updated_at, by a microsecond at least, so the validator is a strong one.
func etag(c store.Customer) *string {
	tag := `"` + strconv.FormatInt(c.UpdatedAt.UnixMicro(), 16) + `"`
	return &tag
}

// versions reads an If-Match header: nil if any version will do. A tag that is
// weak or none of ours matches nothing, which the zero time stands for.
func versions(ifMatch *string) []time.Time {
	if ifMatch == nil || strings.TrimSpace(*ifMatch) == "*" {
		return nil
	}
	var times []time.Time
	for tag := range strings.SplitSeq(*ifMatch, ",") {
		tag = strings.TrimSpace(tag)
		micros, err := strconv.ParseInt(strings.Trim(tag, `"`), 16, 64)
		version := time.Time{}
		if err == nil && len(tag) > 2 && tag[0] == '"' && tag[len(tag)-1] == '"' {
			version = time.UnixMicro(micros).UTC()
		}
		times = append(times, version)
	}
	return times
}

// matchesNone evaluates If-None-Match (RFC 9110, section 13.1.2) for what exists;
// weak tags match as well as strong ones.
func matchesNone(ifNoneMatch *string, tag string) bool {
	if ifNoneMatch == nil {
		return true
	}
	for given := range strings.SplitSeq(*ifNoneMatch, ",") {
		given = strings.TrimSpace(given)
		if given == "*" || strings.TrimPrefix(given, "W/") == tag {
			return false
		}
	}
	return true
}
