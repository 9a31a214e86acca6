//go:build js && wasm

package jsbridge

import (
	"context"
	"errors"
	"os"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/hack-pad/safejs"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/browser"
)

// watched tells when somebody begins to wait for the context.
type watched struct {
	context.Context
	waiting chan struct{}
}

func (w watched) Done() <-chan struct{} {
	select {
	case w.waiting <- struct{}{}:
	default:
	}
	return w.Context.Done()
}

// object makes a host of this test's own, out of Go functions.
func object(t *testing.T, members map[string]func(args []safejs.Value) any) safejs.Value {
	t.Helper()
	constructor, err := safejs.Global().Get("Object")
	require.NoError(t, err)
	v, err := constructor.New()
	require.NoError(t, err)
	for name, f := range members {
		wrapped, err := safejs.FuncOf(func(_ safejs.Value, args []safejs.Value) any { return f(args) })
		require.NoError(t, err)
		t.Cleanup(wrapped.Release)
		require.NoError(t, v.Set(name, wrapped))
	}
	return v
}

func uint8Array(t *testing.T, p []byte) safejs.Value {
	t.Helper()
	constructor, err := safejs.Global().Get("Uint8Array")
	require.NoError(t, err)
	v, err := constructor.New(len(p))
	require.NoError(t, err)
	_, err = safejs.CopyBytesToJS(v, p)
	require.NoError(t, err)
	return v
}

func TestRandomFailsClosed(t *testing.T) {
	tests := []struct {
		name string
		give func(n int) any
	}{
		{"all zero", func(n int) any { return uint8Array(t, make([]byte, n)) }},
		{"too short", func(n int) any { return uint8Array(t, []byte(strings.Repeat("x", n-1))) }},
		{"none", func(int) any { return uint8Array(t, nil) }},
		{"undefined", func(int) any { return safejs.Undefined() }},
		{"text of the right length", func(n int) any { return strings.Repeat("x", n) }},
	}
	for _, tt := range tests {
		t.Run("GW-11 "+tt.name, func(t *testing.T) {
			_, ports := New(object(t, map[string]func([]safejs.Value) any{
				"random": func(args []safejs.Value) any {
					n, err := args[0].Int()
					require.NoError(t, err)
					return tt.give(n)
				},
			}))
			p := make([]byte, 32)
			assert.Error(t, ports.Crypto.Random(p))
			assert.Equal(t, make([]byte, 32), p)
		})
	}
	t.Run("GW-11 it throws", func(t *testing.T) {
		_, ports := New(object(t, nil)) // no such function
		assert.Error(t, ports.Crypto.Random(make([]byte, 32)))
	})
}

func TestStorageRefusals(t *testing.T) {
	areas := page(t, "areas")
	ctx := t.Context()
	full := open(t, "latchkey/1/full", member(t, areas, "full")).Storage
	assert.Equal(t, browser.ErrQuota, full.Set(ctx, "key", "value"))

	blocked := open(t, "latchkey/1/blocked", member(t, areas, "blocked")).Storage
	_, _, err := blocked.Get(ctx, "key")
	assert.Equal(t, browser.ErrBlocked, err)
	assert.Equal(t, browser.ErrBlocked, blocked.Set(ctx, "key", "value"), "a promise that rejects with an error")
	assert.Equal(t, browser.ErrBlocked, blocked.Remove(ctx, "key"), "a promise that rejects with null")
}

func TestAnOperationGivenUpEnds(t *testing.T) {
	silent := open(t, "latchkey/1/silent", member(t, page(t, "areas"), "silent"))
	ctx, cancel := context.WithCancel(t.Context())
	waiting := watched{ctx, make(chan struct{}, 1)}
	failed := make(chan error)
	go func() {
		_, _, err := silent.Storage.Get(waiting, "key")
		failed <- err
	}()
	<-waiting.waiting
	cancel()
	assert.Equal(t, context.Canceled, <-failed)
	assert.Empty(t, silent.pending.open)
}

func TestNothingIsLeftUnderWay(t *testing.T) {
	tab := open(t)
	goroutines := runtime.NumGoroutine()
	for range 200 {
		require.NoError(t, tab.Storage.Set(t.Context(), "latchkey/1/left", "x"))
		release, err := tab.Locks.Acquire(t.Context(), "latchkey/1/left")
		require.NoError(t, err)
		release()
	}
	assert.Empty(t, tab.pending.open)
	assert.Equal(t, goroutines, runtime.NumGoroutine())
}

