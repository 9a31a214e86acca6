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
	life := t.ExpiresAt.Sub(t.IssuedAt)
	if life <= 0 {
		return
	}
	lead := min(k.Leeway, life/4)
	due := t.ExpiresAt.Add(-lead)
	wait := due.Sub(now)
	costly := k.Strategy.Costly(k.rec)
	pause := k.lane("").pause
	if costly && pause.err != nil {
		return
	}
	if pause.err != nil {
		wait = max(wait, pause.until.Sub(now))
	} else if !now.Before(t.ExpiresAt) {
		return // too late to be early: the next request renews
	}
	wait = max(wait, 0) + time.Duration(float64(lead/2)*k.jitter())
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
