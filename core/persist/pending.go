package persist

import (
	"context"
	"time"

	"latchkey/core/browser"
	"latchkey/core/errcode"
	"latchkey/core/gate"
	"latchkey/core/oauth"
	"latchkey/core/strictjson"
)

const (
	// pendingLife is how long a sign-in may take.
	pendingLife = 10 * time.Minute
	// pendingMost bounds what sign-ins that nobody finishes can pile up.
	pendingMost = 20
)

// Pending keeps what must be known before there is a session: the sign-ins
// that are under way, and the page wanted. It has a key of its own, as these
// change at other times than the record, and by tabs that have no session.
type Pending struct {
	storage browser.Storage
	locks   browser.Locks
	clock   browser.Clock
	key     string

	one gate.Gate
	// memory is what storage did not take.
	memory *pending
}

type pending struct {
	page         string
	transactions []oauth.Transaction
}

// NewPending returns the Pending of the record with this key.
func NewPending(storage browser.Storage, locks browser.Locks, clock browser.Clock, key string) *Pending {
	return &Pending{storage: storage, locks: locks, clock: clock, key: key + "/pending", one: gate.New()}
}

// Add keeps a transaction until it is taken or too old. Of too many, the
// oldest is forgotten. It fails where nothing can be kept: then there is no
// use in leaving the page, as the answer could not be told from a forged one.
func (p *Pending) Add(ctx context.Context, t oauth.Transaction) error {
	err := p.update(ctx, func(now *pending) {
		now.transactions = append(now.transactions, t)
		if n := len(now.transactions); n > pendingMost {
			now.transactions = now.transactions[n-pendingMost:]
		}
	})
	if err != nil {
		return errcode.Wrap(errcode.StorageFailed, err.Error()+", so that a sign-in could not be finished after the redirect", err)
	}
	return nil
}

// Take returns the transaction with this state and forgets it: a state is good
// for one answer.
func (p *Pending) Take(ctx context.Context, state string) (t oauth.Transaction, ok bool) {
	_ = p.update(ctx, func(now *pending) {
		for i, candidate := range now.transactions {
			if candidate.State.Expose() == state {
				t, ok = candidate, true
				now.transactions = append(now.transactions[:i], now.transactions[i+1:]...)
				return
			}
		}
	})
	return t, ok
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
	if now.page == "" && len(now.transactions) == 0 {
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
func (p *Pending) load(ctx context.Context) (now pending) {
	if p.memory != nil {
		return *p.memory
	}
	text, ok, err := p.storage.Get(ctx, p.key)
	if err != nil || !ok {
		return now
	}
	v, err := strictjson.Parse(text)
	if format, ok := v.Get("format").Int(); err != nil || !ok || format != Format {
		return now
	}
	now.page = v.Get("page").TextOr("")
	for _, item := range v.Get("transactions").Items() {
		t, ok := oauth.ParseTransaction(item)
		age := p.clock.Now().Sub(t.Began)
		if ok && age < pendingLife && age > -pendingLife {
			now.transactions = append(now.transactions, t)
		}
	}
	return now
}

func (now pending) json() string {
	var out strictjson.Object
	out.Int("format", Format)
	out.Text("page", now.page)
	list := "["
	for i, t := range now.transactions {
		if i > 0 {
			list += ","
		}
		list += t.JSON()
	}
	out.Raw("transactions", list+"]")
	return out.Done()
}
