//go:build js && wasm

package jsbridge

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
	"latchkey/core/oauth"
	"latchkey/core/secret"
)

// provider answers at once, so that nothing but our own work takes time.
type provider struct{ token string }

func (p provider) Do(_ context.Context, req *browser.Request) (*browser.Response, error) {
	switch {
	case strings.HasSuffix(req.URL, "configuration"):
		return browsertest.JSON(200, `{"issuer":"https://id.test","token_endpoint":"https://id.test/token","jwks_uri":"https://id.test/keys"}`), nil
	case strings.HasSuffix(req.URL, "keys"):
		return browsertest.JSON(200, `{"keys":[{`+browsertest.RSAKey+`,"kid":"r"},{`+browsertest.ECKey+`,"kid":"e"},{`+browsertest.EdKey+`,"kid":"d"}]}`), nil
	}
	return browsertest.JSON(200, fmt.Sprintf(`{"access_token":"at","token_type":"bearer","id_token":%q}`, p.token)), nil
}

// BenchmarkIDToken is LD-09 in wasm: a token answer read and its id token
// verified by the browser, the keys being there. web/bench reads the median.
func BenchmarkIDToken(b *testing.B) {
	made, err := page(b, "newHost").Invoke("latchkey/1/bench")
	require.NoError(b, err)
	bridge, ports := New(member(b, made, "host"))
	require.NoError(b, bridge.Serve("test", func(context.Context, string, string) (string, error) { return "{}", nil }, func() {}))
	for alg, kid := range map[string]string{"RS256": "r", "PS256": "r", "ES256": "e", "EdDSA": "d"} {
		b.Run(alg, func(b *testing.B) {
			now := time.Now().Unix()
			claims := fmt.Sprintf(`{"iss":"https://id.test","sub":"alice","aud":"shop","exp":%d,"iat":%d,"name":"Alice","email":"alice@example.com"}`, now+3600, now)
			p := provider{browsertest.Sign(alg, fmt.Sprintf(`{"alg":%q,"kid":%q}`, alg, kid), claims)}
			c := oauth.New(oauth.Config{Issuer: "https://id.test", Discover: true, ClientID: "shop", Scope: "openid", ClockTolerance: time.Minute}, p, ports.Crypto, ports.Clock)
			var took []time.Duration
			for b.Loop() {
				began := time.Now()
				_, err := c.Password(b.Context(), "alice", secret.New("pw"), nil)
				took = append(took, time.Since(began))
				require.NoError(b, err)
			}
			slices.Sort(took)
			b.ReportMetric(took[len(took)/2].Seconds()*1000, "p50-ms")
			b.ReportMetric(took[len(took)*95/100].Seconds()*1000, "p95-ms")
		})
	}
}
