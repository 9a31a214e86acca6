package session

import (
	"context"
	"time"

	"latchkey/core/errcode"
	"latchkey/core/event"
)

// flight is one attempt to renew, shared by all who want one in this tab.
type flight struct {
	done chan struct{}
	err  error
}

// Renew gets an access token renewed of the session that the caller knows as
// from, by this tab or by another: the one for a resource, or the main one for "".
// It returns nil when the record has moved on from there, which may also mean
// that the session has ended; and else why it has not.
//
// The attempt goes on when ctx ends, as others may wait for it too.
func (k *Keeper) Renew(ctx context.Context, from Stamp, resource string) error {
	k.mu.Lock()
	l := k.lane(resource)
	if k.rec.Past(from, resource) {
		k.mu.Unlock()
		return nil
	}
	err := l.barred
	if err == nil {
		err = l.pause.refuses(k.Clock.Now())
	}
	if err != nil {
		k.mu.Unlock()
		return err
	}
	f, left := l.flight, k.left
	if f == nil {
		f = &flight{done: make(chan struct{})}
		l.flight = f
		go k.fly(f, l, from, resource)
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
func (k *Keeper) Refused(ctx context.Context, from Stamp, resource string) error {
	k.mu.Lock()
	k.lane(resource).refused = from
	k.mu.Unlock()
	return k.Renew(ctx, from, resource)
}

// spent tells whether rec's access token for a resource is of no more use.
func (k *Keeper) spent(rec Record, resource string) bool {
	k.mu.Lock()
	defer k.mu.Unlock()
	return !rec.Past(k.lane(resource).refused, resource) || rec.Tokens.For(resource).Over(k.Clock.Now())
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
	k.lane("").pause.lift()
	k.mu.Unlock()
	if err := k.Renew(ctx, rec.Stamp, ""); err != nil {
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

func (k *Keeper) fly(f *flight, l *lane, from Stamp, resource string) {
	defer func() {
		if recover() != nil { // the panic's text may hold anything
			f.err = errcode.New(errcode.RuntimeFailed, "the refresh stopped on an error of the runtime")
		}
		k.mu.Lock()
		l.flight = nil
		if f.err != nil && l.barred == nil && !k.rec.Past(from, resource) {
			l.pause.after(f.err, k.Clock.Now(), k.jitter())
			if resource == "" {
				k.schedule()
			}
		}
		k.mu.Unlock()
		close(f.done)
	}()
	f.err = k.renew(from, resource)
}

// renew does the work: lock, read again, send, commit. The lock is held for
// nothing else.
func (k *Keeper) renew(from Stamp, resource string) error {
	release, err := k.takeTurn()
	if err != nil {
		return errcode.Wrap(errcode.Timeout, "another tab did not finish its refresh in time", err)
	}
	defer release()

	send, cancelSend := context.WithTimeout(context.Background(), k.Timeout)
	defer cancelSend()
	k.Reload(send)
	rec := k.Record()
	if rec.Past(from, resource) {
		return nil
	}
	out := k.Strategy.Recover(send, rec, resource)
	switch out.verdict {
	case renewed:
		now, ours := k.replace(send, func(now Record) (Record, bool) {
			if now.Past(rec.Stamp, resource) {
				return now, false
			}
			// Whom the session acts for may be another one by now.
			return now.with(now.Tokens.With(resource, out.Tokens)), true
		})
		if !ours && now.Session != rec.Session {
			// It ended, or became somebody else's, while we asked. What we got
			// belongs to nobody.
			go k.discard(out.Tokens)
		}
		return nil
	case another:
		_, err := k.Replace(send, rec.Stamp, out.Tokens)
		return err
	case barred:
		k.bar(rec, resource, out.Err)
		return out.Err
	case stuck:
		if !k.spent(rec, resource) {
			return out.Err
		}
		fallthrough
	case dead:
		if k.over(send, rec.Stamp, resource, Note{Reason: Expired, Err: out.Err}) && out.tell {
			k.Trouble(out.Err)
		}
		return nil
	}
	return out.Err
}

// takeTurn takes the refresh lock. Whoever holds it is done within Timeout, so two
// of them is long enough for a line of two, and for a holder that was killed; and
// this tab may be in the line for other tokens too.
func (k *Keeper) takeTurn() (release func(), err error) {
	k.mu.Lock()
	line := 1
	for _, l := range k.lanes {
		if l.flight != nil {
			line++
		}
	}
	k.mu.Unlock()
	ctx, cancel := context.WithTimeout(context.Background(), time.Duration(line)*k.Timeout)
	defer cancel()
	return k.Locks.Acquire(ctx, k.Lock)
}

// bar notes that rec's session has no token for a resource, and tells the page
// once.
func (k *Keeper) bar(rec Record, resource string, err error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if k.closed || k.rec.Session != rec.Session {
		return
	}
	k.lane(resource).barred = err
	user := k.userID(k.rec)
	k.Publish(k.View(k.rec), []event.Event{{Type: event.Error, Err: err, PreviousUserID: user, UserID: user}})
}

func (k *Keeper) discard(t Tokens) {
	defer func() { _ = recover() }()
	ctx, cancel := context.WithTimeout(context.Background(), k.Timeout)
	defer cancel()
	k.Strategy.Discard(ctx, t)
}