func TestGW05GW06ValuesThatAreNotWhatTheyClaim(t *testing.T) {
	hostile := page(t, "hostile")
	t.Run("GW-06 half of a surrogate pair", func(t *testing.T) {
		s, ok := text(member(t, hostile, "surrogate"))
		assert.True(t, ok)
		assert.Equal(t, "a\ufffdb", s)
	})
	for _, name := range []string{"bigint", "symbol", "revoked", "throwing", "absent"} {
		t.Run("GW-06 "+name, func(t *testing.T) {
			v := member(t, hostile, name)
			_, ok := text(v)
			assert.False(t, ok, "as text")
			_, ok = number(v)
			assert.False(t, ok, "as a number")
			assert.NotPanics(t, func() { index(v, 0) })
		})
	}
	t.Run("GW-07 a number is no text", func(t *testing.T) {
		v, err := safejs.ValueOf(7)
		require.NoError(t, err)
		_, ok := text(v)
		assert.False(t, ok)
	})
	t.Run("GW-06 the callback is called with them", func(t *testing.T) {
		b := open(t)
		for _, name := range []string{"bigint", "symbol", "revoked", "throwing", "absent", "surrogate"} {
			v := member(t, hostile, name)
			for kind := range 8 {
				b.enter(safejs.Undefined(), nil)
				_, err := b.made.Call("enter", kind, v, v, v)
				assert.NoError(t, err)
				_, err = b.made.Call("enter", v, kind)
				assert.NoError(t, err)
			}
		}
	})
}

// told waits for the end of a command and returns what the host was told.
func told(t *testing.T, ends chan []safejs.Value) (ok bool, json string) {
	t.Helper()
	args := <-ends
	ok, err := args[1].Bool()
	require.NoError(t, err)
	json, err = args[2].String()
	require.NoError(t, err)
	return ok, json
}

// commanded is a bridge whose callback the test calls itself.
func commanded(t *testing.T, run Run, panicked func()) (enter safejs.Value, ends chan []safejs.Value, b *Bridge, ports browser.Browser) {
	t.Helper()
	ends = make(chan []safejs.Value, 8)
	b, ports = New(object(t, map[string]func([]safejs.Value) any{
		"ready": func(args []safejs.Value) any { enter = args[0]; return nil },
		"done":  func(args []safejs.Value) any { ends <- args; return nil },
	}))
	require.NoError(t, b.Serve("1", run, panicked))
	return enter, ends, b, ports
}

func TestCommands(t *testing.T) {
	run := func(ctx context.Context, name, args string) (string, error) {
		switch name {
		case "echo":
			return args, nil
		case "fail":
			return "", errors.New("at_secret")
		case "panic":
			panic("at_secret")
		case "wait":
			<-ctx.Done()
			return "", ctx.Err()
		}
		return "{}", nil
	}
	enter, ends, b, _ := commanded(t, run, func() { t.Error("a command's panic is its own") })
	call := func(args ...any) {
		_, err := enter.Invoke(args...)
		require.NoError(t, err)
	}

	t.Run("a result", func(t *testing.T) {
		call(2, 1, "echo", `{"é":"😀"}`)
		ok, json := told(t, ends)
		assert.True(t, ok)
		assert.Equal(t, `{"é":"😀"}`, json)
	})
	t.Run("an error nobody foresaw has no text of its own", func(t *testing.T) {
		call(2, 2, "fail", "{}")
		ok, json := told(t, ends)
		assert.False(t, ok)
		assert.Contains(t, json, `"code":"runtime_failed"`)
		assert.NotContains(t, json, "at_secret")
	})
	t.Run("GW-01 XS-10 a panic ends its command only, without its text", func(t *testing.T) {
		call(2, 3, "panic", "{}")
		ok, json := told(t, ends)
		assert.False(t, ok)
		assert.Contains(t, json, `"code":"runtime_failed"`)
		assert.NotContains(t, json, "at_secret")
		call(2, 4, "echo", "{}")
		ok, _ = told(t, ends)
		assert.True(t, ok)
	})
	t.Run("a caller who has gone", func(t *testing.T) {
		call(2, 5, "wait", "{}")
		call(3, 5)
		call(3, 5) // once more is once too often, and nothing
		ok, json := told(t, ends)
		assert.False(t, ok)
		assert.Contains(t, json, `"code":"aborted"`)
	})
	assert.Empty(t, b.serving.open)
}

func TestAPanicNobodyWaitsForIsReported(t *testing.T) {
	panicked := make(chan struct{}, 8)
	enter, _, _, ports := commanded(t, nil, func() { panicked <- struct{}{} })
	t.Run("GW-01 in a timer", func(t *testing.T) {
		ports.Clock.AfterFunc(0, func() { panic("at_secret") })
		<-panicked
	})
	t.Run("GW-01 in a listener, which goes on", func(t *testing.T) {
		heard := make(chan string, 2)
		defer ports.Channel.Listen(func(note string) {
			if note == "bad" {
				panic("at_secret")
			}
			heard <- note
		})()
		for _, note := range []string{"bad", "good"} {
			_, err := enter.Invoke(5, 0, note)
			require.NoError(t, err)
		}
		<-panicked
		assert.Equal(t, "good", <-heard)
	})
	t.Run("GW-01 in the callback itself", func(t *testing.T) {
		_, err := enter.Invoke(2, 1, "any", "{}") // runs a nil function, in its goroutine
		require.NoError(t, err)
	})
}

