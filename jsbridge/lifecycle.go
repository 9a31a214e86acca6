//go:build js && wasm

package jsbridge

import "latchkey/core/browser"

type lifecycle struct{ *Bridge }

func (l lifecycle) Listen(f func(browser.Signal)) (stop func()) { return l.signals.listen(f) }
