package browsertest

import (
	"errors"
	"testing"

	"latchkey/core/browser"
)

func (s Subject) proofKey(t *testing.T) {
	a, b := s.Open(t)
	thumbprint := func(t *testing.T, tab browser.Browser) (string, bool) {
		t.Helper()
		got, kept, err := tab.ProofKey.Thumbprint(t.Context())
		if err != nil || got == "" {
			t.Fatalf("got %q, %v", got, err)
		}
		return got, kept
	}
	prove := func(t *testing.T, key string, headers map[string]string) (*browser.Response, error) {
		t.Helper()
		return a.HTTP.Do(t.Context(), &browser.Request{Method: "POST", URL: s.Server + "/headers?x=1", Headers: headers, MaxBytes: 1 << 16, ProofKey: key})
	}

	// Both at once: each finds none, and may make one.
	made := make(chan string, 1)
	go func() {
		got, _, err := b.ProofKey.Thumbprint(t.Context())
		if err != nil {
			t.Error(err)
		}
		made <- got
	}()
	first, kept := thumbprint(t, a)
	other := <-made
	t.Run("the key is made once, for all tabs if it is kept", func(t *testing.T) {
		if kept != (other == first) {
			t.Fatalf("got %q; the other tab, at the same time, %q; kept: %v", first, other, kept)
		}
		if again, _ := thumbprint(t, a); again != first {
			t.Fatalf("got %q, then %q", first, again)
		}
		if other, _ := thumbprint(t, b); kept != (other == first) {
			t.Fatalf("got %q; the other tab has %q; kept: %v", first, other, kept)
		}
	})
	t.Run("OA-44 each request carries a proof of its own", func(t *testing.T) {
		one, err := prove(t, first, map[string]string{"authorization": "DPoP token", "x-sent": "1"})
		if err != nil {
			t.Fatal(err)
		}
		two, err := prove(t, first, nil)
		if err != nil {
			t.Fatal(err)
		}
		if one.Headers["x-dpop"] == "" || one.Headers["x-dpop"] == two.Headers["x-dpop"] || one.Headers["x-sent"] != "1" {
			t.Fatalf("the server got %q, then %q", one.Headers["x-dpop"], two.Headers["x-dpop"])
		}
	})
	t.Run("a request that nobody asked a proof for has none", func(t *testing.T) {
		if res, err := prove(t, "", nil); err != nil || res.Headers["x-dpop"] != "" {
			t.Fatalf("got %v, %v", res, err)
		}
	})
	t.Run("without its key a request is not sent", func(t *testing.T) {
		if _, err := prove(t, "another", nil); !errors.Is(err, browser.ErrKey) {
			t.Fatalf("got %v; want ErrKey", err)
		}
	})
	t.Run("after it was dropped there is another", func(t *testing.T) {
		if err := errors.Join(a.ProofKey.Drop(t.Context()), a.ProofKey.Drop(t.Context())); err != nil {
			t.Fatal(err)
		}
		next, _ := thumbprint(t, a)
		if next == first {
			t.Fatal("the key is still there")
		}
		if other, _ := thumbprint(t, b); kept != (other == next) {
			t.Fatalf("got %q; the other tab has %q; kept: %v", next, other, kept)
		}
	})
}
