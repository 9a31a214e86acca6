package browser

import "time"

// Clock is the wall clock and its timers. The wall clock may jump either way;
// timers do not notice, and may come late by any amount.
type Clock interface {
	Now() time.Time
	// AfterFunc calls f on a goroutine of its own. stop may be called at any
	// time, more than once.
	AfterFunc(d time.Duration, f func()) (stop func())
}
