package browsertest

import (
	"sync"
	"time"
)

type clock struct{ tab *Tab }

func (c clock) Now() time.Time { return c.tab.profile.Now() }

func (c clock) AfterFunc(d time.Duration, f func()) (stop func()) {
	c.tab.timers.Add(1)
	over := sync.OnceFunc(func() { c.tab.timers.Add(-1) })
	timer := time.AfterFunc(d, func() {
		over()
		c.tab.still()
		if !c.tab.Dead() {
			f()
		}
	})
	return func() { timer.Stop(); over() }
}
