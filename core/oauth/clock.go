package oauth

import "time"

// furthest is how far apart the clocks of server and browser may be for the
// server's to be believed; a computer whose battery is dead is further off.
const furthest = 24 * time.Hour

// clocks are the times that it may be now: by this browser's clock, and by the
// server's where it said so with the answer that brought the token.
//
// A claim about time holds if it holds at one of them, so that a browser whose
// clock is wrong can sign in, and none is refused for what the server's clock
// says. Nobody but the server can write the header of an answer that TLS
// protects, and the server could as well have made a token that ends later.
// Nothing else is judged by it: an access token ends by expires_in from when it
// came (OP-60, RR-16).
type clocks []time.Time

// learn reads the Date header (RFC 9110, section 6.6.1) of a token answer. A
// page may see that of its own origin's server, and of one that exposes it.
func (c *Client) learn(date string) {
	now := c.clock.Now()
	skew := time.Duration(0)
	if at, ok := httpDate(date); ok && at.Sub(now).Abs() <= furthest {
		skew = at.Sub(now)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.skew = skew
}

// clocks are the server's too only for a token that has come just now.
func (c *Client) clocks(want expectation) clocks {
	c.mu.Lock()
	defer c.mu.Unlock()
	now := c.clock.Now()
	if want.front || c.skew == 0 {
		return clocks{now}
	}
	return clocks{now, now.Add(c.skew)}
}

// any tells whether claim holds at one of the times, which it gets in seconds.
func (c clocks) any(claim func(now float64) bool) bool {
	for _, t := range c {
		if claim(float64(t.UnixMilli()) / 1000) {
			return true
		}
	}
	return false
}
