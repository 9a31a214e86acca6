package browsertest

import "time"

type clock struct{ tab *Tab }

func (c clock) Now() time.Time { return c.tab.profile.Now() }

func (c clock) AfterFunc(d time.Duration, f func()) (stop func()) {
	timer := time.AfterFunc(d, func() {
		c.tab.still()
		if !c.tab.Dead() {
			f()
		}
	})
	return func() { timer.Stop() }
}
