// Package browsertest is a browser for tests: a [Profile] whose [Tab]s share
// storage, locks and channels, as those of one person do, with faults at hand.
// Used inside a [testing/synctest] bubble, all of its time is the test's.
//
// [Suite] is what both these fakes and the real thing must pass.
package browsertest

import (
	"context"
	"errors"
	"sync"
	"time"

	"latchkey/core/browser"
)

// errDead is what a killed tab gets from every port, so that its goroutines
// come to an end without doing anything more.
var errDead = errors.New("browsertest: the tab was killed")

// Profile is one person's browser: what its tabs share.
type Profile struct {
	// Server answers the tabs' requests. A nil one is no network.
	Server func(context.Context, *browser.Request) (*browser.Response, error)
	// Step, where it is set, is called before each operation of a tab and
	// blocks until it may happen; an error makes it fail. The simulator decides
	// there who moves next.
	Step func(ctx context.Context, tab *Tab, operation string) error
	// Late shows a write to the other tabs only when each has had a step
	// "deliver", as browsers do that keep a copy of the storage in each process.
	Late bool
	// Window, where it is set, is what happens in a "popup" or a "frame" that was
	// sent to an address, and returns the one it comes back with.
	Window func(ctx context.Context, kind, address string) (back string, err error)
	// Watch, where it is set, is what a page that is watched answers.
	Watch func(ctx context.Context, tab *Tab, url, message string) (answer string, stood bool, err error)
	// Random, where it is set, is each tab's Crypto; nil is a fixed sequence.
	Random func(tab *Tab, p []byte) error

	// Locking is what the browser has of locks; all there is, if not set.
	Locking Locking
	// NoKeys leaves no place for keys: each tab has one of its own, in memory.
	NoKeys bool

	mu      sync.Mutex
	jumped  time.Duration
	area    Area
	tabs    []*Tab
	holders map[string]*waiter
	queues  map[string][]*waiter
	seed    uint64
	// proofKey is the thumbprint of the key that is stored.
	proofKey     string
	keys, proofs int
	cookies      string
	pinned       bool
}

// NewProfile returns a browser without tabs.
func NewProfile() *Profile {
	return &Profile{area: Area{values: map[string]string{}}, holders: map[string]*waiter{}, queues: map[string][]*waiter{}, seed: 1}
}

// Storage is what the tabs share; a test may read it, change it and break it.
func (p *Profile) Storage() *Area { return &p.area }

// Jump sets the wall clock forward, or back. Timers don't notice.
func (p *Profile) Jump(d time.Duration) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.jumped += d
}

// Now is the wall clock.
func (p *Profile) Now() time.Time {
	p.mu.Lock()
	defer p.mu.Unlock()
	return time.Now().Add(p.jumped).Round(0)
}
