package session

import (
	"context"

	"latchkey/core/errcode"
)

// flight is one attempt to renew, shared by all who want one in this tab.
type flight struct {
	done chan struct{}
	err  error
}

// Renew gets the session that the caller knows as from renewed, by this tab or
// by another. It returns nil when the record has moved on from there, which
// may also mean that the session has ended; and else why it has not.
//
// The attempt goes on when ctx ends, as others may wait for it too.
func (k *Keeper) Renew(ctx context.Context, from Stamp) error {
	k.mu.Lock()
	if k.rec.Stamp != from || !k.rec.Live() {
		k.mu.Unlock()
		return nil
	}
	if err := k.pause.refuses(k.Clock.Now()); err != nil {
		k.mu.Unlock()
		return err
	}
	f, left := k.flight, k.left
	if f == nil {
		f = &flight{done: make(chan struct{})}
		k.flight = f
		go k.fly(f, from)
	}
	k.mu.Unlock()

	select {
	case <-f.done:
		return f.err
	case <-left:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Refused is Renew for a request that the server has refused.
func (k *Keeper) Refused(ctx context.Context, from Stamp) error {
	k.mu.Lock()
	k.refused = from
	k.mu.Unlock()
	return k.Renew(ctx, from)
}

// spent tells whether rec's credentials are of no more use.
func (k *Keeper) spent(rec Record) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	end := rec.Tokens.ExpiresAt
	return k.refused == rec.Stamp || !end.IsZero() && !k.Clock.Now().Before(end)
}

// RenewNow is Renew for a page that asks for it: a pause after a failure does
// not hold it back, unless the server asked for that pause.
func (k *Keeper) RenewNow(ctx context.Context) error {
	rec := k.Record()
	switch {
	case !rec.Live():
		return errcode.New(errcode.SessionExpired, "there is no session to refresh; sign in first")
	case !k.Strategy.Renewable(rec):
		return errcode.New(errcode.InteractionRequired, "the server gave no refresh token; sign in again for new tokens")
	}
	k.mu.Lock()
	k.pause.lift()
	k.mu.Unlock()
	if err := k.Renew(ctx, rec.Stamp); err != nil {
		return err
	}
	switch now := k.Record(); {
	case now.Session == rec.Session:
		return nil
	case now.Live():
		return errcode.New(errcode.SessionChanged, "somebody else has signed in meanwhile")
	}
	return errcode.New(errcode.SessionExpired, "the session has ended; sign in again")
}

func (k *Keeper) fly(f *flight, from Stamp) {
	defer func() {
		if recover() != nil { // the panic's text may hold anything
			f.err = errcode.New(errcode.RuntimeFailed, "the refresh stopped on an error of the runtime")
		}
		k.mu.Lock()
		k.flight = nil
		if f.err != nil && k.rec.Stamp == from {
			k.pause.after(f.err, k.Clock.Now(), k.jitter())
			k.schedule()
		}
		k.mu.Unlock()
		close(f.done)
	}()
	f.err = k.renew(from)
}

// renew does the work: lock, read again, send, commit. The lock is held for
// nothing else.
func (k *Keeper) renew(from Stamp) error {
	// Whoever holds the lock is done within Timeout, so two of them is long
	// enough for a line of two, and for a holder that was killed.
	wait, cancelWait := context.WithTimeout(context.Background(), 2*k.Timeout)
	defer cancelWait()
	release, err := k.Locks.Acquire(wait, k.Lock)
	if err != nil {
		return errcode.Wrap(errcode.Timeout, "another tab did not finish its refresh in time", err)
	}
	defer release()

	send, cancelSend := context.WithTimeout(context.Background(), k.Timeout)
	defer cancelSend()
	k.Reload(send)
	rec := k.Record()
	if rec.Stamp != from {
		return nil
	}
	out := k.Strategy.Recover(send, rec)
	switch out.verdict {
	case renewed:
		now, ours := k.replace(send, func(now Record) (Record, bool) {
			if now.Stamp != from {
				return now, false
			}
			next := Stamp{from.Session, from.Generation + 1}
			return Record{Stamp: next, Tokens: out.Tokens.After(rec.Tokens)}, true
		})
		if !ours && now.Session != from.Session {
			// It ended, or became somebody else's, while we asked. What we got
			// belongs to nobody.
			go k.discard(out.Tokens)
		}
		return nil
	case stuck:
		if !k.spent(rec) {
			return out.Err
		}
		fallthrough
	case dead:
		k.over(send, from, Expired)
		return nil
	}
	return out.Err
}

func (k *Keeper) discard(t Tokens) {
	defer func() { _ = recover() }()
	ctx, cancel := context.WithTimeout(context.Background(), k.Timeout)
	defer cancel()
	k.Strategy.Discard(ctx, t)
}
