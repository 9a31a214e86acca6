//go:build js && wasm

package jsbridge

import "time"

type clock struct{ *Bridge }

// Now has no monotonic reading: that clock stands still while the machine
// sleeps.
func (c clock) Now() time.Time { return time.Now().Round(0) }

// letGo has Go take back a timeout of the browser's that it needs no more: it does so only
// when it sets another one, so that a hidden page would be woken once for nothing.
func letGo() { time.AfterFunc(time.Millisecond, func() {}) }

func (c clock) AfterFunc(d time.Duration, f func()) (stop func()) {
	t := time.AfterFunc(d, func() { c.guard(f) })
	return func() { t.Stop() }
}
