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
	release, late := within(context.Background(), s.Clock, s.Locks, s.Own, broken)
	if release != nil {
		release()
	}
	if late {
		s.deaf.Store(true)
	}
	return late
}

// within acquires a lock that has to come within a time; late says that it did not. A tab that was
// frozen itself meanwhile, or whose machine slept, has waited for nobody, and begins anew.
func within(ctx context.Context, clock browser.Clock, locks browser.Locks, name string, patience time.Duration) (release func(), late bool) {
	for {
		began := clock.Now()
		short, cancel := context.WithTimeout(ctx, patience)
		release, err := locks.Acquire(short, name)
		late = short.Err() != nil && ctx.Err() == nil
		cancel()
		if err == nil {
			return release, false
		}
		if !late || clock.Now().Sub(began) <= 2*patience {
			return nil, late
		}
	}
}
