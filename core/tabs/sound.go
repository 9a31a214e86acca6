package tabs

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"latchkey/core/browser"
)

// ErrNoLocks means that locks are asked for and never come.
var ErrNoLocks = errors.New("the browser's locks never call back")

// broken is how long a lock may take that nobody else can want.
const broken = time.Second

// Sound are the locks of a browser, unless they never call back: then each of them
// fails at once. A lock that takes long says nothing, as another tab may hold it; so then one
// is asked for that nobody else has a name for.
type Sound struct {
	browser.Locks
	Clock browser.Clock
	// Own is that name.
	Own string

	deaf atomic.Bool
}

// Acquire waits in line for the lock.
func (s *Sound) Acquire(ctx context.Context, name string) (func(), error) {
	if s.deaf.Load() {
		return nil, ErrNoLocks
	}
	ctx, giveUp := context.WithCancel(ctx)
	type got struct {
		release func()
		err     error
	}
	granted := make(chan got, 1)
	go func() {
		defer giveUp()
		release, err := s.Locks.Acquire(ctx, name)
		granted <- got{release, err}
	}()
	late := make(chan struct{})
	defer s.Clock.AfterFunc(broken, func() { close(late) })()
	select {
	case g := <-granted:
		return g.release, g.err
	case <-late:
	}
	if s.silent() {
		giveUp()
	}
	g := <-granted
	if g.err != nil && s.deaf.Load() {
		return nil, ErrNoLocks
	}
	return g.release, g.err
}

// Held lists nothing where there are no locks.
func (s *Sound) Held(ctx context.Context) ([]string, error) {
	if s.deaf.Load() {
		return nil, ErrNoLocks
	}
	return s.Locks.Held(ctx)
}

// Steal takes a lock from whoever holds it.
func (s *Sound) Steal(ctx context.Context, name string) (func(), error) {
	if s.deaf.Load() {
		return nil, ErrNoLocks
	}
	return s.Locks.Steal(ctx, name)
}

func (s *Sound) silent() bool {
	for {
		began := s.Clock.Now()
		ctx, cancel := context.WithTimeout(context.Background(), broken)
		release, err := s.Locks.Acquire(ctx, s.Own)
		late := ctx.Err() == context.DeadlineExceeded
		cancel()
		switch {
		case err == nil:
			release()
			return false
		case !late:
			return false
		case s.Clock.Now().Sub(began) <= 2*broken:
			s.deaf.Store(true)
			return true
		}
		// This tab was frozen itself, or its machine slept: that says nothing of the locks, and
		// without them it would do as it likes beside all others.
	}
}
