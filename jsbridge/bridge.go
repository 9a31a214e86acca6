//go:build js && wasm

package jsbridge

import (
	"context"
	"errors"
	"sync"

	"github.com/hack-pad/safejs"

	"latchkey/core/browser"
)

// Bridge is one host with what is under way on it.
type Bridge struct {
	host    safejs.Value
	pending table
	signals hub[browser.Signal]
	notes   hub[string]
	serving *commands
	// panicked is told of a panic that no command waits for.
	panicked func()
}

// New returns the bridge to host, and the ports over it. Before [Bridge.Serve]
// no operation of theirs ends.
func New(host safejs.Value) (*Bridge, browser.Browser) {
	b := &Bridge{host: host, panicked: func() {}}
	b.signals.guard = b.guard
	b.notes.guard = b.guard
	return b, browser.Browser{
		Storage:   storage{b, "storage"},
		Pending:   storage{b, "pending"},
		HTTP:      http{b},
		Crypto:    crypto{b},
		Location:  location{b},
		Clock:     clock{b},
		Lifecycle: lifecycle{b},
		Locks:     locks{b},
		Channel:   channel{b},
		Windows:   windows{b},
		ProofKey:  proofKey{b},
		Cookies:   cookies{b},
	}
}

// Config returns the configuration that the page gave, as JSON.
func (b *Bridge) Config() (string, error) {
	value, err := b.host.Get("config")
	if err != nil {
		return "", err
	}
	config, ok := text(value)
	if !ok {
		return "", errors.New("the host has no configuration")
	}
	return config, nil
}

// Publish hands state, policy and events to the data plane, as JSON.
func (b *Bridge) Publish(json string) {
	// The data plane catches what the page's own subscribers throw. There is
	// nobody to tell of anything else.
	_, _ = b.host.Call("publish", json)
}

// guard runs f on this goroutine and catches its panic, whose text may hold
// anything and goes nowhere.
func (b *Bridge) guard(f func()) {
	defer func() {
		if recover() != nil {
			b.panicked()
		}
	}()
	f()
}

// outcome is how an operation ended.
type outcome struct {
	value safejs.Value
	// name is that of the error, and empty without one.
	name string
}

// table has the operations under way, by number. The mutex is never held while
// JavaScript runs: it may come back in at any call.
type table struct {
	mu   sync.Mutex
	last int
	open map[int]chan outcome
}

func (t *table) begin() (id int, done chan outcome) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.open == nil {
		t.open = make(map[int]chan outcome)
	}
	t.last++
	// There is one outcome for each operation, so settle never waits for room.
	done = make(chan outcome, 1)
	t.open[t.last] = done
	return t.last, done
}

func (t *table) settle(id int, o outcome) {
	t.mu.Lock()
	done := t.open[id]
	delete(t.open, id)
	t.mu.Unlock()
	if done == nil {
		return
	}
	select {
	case done <- o:
	default:
	}
}

// hostError is an operation that failed, by the name of its DOMException.
type hostError string

func (e hostError) Error() string { return "the browser refused: " + string(e) }

// do runs an operation of the host until it ends. When ctx ends first, it gives
// the operation up and returns the context's error, unless it had succeeded.
func (b *Bridge) do(ctx context.Context, op string, args ...any) (safejs.Value, error) {
	if err := ctx.Err(); err != nil {
		return safejs.Undefined(), err
	}
	id, done := b.pending.begin()
	if _, err := b.host.Call("begin", append([]any{id, op}, args...)...); err != nil {
		b.pending.settle(id, outcome{name: "Error"})
	}
	var o outcome
	select {
	case o = <-done:
	case <-ctx.Done():
		if _, err := b.host.Call("abort", id); err != nil {
			b.pending.settle(id, outcome{name: "AbortError"})
		}
		// Given up is not yet ended: only when it is, nothing of it is left.
		o = <-done
	}
	if o.name == "" {
		return o.value, nil
	}
	if err := ctx.Err(); err != nil {
		return safejs.Undefined(), err
	}
	return safejs.Undefined(), hostError(o.name)
}
