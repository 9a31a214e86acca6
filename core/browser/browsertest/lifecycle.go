package browsertest

import "latchkey/core/browser"

type lifecycle struct{ tab *Tab }

func (l lifecycle) Listen(f func(browser.Signal)) (stop func()) { return l.tab.signals.add(f) }

func (l lifecycle) Visible() bool { return !l.tab.hidden.Load() }

// Hide puts the tab behind others, or back in front.
func (t *Tab) Hide(hidden bool) { t.hidden.Store(hidden) }
