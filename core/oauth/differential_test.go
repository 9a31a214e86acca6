//go:build !js

package oauth

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"latchkey/core/browser/browsertest"
	"latchkey/core/secret"
	"latchkey/core/session"
)

// TestDifferentialServer is no test of its own: web/differential runs it beside
// jose (JW-38). The first line is the key set and the time; each one after it a
// token, as a JSON string; an answer is "accepted", or why not.
func TestDifferentialServer(t *testing.T) {
	if os.Getenv("LATCHKEY_DIFFERENTIAL") == "" {
		t.Skip("web/differential runs this")
	}
	in := bufio.NewReaderSize(os.Stdin, 1<<24)
	line := func(to any) bool {
		text, err := in.ReadBytes('\n')
		if err != nil {
			return false
		}
		require.NoError(t, json.Unmarshal(text, to))
		return true
	}
	var setup struct {
		Keys json.RawMessage
		Now  int64
	}
	require.True(t, line(&setup))
	p := newProvider(nil)
	p.keys = string(setup.Keys)
	p.client.clock = fixedAt(time.Unix(setup.Now, 0))
	out := bufio.NewWriter(os.Stdout)
	for token := ""; line(&token); {
		want := expectation{issuer: issuer, nonce: secret.New("n"), code: secret.New("code"), state: secret.New("state")}
		_, err := p.client.identify(t.Context(), session.Tokens{ID: secret.New(token), Access: secret.New("at")}, want)
		answer := "accepted"
		if err != nil {
			answer = err.Error()
		}
		_, _ = fmt.Fprintf(out, "verdict %s\n", answer)
		if in.Buffered() == 0 {
			_ = out.Flush()
		}
	}
	_ = out.Flush()
}

var benchmarked = []struct{ alg, header string }{{"RS256", rs256}, {"PS256", ps256}, {"ES256", es256}, {"EdDSA", eddsa}}

// BenchmarkIDToken is LD-09: what a sign-in's id token costs, the keys being there.
func BenchmarkIDToken(b *testing.B) {
	for _, tt := range benchmarked {
		b.Run(tt.alg, func(b *testing.B) {
			p := newProvider(nil)
			token := browsertest.Sign(tt.alg, tt.header, claimsOf(time.Now(), "exp", "9999999999", "name", `"Alice"`, "email", `"alice@example.com"`))
			_, err := p.identify(b.Context(), token)
			require.NoError(b, err)
			b.ResetTimer()
			for b.Loop() {
				if _, err := p.identify(b.Context(), token); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
