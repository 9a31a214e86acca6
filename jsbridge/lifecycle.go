//go:build js && wasm

package jsbridge

import (
	"github.com/hack-pad/safejs"

	"latchkey/core/browser"
)

type lifecycle struct{ *Bridge }

func (l lifecycle) Listen(f func(browser.Signal)) (stop func()) { return l.signals.listen(f) }

func (l lifecycle) Visible() bool {
	v, err := l.host.Call("visible")
	if err != nil || typeOf(v) != safejs.TypeBoolean {
		return false
	}
	visible, _ := v.Bool()
	return visible
}
