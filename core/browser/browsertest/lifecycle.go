package browsertest

import "latchkey/core/browser"

type lifecycle struct{ tab *Tab }

func (l lifecycle) Listen(f func(browser.Signal)) (stop func()) { return l.tab.signals.add(f) }
