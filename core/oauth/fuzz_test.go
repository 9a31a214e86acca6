package oauth

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
	"latchkey/core/errcode"
	"latchkey/core/secret"
	"latchkey/core/session"
	"latchkey/core/strictjson"
)

// JW-37: a good token has one spelling.
func TestJW37OnlyTheOriginalIsAccepted(t *testing.T) {
	count := 100_000
	if testing.Short() || runtime.GOOS == "js" { // where Go's own cryptography is slow
		count = 1_000
	}
	p := newProvider(nil)
	p.client.clock = fixedAt(time.Unix(1_800_000_000, 0))
	for i, tt := range []struct{ alg, header string }{{"ES256", es256}, {"EdDSA", eddsa}, {"RS256", rs256}, {"PS256", ps256}} {
		claims := claimsOf(time.Unix(1_800_000_000, 0), "name", `"Alice"`)
		good := browsertest.Sign(tt.alg, tt.header, claims)
		other := browsertest.Sign(tt.alg, tt.header, strings.Replace(claims, "alice", "mallory", 1))
		_, err := p.identify(t.Context(), good)
		require.NoError(t, err)
		chance := rand.New(rand.NewPCG(uint64(i), 37))
		for range count / 4 {
			token := mutate(chance, good, other)
			if _, err := p.identify(t.Context(), token); err == nil && token != good && token != other {
				t.Fatalf("another spelling was accepted: %s", token)
			}
		}
	}
}

// mutate changes a token in one to three places.
func mutate(chance *rand.Rand, token, other string) string {
	const letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_+/=. \n\x00é"
	for range 1 + chance.IntN(3) {
		at := chance.IntN(len(token))
		to := min(len(token), at+1+chance.IntN(4))
		letter := string(letters[chance.IntN(len(letters))])
		switch chance.IntN(8) {
		case 0:
			token = token[:at] + letter + token[at+1:]
		case 1:
			token = token[:at] + letter + token[at:]
		case 2:
			token = token[:at] + token[to:]
		case 3:
			token = token[:to] + token[at:]
		case 4:
			token = token[:at] + string(token[at]^1<<chance.IntN(7)) + token[at+1:]
		case 5: // the last letter, where bits are left over
			token = token[:len(token)-1] + letter
		case 6:
			a, b := strings.Split(token, "."), strings.Split(other, ".")
			if i := chance.IntN(len(a)); i < len(b) {
				a[i] = b[i]
			}
			token = strings.Join(a, ".")
		case 7:
			token += letter
		}
	}
	return token
}

type fixedAt time.Time

func (f fixedAt) Now() time.Time                         { return time.Time(f) }
func (f fixedAt) AfterFunc(time.Duration, func()) func() { return func() {} }

func FuzzIDToken(f *testing.F) {
	now := time.Unix(1_800_000_000, 0)
	originals := map[string]bool{}
	for alg, header := range map[string]string{"RS256": rs256, "PS256": ps256, "ES256": es256, "EdDSA": eddsa} {
		token := browsertest.Sign(alg, header, claimsOf(now))
		originals[token] = true
		f.Add(token)
	}
	f.Add(browsertest.Sign("none", `{"alg":"none"}`, claimsOf(now)))
	f.Add("..")
	p := newProvider(nil)
	p.client.clock = fixedAt(now)
	f.Fuzz(func(t *testing.T, token string) {
		if token == "" {
			return // which is none
		}
		got, err := p.identify(t.Context(), token)
		if err == nil {
			// PS256 differs from process to process.
			if !originals[token] {
				parsed, why := readUnverified(token)
				assert.Empty(t, why)
				assert.Equal(t, "PS256", parsed.alg, "a token that nobody signed")
			}
			assert.Equal(t, "alice", got.Subject)
			return
		}
		assert.Equal(t, errcode.IDTokenInvalid, errcode.Of(err))
		assert.True(t, got.ID.Empty())
	})
}

func FuzzMetadata(f *testing.F) {
	f.Add(`{"issuer":"https://id.test","token_endpoint":"https://id.test/token","jwks_uri":"https://id.test/keys"}`)
	f.Add(`{"issuer":"https://id.test","token_endpoint":"http://id.test/token","id_token_signing_alg_values_supported":["none",1]}`)
	c := client(Config{Discover: true}, nil)
	f.Fuzz(func(t *testing.T, text string) {
		m, err := c.readMetadata(text)
		if err != nil {
			assert.Contains(t, []errcode.Code{errcode.DiscoveryFailed, errcode.IssuerMismatch}, errcode.Of(err))
			return
		}
		for _, address := range []string{m.Token, m.Authorization, m.JWKS, m.UserInfo, m.Revocation, m.EndSession, m.Pushed} {
			assert.True(t, address == "" || secure(address, false), address)
		}
	})
}

func FuzzTokenAnswer(f *testing.F) {
	f.Add(`{"access_token":"a","token_type":"Bearer","expires_in":3600,"refresh_token":"r","scope":"openid x"}`)
	f.Add(`{"access_token":"a","token_type":"bearer","expires_in":1e999,"refresh_token":null}`)
	answer := ""
	c := client(Config{Endpoints: Endpoints{Token: issuer + "/token"}}, func(*browser.Request) (*browser.Response, error) {
		return browsertest.JSON(200, answer), nil
	})
	f.Fuzz(func(t *testing.T, text string) {
		answer = text
		got, err := c.Refresh(t.Context(), session.Tokens{Refresh: secret.New("rt")}, "")
		if err != nil {
			assert.NotContains(t, fmt.Sprint(err), "rt\"")
			return
		}
		v, err := strictjson.Parse(text)
		require.NoError(t, err)
		assert.Equal(t, v.Get("access_token").TextOr(""), got.Access.Expose())
		assert.True(t, visible(got.Access.Expose()))
		assert.True(t, got.ExpiresAt.IsZero() || got.ExpiresAt.After(got.IssuedAt) && got.ExpiresAt.Sub(got.IssuedAt) <= longestLife)
	})
}
