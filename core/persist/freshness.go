package persist

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"latchkey/core/browser"
)

const (
	// told is how long a tab says what it has written: far longer than a write
	// takes to reach the other processes.
	told = 2 * time.Second
	// lateness is how long a tab waits for a write that it knows of. Past it
	// the write was undone, as by a person who cleared the storage. It is no multiple of
	// glance: which of two timers comes first that end at once is chance.
	lateness = time.Second - time.Millisecond
	// glance is the time between two looks. No event can be waited for: not
	// every browser sends one.
	glance = 5 * time.Millisecond
)

// freshness makes up for localStorage being late: each process has a copy of it,
// and a lock may be granted before what its last holder wrote has arrived
// (measured in Chromium: in one of seven re-reads under a lock, by up to 4 ms).
// A tab that then sends the refresh token it reads sends a used one, which the
// server takes for theft.
//
// The lock manager is one for all tabs and never late. So whoever writes a
// generation holds, for a while, a lock that is named after it, from before the
// write lock is free; and whoever reads looks at the names first.
type freshness struct {
	locks  browser.Locks
	clock  browser.Clock
	prefix string

	mu sync.Mutex
	// held are the locks of what was written just now, by their generations.
	held map[int64]func()
}

// tell is called after a write, before the write lock is released.
func (f *freshness) tell(ctx context.Context, generation int64) {
	// Nobody else wants this lock.
	release, err := f.locks.Acquire(ctx, f.prefix+strconv.FormatInt(generation, 10))
	if err != nil {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.held[generation] = release
	f.clock.AfterFunc(told, func() {
		f.mu.Lock()
		defer f.mu.Unlock()
		delete(f.held, generation)
		release()
	})
}

// leave lets go of all locks: with one, a page does not get into the back/forward cache.
func (f *freshness) leave() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, release := range f.held {
		release()
	}
	clear(f.held)
}

// wait calls read until that returns a generation as high as the highest that
// anybody has told of, or says that there is no use in going on.
func (f *freshness) wait(ctx context.Context, read func() (generation int64, over bool)) {
	ctx, cancel := context.WithTimeout(ctx, lateness)
	defer cancel()
	names, _ := f.locks.Held(ctx) // a browser that can't tell has one process
	known := int64(0)
	for _, name := range names {
		if text, ok := strings.CutPrefix(name, f.prefix); ok {
			if n, err := strconv.ParseInt(text, 10, 64); err == nil {
				known = max(known, n)
			}
		}
	}
	for {
		generation, over := read()
		if over || generation >= known {
			return
		}
		look := make(chan struct{})
		stop := f.clock.AfterFunc(glance, func() { close(look) })
		select {
		case <-look:
		case <-ctx.Done():
			stop()
			read() // a tab that stood still meanwhile has missed more than that
			return
		}
	}
}
