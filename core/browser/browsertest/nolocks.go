package browsertest

import (
	"context"

	"latchkey/core/browser"
)

// Locking is what a profile's browser has of locks.
type Locking int

const (
	// WebLocks are those of one profile, for all of its tabs.
	WebLocks Locking = iota
	// NoLocks is a browser without: a page has a queue of its own.
	NoLocks
	// DeafLocks are there, and never call back.
	DeafLocks
)

func (t *Tab) locks() browser.Locks {
	switch t.profile.Locking {
	case NoLocks:
		return ownLocks{locks{t}}
	case DeafLocks:
		return deafLocks{locks{t}}
	}
	return locks{t}
}

type ownLocks struct{ locks }

func (l ownLocks) Acquire(ctx context.Context, name string) (func(), error) {
	return l.locks.Acquire(ctx, l.tab.Name+" "+name)
}

func (l ownLocks) Steal(ctx context.Context, name string) (func(), error) {
	return l.locks.Steal(ctx, l.tab.Name+" "+name)
}

func (l ownLocks) Held(context.Context) ([]string, error) { return nil, browser.ErrBlocked }

type deafLocks struct{ locks }

func (l deafLocks) Acquire(ctx context.Context, _ string) (func(), error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (l deafLocks) Steal(ctx context.Context, _ string) (func(), error) {
	return l.Acquire(ctx, "")
}
