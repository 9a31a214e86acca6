package session

import (
	"errors"
	"time"

	"latchkey/core/errcode"
)

const (
	shortestPause = time.Second
	// longestPause is such that after an outage of ten minutes a server whose tokens are
	// short gets twice what it is used to (herd_test.go), and no pause is much longer than
	// the outage has been.
	longestPause = 2 * time.Minute
	// longestAsked caps what a server may ask for.
	longestAsked = 10 * time.Minute
)

// pause is the time after a failed refresh in which none is tried: who asks
// gets the last error at once. The zero pause is over.
type pause struct {
	until    time.Time
	failures int
	asked    bool
	err      error
}

func (p *pause) refuses(now time.Time) error {
	// A wall clock that was set back must not make the pause longer.
	if p.err == nil || !now.Before(p.until) || p.until.Sub(now) > longestAsked {
		return nil
	}
	return p.err
}

// lift ends a pause that the server did not ask for.
func (p *pause) lift() {
	if !p.asked {
		p.until = time.Time{}
	}
}

// after begins the next pause: 1 s, 2 s, 4 s, … 2 min, up to half as long again by
// jitter (0 to 1), or as long as the server asked.
func (p *pause) after(err error, now time.Time, jitter float64) {
	d := shortestPause << min(p.failures, 7)
	d = min(d, longestPause)
	d += time.Duration(float64(d) / 2 * jitter)
	var e *errcode.Error
	p.asked = errors.As(err, &e) && e.RetryAfter > 0
	if p.asked {
		d = min(max(d, e.RetryAfter), longestAsked)
	}
	p.failures++
	p.until, p.err = now.Add(d), err
}
