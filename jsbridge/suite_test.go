//go:build js && wasm

package jsbridge

import (
	"context"
	"os"
	"testing"

	"github.com/hack-pad/safejs"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
)

// page is what web/tools/run-wasm.mjs adds to the program's global object.
func page(t testing.TB, name string) safejs.Value {
	t.Helper()
	v, err := safejs.Global().Get(name)
	if err != nil || v.IsUndefined() {
		t.Fatalf("this test needs web/tools/run-wasm.mjs, which gives %q: %v", name, err)
	}
	return v
}

func member(t testing.TB, of safejs.Value, path ...string) safejs.Value {
	t.Helper()
	for _, name := range path {
		v, err := of.Get(name)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		of = v
	}
	return of
}

// tab is a host as the loader makes one, with a bridge that is up.
type tab struct {
	*Bridge
	browser.Browser
	made safejs.Value
}

func open(t *testing.T, args ...any) *tab {
	t.Helper()
	if len(args) == 0 {
		args = []any{"latchkey/1/test"}
	}
	made, err := page(t, "newHost").Invoke(args...)
	if err != nil {
		t.Fatal(err)
	}
	b, ports := New(member(t, made, "host"))
	serve(t, b, func(context.Context, string, string) (string, error) { return "{}", nil })
	t.Cleanup(func() { _, _ = made.Call("close") })
	return &tab{b, ports, made}
}

func serve(t *testing.T, b *Bridge, run Run) {
	t.Helper()
	if err := b.Serve("test", run, func() { t.Error("a panic that nobody waited for") }); err != nil {
		t.Fatal(err)
	}
}

func TestBrowser(t *testing.T) {
	browsertest.Suite(t, browsertest.Subject{
		Open: func(t *testing.T) (a, b browser.Browser) {
			return open(t).Browser, open(t).Browser
		},
		Server:     os.Getenv("LATCHKEY_TEST_SERVER"),
		SetCookies: func(all string) { _, _ = page(t, "setCookies").Invoke(all) },
	})
}
