package tabs

import (
	"context"
	"strconv"
	"strings"
	"time"

	"latchkey/core/browser"
)

const (
	// settling is how long a tab waits after it has written its name into a lease, before
	// it believes what it reads there: longer than a write takes to reach the others.
	settling = 50 * time.Millisecond
	// revisit is the time between two looks at a lease that is another tab's.
	revisit = 100 * time.Millisecond
)

// Turns are the locks of a browser; and where it has none, a lease in the storage that the
// tabs share: a name and a time. Two tabs that take it at once both see, a moment later,
// whose name is there.
type Turns struct {
	browser.Locks
	Storage browser.Storage
	Clock   browser.Clock
	// Key is the lease's, Tab this tab's name in it, and Term how long it is good for.
	Key, Tab string
	Term     time.Duration
}

// Acquire waits in line for the lock, and for the lease where one is needed.
func (t *Turns) Acquire(ctx context.Context, name string) (func(), error) {
	return t.take(ctx, name, t.Locks.Acquire, false)
}

// Steal takes the lock, or the lease, from a tab that is frozen.
func (t *Turns) Steal(ctx context.Context, name string) (func(), error) {
	return t.take(ctx, name, t.Locks.Steal, true)
}

func (t *Turns) take(ctx context.Context, name string, lock func(context.Context, string) (func(), error), force bool) (func(), error) {
	// The sessions of one page wait for one another also where tabs can't.
	release, err := lock(ctx, name)
	switch {
	case err == ErrNoLocks:
		release = func() {}
	case err != nil:
		return nil, err
	default:
		if _, err := t.Held(ctx); err == nil {
			return release, nil
		}
	}
	return t.lease(ctx, release, force)
}

func (t *Turns) lease(ctx context.Context, release func(), force bool) (func(), error) {
	for {
		text, _, err := t.Storage.Get(ctx, t.Key)
		if err == nil && (force || t.free(text)) {
			force = false
			own := t.Tab + " " + strconv.FormatInt(t.Clock.Now().Add(t.Term).UnixMilli(), 10)
			if err = t.Storage.Set(ctx, t.Key, own); err == nil {
				if err := t.wait(ctx, settling); err != nil {
					release()
					return nil, err
				}
				if text, _, _ := t.Storage.Get(ctx, t.Key); text == own {
					return func() { t.end(own); release() }, nil
				}
				continue
			}
		}
		if err != nil {
			return release, nil // what can't be written is shared with nobody
		}
		if err := t.wait(ctx, revisit); err != nil {
			release()
			return nil, err
		}
	}
}

// free tells whether a lease is nobody's any more, or ours; one that ends too far ahead is
// of a clock that was set back.
func (t *Turns) free(text string) bool {
	tab, end, _ := strings.Cut(text, " ")
	ms, err := strconv.ParseInt(end, 10, 64)
	left := time.UnixMilli(ms).Sub(t.Clock.Now())
	return err != nil || tab == t.Tab || left <= 0 || left > t.Term
}

func (t *Turns) end(own string) {
	ctx, cancel := context.WithTimeout(context.Background(), broken)
	defer cancel()
	if text, _, err := t.Storage.Get(ctx, t.Key); err == nil && text == own {
		_ = t.Storage.Remove(ctx, t.Key)
	}
}

func (t *Turns) wait(ctx context.Context, d time.Duration) error {
	over := make(chan struct{})
	defer t.Clock.AfterFunc(d, func() { close(over) })()
	select {
	case <-over:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
