package session

import (
	"context"
	"encoding/base64"
	"errors"
	"strconv"
	"time"

	"latchkey/core/errcode"
)

// Attempt is what is written down of the last refresh, for all tabs: before it is
// sent, so that one that never ended is known of when its tab is gone; and after one
// that failed, so that all tabs keep to one pause.
type Attempt struct {
	// Of is a digest of what was sent, cut short: it tells attempts with one refresh
	// token from those with another.
	Of       string
	Resource string
	Tab      string
	At       time.Time
	// Doubt says that the server may have renewed, and that nobody got its answer.
	Doubt bool
	// Over says that the outcome is known, and what it brought is stored.
	Over bool
	// Claimed is the tab that has taken the turn over since. Whoever had it may have come to
	// life again, and does not know that it was taken.
	Claimed string
	// Err is why it failed, where all tabs are to wait that out.
	Err error
	// Until, Failures and Asked are the pause that it began.
	Until    time.Time
	Failures int
	Asked    bool
}

// fingerprint is an Attempt's Of for a record.
func (k *Keeper) fingerprint(ctx context.Context, rec Record) string {
	what := rec.Tokens.Refresh.Expose()
	if what == "" {
		what = rec.Session + " " + strconv.FormatInt(rec.Tokens.Since, 10)
	}
	sum, err := k.Crypto.Digest(ctx, "SHA-256", []byte(what))
	if err != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(sum[:min(len(sum), 12)])
}

// unanswered tells whether nobody knows if the server has done what it was asked for.
func unanswered(err error) bool {
	code := errcode.Of(err)
	var e *errcode.Error
	// Half an answer, or none of the server's own, is no outcome either.
	return code == errcode.NetworkError || code == errcode.Timeout || code == errcode.Aborted ||
		code == errcode.ServerError && errors.As(err, &e) && e.OAuth == nil
}

// overtaken tells whether another tab has sent since, as it took this one for frozen.
func (k *Keeper) overtaken(ctx context.Context) bool {
	now := k.Store.Attempt(ctx)
	return now.Of != "" && now.Tab != k.Tab
}

// claim writes down that this tab has taken a turn over, and waits until whoever had it,
// should it live again, has seen that, or has shown that it does. One that has looked
// before may still send, if it had its turn a moment ago and froze then: that is waited
// for too.
func (k *Keeper) claim(ctx context.Context) {
	last := k.Store.Attempt(ctx)
	last.Claimed = k.Tab
	k.Store.Attempting(ctx, last)
	k.rest(ctx, prompt)
	// A wall clock that was set back must not make it longer.
	if left := k.Store.Turn(ctx).Add(inTime).Sub(k.Clock.Now()); left > 0 {
		k.rest(ctx, min(left, inTime)+prompt)
	}
}

// rest lets a while go by.
func (k *Keeper) rest(ctx context.Context, d time.Duration) {
	over, stop := k.after(d)
	defer stop()
	select {
	case <-over:
	case <-ctx.Done():
	}
}

// contested tells whether another tab may be about to send, or have sent.
func (k *Keeper) contested(last Attempt) bool {
	if last.Claimed != "" {
		return last.Claimed != k.Tab
	}
	return last.Of != "" && !last.Over && last.Tab != k.Tab
}

// conclude writes down that the outcome is known, unless the attempt that is written down
// is another tab's by now.
func (k *Keeper) conclude(ctx context.Context, a Attempt) {
	if !k.overtaken(ctx) {
		a.Over = true
		k.Store.Attempting(ctx, a)
	}
}

// putOff begins a pause, and returns the attempt with it.
func (k *Keeper) putOff(err error, l *lane, a Attempt) Attempt {
	k.mu.Lock()
	defer k.mu.Unlock()
	l.pause.failures = max(l.pause.failures, a.Failures)
	l.pause.after(err, k.Clock.Now(), k.jitter())
	a.Err, a.Until, a.Failures, a.Asked = err, l.pause.until, l.pause.failures, l.pause.asked
	return a
}

// ofThatPage tells whether an attempt may have failed for what is wrong with the page that
// made it, and not with the server: browsers break off what a page has sent once it is
// being left, and tell the page that there is no network, before they tell it that it is
// being left. A second page tries, and all wait if that fails too.
func (k *Keeper) ofThatPage(a Attempt) bool {
	return a.Tab != k.Tab && a.Failures == 1 && errcode.Of(a.Err) == errcode.NetworkError
}

// waits tells why the pause that an attempt began still holds a refresh up: it is this
// tab's own from then on.
func (k *Keeper) waits(trigger Trigger, l *lane, a Attempt) error {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !a.Asked && (trigger == OnAsk || a.At.Before(k.lifted) || k.ofThatPage(a)) {
		return nil
	}
	l.pause = pause{until: a.Until, failures: a.Failures, asked: a.Asked, err: a.Err}
	return l.pause.refuses(k.Clock.Now())
}
