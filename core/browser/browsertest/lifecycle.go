package browsertest

import "latchkey/core/browser"

type lifecycle struct{ tab *Tab }

func (l lifecycle) Listen(f func(browser.Signal)) (stop func()) { return l.tab.signals.add(f) }

func (l lifecycle) Visible() bool { return !l.tab.hidden.Load() }

func (l lifecycle) Online() bool { return !l.tab.offline.Load() }

func (l lifecycle) Used() bool { return !l.tab.unused.Load() }

func (l lifecycle) Page() string { return l.tab.Name }

// Hide puts the tab behind others, or back in front.
func (t *Tab) Hide(hidden bool) {
	t.hidden.Store(hidden)
	t.Signal(either(hidden, browser.Hidden, browser.Resumed))
}

// Leave goes to another page, with this one in the back/forward cache, or back to it.
func (t *Tab) Leave(left bool) {
	t.hidden.Store(left)
	t.offline.Store(left)
	t.Signal(either(left, browser.Left, browser.Resumed))
}

// Unplug has the browser say that it is offline, or not any more. That is all it does:
// the profile's server is there as before.
func (t *Tab) Unplug(offline bool) {
	t.offline.Store(offline)
	t.Signal(either(offline, browser.Offline, browser.Online))
}

// Use says whether the page's requests have carried what was published last; before
// that is said, they have.
func (t *Tab) Use(used bool) { t.unused.Store(!used) }

// Timers is how many are set.
func (t *Tab) Timers() int { return int(t.timers.Load()) }

func either(first bool, a, b browser.Signal) browser.Signal {
	if first {
		return a
	}
	return b
}
