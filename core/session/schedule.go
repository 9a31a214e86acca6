package session

import (
	"context"
	"time"
)

// schedule sets the timer for the next refresh that nobody asks for. Called
// with mu held. Tokens for one resource are not refreshed ahead of time: nobody
// may need them any more. Nor is a session that nobody has used since the last
// time, or looks at: it runs out, and the next request renews it.
//
// It is due Leeway before the expiry, but never earlier than after three
// quarters of the token's life, or a token that lives shorter than Leeway would
// be refreshed for ever. All tabs have the same expiry, so each adds a jitter;
// the first one renews for all.
func (k *Keeper) schedule() {
	if k.stopTimer != nil {
		k.stopTimer()
		k.stopTimer = nil
	}
	t, now := k.rec.Tokens, k.Clock.Now()
	if k.closed || !k.Lifecycle.Visible() || !k.rec.Live() || t.ExpiresAt.IsZero() || !k.Strategy.Renewable(k.rec) {
		return
	}
	pause := k.lane("").pause
	if k.Strategy.Costly(k.rec) && pause.err != nil {
		return
	}
	wait, ok := ahead(t, pause, k.Leeway, now, k.jitter())
	if !ok {
		return
	}
	stamp := k.rec.Stamp
	k.stopTimer = k.Clock.AfterFunc(wait, func() {
		k.mu.Lock()
		if k.rec.Stamp == stamp {
			k.stopTimer = nil
		}
		k.mu.Unlock()
		if k.Lifecycle.Visible() && k.Lifecycle.Used() {
			_ = k.renewOnline(context.Background(), OnDue, stamp, "")
		}
	})
}

// ahead is how long to wait with a refresh that nobody asks for; ok is false where there
// is none. jitter is from 0 to 1.
func ahead(t Tokens, p pause, leeway time.Duration, now time.Time, jitter float64) (wait time.Duration, ok bool) {
	life := t.ExpiresAt.Sub(t.IssuedAt)
	if life <= 0 {
		return 0, false
	}
	lead := min(leeway, life/4)
	wait = t.ExpiresAt.Add(-lead).Sub(now)
	switch {
	case p.err != nil:
		wait = max(wait, p.until.Sub(now))
	case !now.Before(t.ExpiresAt):
		return 0, false // too late to be early: the next request renews
	}
	return max(wait, 0) + time.Duration(float64(lead/2)*jitter), true
}

// Schedule sees to the next refresh that nobody asks for: anew, where timers may be
// wrong, as they stand still while the machine sleeps, or the page has been hidden or
// is; else only where none is set.
func (k *Keeper) Schedule(anew bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.loaded && (anew || k.stopTimer == nil) {
		k.schedule()
	}
}

// jitter is a number from 0 to 1. It spreads load and is no secret, so a
// browser without random numbers may do without.
func (k *Keeper) jitter() float64 {
	var b [2]byte
	if k.Crypto.Random(b[:]) != nil {
		return 0.5
	}
	return float64(int(b[0])<<8|int(b[1])) / (1 << 16)
}
