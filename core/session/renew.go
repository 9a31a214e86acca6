package session

import (
	"context"
	"errors"

	"latchkey/core/browser"
	"latchkey/core/errcode"
	"latchkey/core/event"
)

// flight is one attempt to renew, shared by all who want one in this tab.
type flight struct {
	trigger Trigger
	done    chan struct{}
	err     error
}

// renewFor is Renew, offline or not.
func (k *Keeper) renewFor(ctx context.Context, trigger Trigger, from Stamp, resource string) error {
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
		f = &flight{trigger: trigger, done: make(chan struct{})}
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
		// This tab was frozen, or the machine slept, and let the time go by: another tab
		// may have renewed.
		look, cancel := context.WithTimeout(context.WithoutCancel(ctx), prompt)
		defer cancel()
		k.Reload(look)
		if k.Record().Past(from, resource) {
			return nil
		}
		return ctx.Err()
	}
}

// Refused is Renew for a request that the server has refused: there is a network,
// whatever the browser says.
func (k *Keeper) Refused(ctx context.Context, from Stamp, resource string) error {
	k.mu.Lock()
	k.lane(resource).refused = from
	k.mu.Unlock()
	return k.renewFor(ctx, OnRefused, from, resource)
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
	if err := k.renewOnline(ctx, OnAsk, rec.Stamp, ""); err != nil {
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
			k.putOff(f.err, l, Attempt{})
		}
		k.mu.Lock()
		l.flight = nil
		if f.err != nil && l.barred == nil && !k.rec.Past(from, resource) && resource == "" {
			k.schedule()
		}
		k.mu.Unlock()
		close(f.done)
	}()
	f.err = k.renew(l, from, resource, f.trigger)
}

// renew takes turns until it has sent in one: the time for that may be over before it
// came to it.
func (k *Keeper) renew(l *lane, from Stamp, resource string, trigger Trigger) error {
	for tries := 3; ; tries-- {
		t, err := k.takeTurn()
		if err != nil {
			k.putOff(err, l, Attempt{})
			return err
		}
		func() {
			defer t.release() // a panic must not keep it either
			err = k.renewIn(t, l, from, resource, trigger)
		}()
		if !errors.Is(err, browser.ErrLate) {
			return err
		}
		if tries == 0 {
			err = errcode.Wrap(errcode.Timeout, "another tab did not finish its refresh in time", err)
			k.putOff(err, l, Attempt{})
			return err
		}
	}
}

// renewIn does the work in this tab's turn: read again, send, commit. The lock is held
// for nothing else. ErrLate means that nothing was sent.
func (k *Keeper) renewIn(t turn, l *lane, from Stamp, resource string, trigger Trigger) error {
	send, cancelSend := context.WithTimeout(context.Background(), k.Timeout)
	defer cancelSend()
	// Before the record, as whoever writes an outcome down has stored what it brought.
	last := k.Store.Attempt(send)
	k.Reload(send)
	rec := k.Record()
	if rec.Past(from, resource) {
		return nil
	}
	this := Attempt{Of: k.fingerprint(send, rec), Resource: resource, Tab: k.Tab, At: k.Clock.Now()}
	if k.contested(last) {
		// That tab is gone, or frozen; unless this one was, and lost its turn to that.
		if k.alive(send) {
			return browser.ErrLate
		}
		// It may have come to life a moment ago, and to its end.
		k.Reload(send)
		if rec = k.Record(); rec.Past(from, resource) {
			return nil
		}
	}
	if last.Of == this.Of && this.Of != "" {
		this.Doubt, this.Failures = last.Doubt, last.Failures
		switch {
		case !last.Over:
			this.Doubt, trigger = true, OnDoubt
		case last.Err != nil && last.Resource == resource:
			if err := k.waits(trigger, l, last); err != nil {
				return err
			}
		}
	}
	k.Store.Attempting(send, this)
	k.note(Note{What: Sending, Trigger: trigger, Generation: rec.Generation})
	out := k.Strategy.Recover(browser.Before(send, t.until), rec, resource)
	if errors.Is(out.Err, browser.ErrLate) {
		k.Store.Attempting(send, last)
		return out.Err
	}
	if (out.verdict == dead || out.verdict == stuck) && k.overtaken(send) {
		return browser.ErrLate // the session is as good as what the other one gets
	}
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
		what := DidRenew
		if !ours {
			what = TooLate
		}
		k.note(Note{What: what, Trigger: trigger, Generation: now.Generation})
		k.conclude(send, this)
		return nil
	case another:
		_, err := k.Replace(send, rec.Stamp, out.Tokens)
		k.conclude(send, this)
		return err
	case barred:
		k.bar(rec, resource, out.Err)
		k.conclude(send, this)
		return out.Err
	case stuck:
		if !k.spent(rec, resource) {
			break
		}
		fallthrough
	case dead:
		if this.Doubt {
			trigger = OnDoubt
		}
		if k.over(send, rec.Stamp, resource, Note{Reason: Expired, Trigger: trigger, Err: out.Err}) && out.tell {
			k.Trouble(out.Err)
		}
		return nil
	}
	this.Doubt = this.Doubt || unanswered(out.Err)
	k.conclude(send, k.putOff(out.Err, l, this))
	k.note(Note{What: DidFail, Trigger: trigger, Err: out.Err, Generation: rec.Generation})
	return out.Err
}

func (k *Keeper) note(n Note) {
	if n.Generation == 0 {
		n.Generation = k.Record().Generation
	}
	k.Note(n)
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
