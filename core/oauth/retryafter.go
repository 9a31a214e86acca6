package oauth

import (
	"strconv"
	"strings"
	"time"
)

// longestWait caps what a server may ask for.
const longestWait = time.Hour

// RetryAfter reads the header (RFC 9110, section 10.2.3): seconds or a date.
// Nonsense, the past and nothing are zero.
func RetryAfter(value string, now time.Time) time.Duration {
	value = strings.TrimSpace(value)
	if seconds, err := strconv.ParseUint(value, 10, 32); err == nil {
		return min(time.Duration(seconds)*time.Second, longestWait)
	}
	if at, ok := httpDate(value); ok {
		return min(max(at.Sub(now), 0), longestWait)
	}
	return 0
}
