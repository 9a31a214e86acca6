package oauth

import (
	"strconv"
	"strings"
	"time"
)

// longestWait caps what a server may ask for.
const longestWait = time.Hour

// retryAfter reads the header (RFC 9110, section 10.2.3): seconds or a date.
// Nonsense, the past and nothing are zero.
func retryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, longestWait)
	}
	// The one form a server may send: Sun, 06 Nov 1994 08:49:37 GMT.
	if at, err := time.Parse("Mon, 02 Jan 2006 15:04:05 GMT", value); err == nil {
		return min(max(at.Sub(now), 0), longestWait)
	}
	return 0
}
