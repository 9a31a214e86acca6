//go:build js && wasm

package jsbridge

import (
	"github.com/hack-pad/safejs"

	"latchkey/core/browser"
)

// The kinds of what JavaScript says to Go.
const (
	kindEnded = iota
	kindFailed
	kindCommand
	kindCancel
	kindSignal
	kindNote
)

// enter is the one callback. It runs on JavaScript's stack and must not wait
// for anything: it starts a goroutine or wakes one. A test reads this file for
// that.
func (b *Bridge) enter(_ safejs.Value, args []safejs.Value) any {
	b.guard(func() { b.dispatch(args) })
	return nil
}

func (b *Bridge) dispatch(args []safejs.Value) {
	kind, _ := number(argument(args, 0))
	id, _ := number(argument(args, 1))
	a, ok := text(argument(args, 2))
	switch int(kind) {
	case kindEnded:
		b.pending.settle(int(id), outcome{value: argument(args, 2)})
	case kindFailed:
		if a == "" {
			a = "Error"
		}
		b.pending.settle(int(id), outcome{name: a})
	case kindCommand:
		json, _ := text(argument(args, 3))
		b.serving.start(int(id), a, json)
	case kindCancel:
		b.serving.cancel(int(id))
	case kindSignal:
		signal := browser.Signal(a)
		b.signals.tell(signal)
		if signal == browser.Hidden || signal == browser.Left {
			letGo()
		}
	case kindNote:
		// Any script of the origin may post anything.
		if ok {
			b.notes.tell(a)
		}
	}
}

func argument(args []safejs.Value, i int) safejs.Value {
	if i < len(args) {
		return args[i]
	}
	return safejs.Undefined()
}
