package sessiontest

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core"
	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
	"latchkey/core/strictjson"
)

// world is a browser, its tabs, and a server that does as it is told.
type world struct {
	*testing.T
	Subject
	profile *browsertest.Profile
	server  Server

	mu    sync.Mutex
	asked map[Kind]int
	gates map[Kind]*gate
	// trouble answers instead of the server.
	trouble func(ctx context.Context) (*browser.Response, error)
	// stubborn has the API refuse everything.
	stubborn bool
	refused  int
	tabs     []*Tab
}

// gate holds a request up: before the server has seen it, or its answer.
type gate struct {
	answer  bool
	reached chan struct{}
	open    chan struct{}
}

func (g *gate) wait(ctx context.Context) error {
	close(g.reached)
	select {
	case <-g.open:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// hold holds the next request of a kind up.
func (w *world) hold(kind Kind, answer bool) *gate {
	g := &gate{answer, make(chan struct{}), make(chan struct{})}
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gates[kind] = g
	return g
}

func (w *world) serve(ctx context.Context, req *browser.Request) (*browser.Response, error) {
	w.clean("an address", req.URL)
	kind := w.server.Kind(req)
	w.mu.Lock()
	w.asked[kind]++
	trouble, g := w.trouble, w.gates[kind]
	delete(w.gates, kind)
	w.mu.Unlock()
	if trouble != nil {
		return trouble(ctx)
	}
	if g != nil && !g.answer {
		if err := g.wait(ctx); err != nil {
			return nil, err
		}
	}
	answer, err := w.server.Serve(ctx, req)
	if g != nil && g.answer {
		if err := g.wait(ctx); err != nil {
			return nil, err
		}
	}
	return answer, err
}

// api answers a request of the page's.
func (w *world) api(r Request) Answer {
	w.mu.Lock()
	stubborn := w.stubborn
	w.mu.Unlock()
	answer := w.Refusal
	if !stubborn {
		answer = w.server.API(r)
	}
	if answer.User == "" {
		w.mu.Lock()
		w.refused++
		w.mu.Unlock()
	}
	return answer
}

func (w *world) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

// meet has each request of the runtime's meet with that; nil is none.
func (w *world) meet(trouble func(context.Context) (*browser.Response, error)) {
	w.set(func() { w.trouble = trouble })
}

func offline(context.Context) (*browser.Response, error) { return nil, browser.ErrNetwork }

// take returns how often the runtimes have asked for a kind since the last time.
func (w *world) take(kind Kind) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	n := w.asked[kind]
	clear(w.asked)
	return n
}

// requests are those of all kinds since the last time.
func (w *world) requests() (n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, k := range w.asked {
		n += k
	}
	clear(w.asked)
	return n
}

// open opens a tab, which starts its runtime. Where that goes on to ask the server, it has
// its answer.
func (w *world) open() *Tab {
	w.Helper()
	p := w.newTab()
	require.NoError(w, p.start())
	synctest.Wait()
	return p
}

func (w *world) newTab() *Tab {
	w.Helper()
	p := &Tab{world: w, tab: w.profile.Open(Origin + "/")}
	rt, err := core.New(untraced(w.Config), p.tab.Browser(), p.publish)
	require.NoError(w, err)
	p.rt = rt
	w.set(func() { w.tabs = append(w.tabs, p) })
	return p
}

// two are two tabs, with alice signed in.
func (w *world) two() (a, b *Tab) {
	w.Helper()
	a, b = w.open(), w.open()
	a.signIn("alice")
	synctest.Wait()
	b.takeEvents()
	w.requests()
	return a, b
}

// key is the record's.
func (w *world) key() string {
	v, err := strictjson.Parse(w.Config)
	require.NoError(w, err)
	return v.Get("key").TextOr("")
}

// settled is what becomes of a request whose credentials have run out, as soon as
// nothing is in the way: it is answered, or, where they can't be renewed, the session
// has ended.
func (w *world) settled(p *Tab, r result) {
	w.Helper()
	if w.Fixed {
		assert.Equal(w, w.turnedDown(), r)
		assert.Equal(w, "anonymous", p.user())
		return
	}
	assert.Equal(w, result{user: "alice", status: 200}, r)
	assert.Equal(w, "alice", p.user())
}

// turnedDown is a request that the API has refused.
func (w *world) turnedDown() result { return result{status: w.Refusal.Status, code: w.Refusal.Code} }

// clean fails where text has a secret in it.
func (w *world) clean(where, text string) {
	for _, secret := range append([]string{Password}, w.Secrets...) {
		if strings.Contains(text, secret) {
			w.Errorf("there is a secret (%s…) in %s", secret[:min(3, len(secret))], where)
		}
	}
}

// nothingLeft tells that no secret is stored.
func (w *world) nothingLeft() {
	w.Helper()
	for key, value := range w.profile.Storage().All() {
		w.clean("the storage under "+key, value)
	}
}

// end is what is true after each test.
func (w *world) end() {
	w.Helper()
	held, err := w.profile.Open(Origin).Browser().Locks.Held(context.Background())
	require.NoError(w, err)
	for _, name := range held {
		assert.False(w, strings.HasSuffix(name, "/refresh") || strings.HasSuffix(name, "/write"), "the lock %s is held", name)
	}
	for _, p := range w.tabs {
		p.rt.Close()
	}
	synctest.Wait()
	for _, p := range w.tabs {
		w.clean("what the page is told", strings.Join(p.told, "\n"))
		for _, verb := range []string{"%v", "%+v", "%#v"} {
			w.clean("the print of a runtime", fmt.Sprintf(verb, p.rt))
		}
	}
}

// untraced is a configuration without what is written down for people, beside all else.
func untraced(config string) string { return strings.Replace(config, "{", `{"trace":false,`, 1) }
