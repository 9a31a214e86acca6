package browser

import "context"

// Locks are exclusive among all tabs of the origin. A tab that dies lets go of
// its locks; a frozen one keeps them.
type Locks interface {
	// Acquire waits in line until the lock is free or ctx ends, and then
	// returns ctx's error. release may be called more than once.
	Acquire(ctx context.Context, name string) (release func(), err error)
	// Steal takes the lock at once, whoever holds it: that one's release does nothing
	// from then on, and those in line stay behind. It is for a holder that is frozen,
	// who would keep the lock for ever.
	Steal(ctx context.Context, name string) (release func(), err error)
	// Held lists the locks that any tab holds at this moment. Unlike storage,
	// which may show a write late, it is never behind: what another tab acquired
	// before it released a lock that this one has since got is in it.
	Held(ctx context.Context) (names []string, err error)
}
