//go:build js && wasm

package jsbridge

import "time"

type clock struct{ *Bridge }

// Now has no monotonic reading: that clock stands still while the machine
// sleeps.
func (c clock) Now() time.Time { return time.Now().Round(0) }

func (c clock) AfterFunc(d time.Duration, f func()) (stop func()) {
	t := time.AfterFunc(d, func() { c.guard(f) })
	return func() { t.Stop() }
}
