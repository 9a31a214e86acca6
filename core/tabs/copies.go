package tabs

import (
	"context"
	"encoding/base64"
	"strings"
	"sync"
	"time"

	"latchkey/core/browser"
	"latchkey/core/gate"
)

// patience is how long a tab waits for the page that it showed before to let go of its
// name: a browser tears that down while the next one starts. It is over before a lock that takes
// long is looked into: which of two timers comes first that end at once is chance.
const patience = broken - time.Millisecond

// Copies tells a tab whose storage is its own whether it is a copy of another one: a
// browser copies the storage with the tab, and a server takes the second use of the
// refresh token in it for theft. So each tab has a name in its storage, and holds a
// lock that is named after it while it is there. Without such locks nobody can tell.
type Copies struct {
	storage   browser.Storage
	locks     browser.Locks
	crypto    browser.Crypto
	lifecycle browser.Lifecycle
	clock     browser.Clock
	key       string

	// one at a time, and whoever comes meanwhile waits for that.
	one gate.Gate

	mu sync.Mutex
	// known says that the name was taken, or can't be, since the page was left last.
	known bool
	// held lets go of the lock; nil where this tab does not hold it. mine says that it has.
	held func()
	mine bool
}

// NewCopies works with a name in storage under key, and locks named after it.
func NewCopies(b browser.Browser, key string) *Copies {
	return &Copies{storage: b.Storage, locks: b.Locks, crypto: b.Crypto, lifecycle: b.Lifecycle, clock: b.Clock, key: key, one: gate.New()}
}

// Take takes the tab's name, also after Leave. Where another tab has that, this one leaves
// what is the other's to it, and has another name from then on, in this order: with a name of its
// own it would take the rest for its own too, after a reload, or in a copy of the copy. Nil has
// nothing to take.
func (c *Copies) Take(ctx context.Context, leave func()) {
	if c == nil {
		return
	}
	defer c.one.Enter()()
	c.mu.Lock()
	known, mine := c.known, c.mine
	c.mu.Unlock()
	if known {
		return
	}
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.known = ctx.Err() == nil
	}()
	page := c.lifecycle.Page()
	text, _, err := c.storage.Get(ctx, c.key)
	name, of, _ := strings.Cut(text, " ")
	if err != nil || of == page && !mine {
		return // another session of this page has it
	}
	if name != "" {
		release, late := within(ctx, c.clock, c.locks, c.key+"/"+name, patience)
		switch {
		case release != nil:
			c.keep(ctx, name+" "+page, release)
			return
		case !late:
			return
		}
		leave()
	}
	var id [12]byte
	if c.crypto.Random(id[:]) != nil {
		return
	}
	name = base64.RawURLEncoding.EncodeToString(id[:])
	if release, err := c.locks.Acquire(ctx, c.key+"/"+name); err == nil {
		c.keep(ctx, name+" "+page, release)
	}
}

func (c *Copies) keep(ctx context.Context, text string, release func()) {
	_ = c.storage.Set(ctx, c.key, text)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held, c.mine = release, true
}

// Leave lets go of the name, as the page is being left.
func (c *Copies) Leave() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known = false
	if c.held != nil {
		c.held()
		c.held = nil
	}
}
