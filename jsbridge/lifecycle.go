//go:build js && wasm

package jsbridge

import (
	"github.com/hack-pad/safejs"

	"latchkey/core/browser"
)

type lifecycle struct{ *Bridge }

func (l lifecycle) Listen(f func(browser.Signal)) (stop func()) { return l.signals.listen(f) }

func (l lifecycle) Visible() bool { return l.says("visible") }

func (l lifecycle) Online() bool { return l.says("online") }

func (l lifecycle) Used() bool { return l.says("used") }

func (l lifecycle) Page() string {
	v, _ := l.host.Get("page")
	name, _ := text(v)
	return name
}

// says asks the host a question; no answer is no.
func (l lifecycle) says(what string) bool {
	v, err := l.host.Call(what)
	if err != nil || typeOf(v) != safejs.TypeBoolean {
		return false
	}
	yes, _ := v.Bool()
	return yes
}
