package persist

import (
	"context"
	"time"

	"latchkey/core/browser"
	"latchkey/core/errcode"
	"latchkey/core/gate"
	"latchkey/core/oauth"
)

const (
	// pendingLife is how long a sign-in may take, and how long its outcome is
	// known afterwards.
	pendingLife = 10 * time.Minute
	// pendingMost bounds what sign-ins that nobody finishes can pile up.
	pendingMost = 20
)

// Pending keeps what must be known before there is a session: the sign-ins
// that are under way, how those ended that are over, and the page wanted. It has
// a key of its own, as these change at other times than the record, and by tabs
// that have no session.
type Pending struct {
	storage browser.Storage
	locks   browser.Locks
	clock   browser.Clock
	key     string

	one gate.Gate
	// memory is what storage did not take.
	memory *pending
}

// NewPending returns the Pending of the record with this key.
func NewPending(storage browser.Storage, locks browser.Locks, clock browser.Clock, key string) *Pending {
	return &Pending{storage: storage, locks: locks, clock: clock, key: key + "/pending", one: gate.New()}
}

// Add keeps a transaction until it is redeemed or too old. Of too many, the
// oldest is forgotten. It fails where nothing can be kept: then there is no
// use in leaving the page, as the answer could not be told from a forged one. It
// also fails where sign-ins go round in circles.
func (p *Pending) Add(ctx context.Context, t oauth.Transaction) error {
	var circling error
	err := p.update(ctx, func(now *pending) {
		if circling = now.circles(t.Began); circling == nil {
			now.begun = append(now.begun, t.Began)
			now.transactions = newest(append(now.transactions, t))
		}
	})
	if circling != nil {
		return circling
	}
	if err != nil {
		return errcode.Wrap(errcode.StorageFailed, err.Error()+", so that a sign-in could not be finished after the redirect", err)
	}
	return nil
}

func newest[T any](list []T) []T { return list[max(0, len(list)-pendingMost):] }

// errUnknown is a state that nobody here has sent, or too long ago.
var errUnknown = errcode.New(errcode.StateMismatch, "this sign-in answer was not asked for here, was used already, or is too old; sign in again")

// Redeem calls use with the transaction of this state, once: a state is good for
// one answer. Whoever brings the same answer again, in this tab or another,
// gets the same outcome; again tells that it was so. One answer is redeemed at a
// time, by all tabs.
func (p *Pending) Redeem(ctx context.Context, state string, use func(oauth.Transaction) (returnTo string, err error)) (returnTo string, again bool, err error) {
	release, err := p.locks.Acquire(ctx, p.key+"/redeem")
	if err != nil {
		return "", false, errcode.Wrap(errcode.Timeout, "another tab did not finish its sign-in in time", err)
	}
	defer release()
	var t *oauth.Transaction
	var past *outcome
	_ = p.update(ctx, func(now *pending) {
		for i := range now.transactions {
			if now.transactions[i].State.Expose() == state {
				found := now.transactions[i]
				t = &found
				now.transactions = append(now.transactions[:i], now.transactions[i+1:]...)
				return
			}
		}
		for i := range now.outcomes {
			if now.outcomes[i].state == state {
				past = &now.outcomes[i]
			}
		}
	})
	switch {
	case past != nil:
		return past.returnTo, true, past.err
	case t == nil:
		return "", false, errUnknown
	}
	returnTo, err = use(*t)
	// Whatever has become of ctx meanwhile, what happened is kept.
	_ = p.update(context.WithoutCancel(ctx), func(now *pending) {
		at := p.clock.Now()
		now.outcomes = newest(append(now.outcomes, outcome{state, returnTo, err, at}))
		now.count(err, at)
	})
	return returnTo, false, err
}

// BegunWithin tells whether a sign-in was begun in the last time.
func (p *Pending) BegunWithin(ctx context.Context, last time.Duration) (yes bool) {
	_ = p.update(ctx, func(now *pending) {
		for _, at := range now.begun {
			yes = yes || p.clock.Now().Sub(at) < last
		}
	})
	return yes
}

// AddLogout keeps the state that a logout page shall bring back.
func (p *Pending) AddLogout(ctx context.Context, state string) {
	_ = p.update(ctx, func(now *pending) {
		now.logouts = newest(append(now.logouts, logout{state, p.clock.Now()}))
	})
}

// TakeLogout tells whether a logout sent this state, once.
func (p *Pending) TakeLogout(ctx context.Context, state string) (ok bool) {
	_ = p.update(ctx, func(now *pending) {
		for i := range now.logouts {
			if now.logouts[i].state == state {
				ok = true
				now.logouts = append(now.logouts[:i], now.logouts[i+1:]...)
				return
			}
		}
	})
	return ok
}

// SetPage remembers the page wanted.
func (p *Pending) SetPage(ctx context.Context, page string) {
	_ = p.update(ctx, func(now *pending) { now.page = page })
}

// TakePage returns the page wanted and forgets it; "" where there is none.
func (p *Pending) TakePage(ctx context.Context) (page string) {
	_ = p.update(ctx, func(now *pending) { page, now.page = now.page, "" })
	return page
}

func (p *Pending) update(ctx context.Context, change func(*pending)) (err error) {
	defer p.one.Enter()()
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	wait, cancelWait := context.WithTimeout(ctx, patience)
	defer cancelWait()
	if release, err := p.locks.Acquire(wait, p.key); err == nil {
		defer release()
	}
	now := p.load(ctx)
	change(&now)
	p.memory = nil
	if now.empty() {
		err = p.storage.Remove(ctx, p.key)
	} else {
		err = p.storage.Set(ctx, p.key, now.json())
	}
	if err != nil {
		p.memory = &now
	}
	return err
}

// load reads what is there, less what is too old. Rubbish is nothing.
func (p *Pending) load(ctx context.Context) pending {
	if p.memory != nil {
		return p.memory.since(p.clock.Now())
	}
	text, ok, err := p.storage.Get(ctx, p.key)
	if err != nil || !ok {
		return pending{}
	}
	return parsePending(text).since(p.clock.Now())
}
