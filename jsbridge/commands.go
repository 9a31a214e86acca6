//go:build js && wasm

package jsbridge

import (
	"context"
	"sync"

	"github.com/hack-pad/safejs"

	"latchkey/core/errcode"
)

// Run executes one command: its name, its arguments as JSON. The result is JSON
// too.
type Run func(ctx context.Context, name, args string) (result string, err error)

// Serve tells JavaScript that Go is up, and runs its commands from then on, each
// on a goroutine of its own. panicked is told of a panic that no command waits
// for, on the goroutine that panicked. Serve does not wait.
func (b *Bridge) Serve(version string, run Run, panicked func()) error {
	b.serving = &commands{bridge: b, run: run, open: make(map[int]context.CancelFunc)}
	b.panicked = panicked
	enter, err := safejs.FuncOf(b.enter)
	if err != nil {
		return err
	}
	_, err = b.host.Call("ready", enter, version)
	return err
}

// commands has those under way, by number.
type commands struct {
	bridge *Bridge
	run    Run
	mu     sync.Mutex
	open   map[int]context.CancelFunc
}

func (c *commands) start(id int, name, args string) {
	ctx, cancel := context.WithCancel(context.Background())
	c.mu.Lock()
	c.open[id] = cancel
	c.mu.Unlock()
	go func() {
		result, err := c.try(ctx, name, args)
		c.cancel(id)
		// Whoever waits for the command may have gone; then nobody hears this.
		if err != nil {
			_, _ = c.bridge.host.Call("done", id, false, errcode.JSON(err))
			return
		}
		_, _ = c.bridge.host.Call("done", id, true, result)
	}()
}

// cancel ends the command's context; it does nothing for one that is over.
func (c *commands) cancel(id int) {
	c.mu.Lock()
	cancel := c.open[id]
	delete(c.open, id)
	c.mu.Unlock()
	if cancel != nil {
		cancel()
	}
}

// try is run with a panic as its error, without the panic's text: that may hold
// a token.
func (c *commands) try(ctx context.Context, name, args string) (result string, err error) {
	defer func() {
		if recover() != nil {
			result, err = "", errcode.New(errcode.RuntimeFailed, "the runtime met a fault in itself")
		}
	}()
	return c.run(ctx, name, args)
}