func TestSignals(t *testing.T) {
	const key = "latchkey/1/signals"
	tab := open(t, key)
	heard := make(chan browser.Signal, 16)
	defer tab.Lifecycle.Listen(func(s browser.Signal) { heard <- s })()
	dispatch := page(t, "dispatch")
	fire := func(kind string, members map[string]any) {
		_, err := dispatch.Invoke(kind, members)
		require.NoError(t, err)
	}
	// Those that say nothing come first: what is heard next is not theirs.
	fire("pageshow", map[string]any{"persisted": false})
	fire("storage", map[string]any{"key": key + "/other"})
	fire("storage", map[string]any{"key": key})
	assert.Equal(t, browser.Touched, <-heard)
	fire("storage", map[string]any{"key": nil})
	assert.Equal(t, browser.Touched, <-heard)
	fire("pageshow", map[string]any{"persisted": true})
	assert.Equal(t, browser.Resumed, <-heard)
	fire("online", nil)
	assert.Equal(t, browser.Online, <-heard)
	fire("offline", nil)
	assert.Equal(t, browser.Offline, <-heard)
	for _, kind := range []string{"visibilitychange", "resume"} {
		fire(kind, nil)
		assert.Equal(t, browser.Resumed, <-heard)
	}
	// Nobody sees a page that is being left, and nothing more is sent for it, whatever the
	// document says.
	fire("pagehide", nil)
	assert.Equal(t, browser.Left, <-heard)
	assert.False(t, tab.Lifecycle.Visible() || tab.Lifecycle.Online())
	fire("visibilitychange", nil)
	assert.Equal(t, browser.Hidden, <-heard)
	fire("pageshow", map[string]any{"persisted": true})
	assert.Equal(t, browser.Resumed, <-heard)
	assert.True(t, tab.Lifecycle.Visible() && tab.Lifecycle.Online())
	assert.False(t, tab.Lifecycle.Used())

	_, err := tab.made.Call("close")
	require.NoError(t, err)
	fire("online", nil)
	runtime.Gosched()
	assert.Empty(t, heard, "after close")
}

func TestGW13AFloodOfNotesIsBounded(t *testing.T) {
	enter, _, b, ports := commanded(t, nil, nil)
	block, begun := make(chan struct{}), make(chan struct{})
	var notes []string
	over := make(chan struct{})
	stop := ports.Channel.Listen(func(note string) {
		if notes == nil {
			close(begun)
			<-block
		}
		if notes = append(notes, note); len(notes) == backlog+1 {
			close(over)
		}
	})
	_, err := enter.Invoke(5, 0, "first")
	require.NoError(t, err)
	<-begun
	for range 100_000 {
		_, err := enter.Invoke(5, 0, "more")
		require.NoError(t, err)
	}
	close(block)
	<-over
	stop()
	assert.Empty(t, b.notes.listeners)
	assert.Equal(t, "first", notes[0])
}

func TestClosingLetsGoOfLocks(t *testing.T) {
	const name = "latchkey/1/closing"
	one, two := open(t), open(t)
	_, err := one.Locks.Acquire(t.Context(), name)
	require.NoError(t, err)
	_, err = one.made.Call("close")
	require.NoError(t, err)
	release, err := two.Locks.Acquire(t.Context(), name)
	require.NoError(t, err)
	release()
}

func TestLeaving(t *testing.T) {
	tab := open(t)
	for _, address := range []string{"javascript:alert('at_secret')", "java\nscript:0", "data:text/html,x", "http://["} {
		err := tab.Location.Assign(address)
		require.Error(t, err, address)
		assert.NotContains(t, err.Error(), "at_secret")
	}
	require.NoError(t, tab.Location.Navigate("/orders"))
	to, ok := text(index(member(t, tab.made, "told", "navigated"), 0))
	assert.True(t, ok)
	assert.Equal(t, "/orders", to)
}

// A command may be called while Go is itself calling JavaScript: publish runs
// the page's own code.
func TestGoIsEnteredWhileItCalls(t *testing.T) {
	order := make(chan string, 2)
	var b *Bridge
	var enter safejs.Value
	b, _ = New(object(t, map[string]func([]safejs.Value) any{
		"ready": func(args []safejs.Value) any { enter = args[0]; return nil },
		"done":  func([]safejs.Value) any { order <- "done"; return nil },
		"publish": func([]safejs.Value) any {
			_, err := enter.Invoke(2, 1, "any", "{}")
			assert.NoError(t, err)
			order <- "published"
			return nil
		},
	}))
	require.NoError(t, b.Serve("1", func(context.Context, string, string) (string, error) { return "{}", nil }, nil))
	b.Publish("{}")
	got := []string{<-order, <-order}
	slices.Sort(got)
	assert.Equal(t, []string{"done", "published"}, got)
}

func TestTheServerIsThere(t *testing.T) {
	require.NotEmpty(t, os.Getenv("LATCHKEY_TEST_SERVER"))
}
