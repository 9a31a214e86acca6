package oauth

import (
	"context"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
	"latchkey/core/errcode"
	"latchkey/core/secret"
	"latchkey/core/session"
)

// bound is client with DPoP, in a tab of profile.
func bound(c Config, profile *browsertest.Profile, answer func(*browser.Request) (*browser.Response, error)) *Client {
	profile.Server = func(_ context.Context, req *browser.Request) (*browser.Response, error) { return answer(req) }
	b := profile.Open("https://app.test/").Browser()
	c.ProofKey = b.ProofKey
	c.Issuer, c.ClientID, c.RedirectURI = issuer, "shop", "https://app.test/callback"
	return New(c, b.HTTP, b.Crypto, b.Clock)
}

var tokenEndpoint = Config{Endpoints: Endpoints{Authorization: "https://id.test/authorize", Token: "https://id.test/token", Revocation: "https://id.test/revoke"}}

func TestOA38TheTokenTypeIsTheOneAskedFor(t *testing.T) {
	tests := []struct {
		name, given string
		dpop        bool
		want, why   string
	}{
		{"bearer", "bearer", false, "Bearer", ""},
		{"DPoP that nobody asked for", "DPoP", false, "", "set auth.dpop"},
		{"an unknown one", "mac", false, "", "not Bearer"},
		{"DPoP", "DPoP", true, "DPoP", ""},
		{"DPoP in lower case", "dpop", true, "DPoP", ""},
		{"bearer in spite of a proof", "Bearer", true, "", "Bearer although"},
		{"an unknown one in spite of a proof", "mac", true, "", "not DPoP"},
		{"DPoP with a line break", `DPoP\r\n`, true, "", "not DPoP"},
		{"none", "", true, "", "not DPoP"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			make := func(c Config, answer func(*browser.Request) (*browser.Response, error)) *Client {
				return client(c, answer)
			}
			if tt.dpop {
				make = func(c Config, answer func(*browser.Request) (*browser.Response, error)) *Client {
					return bound(c, browsertest.NewProfile(), answer)
				}
			}
			c := make(tokenEndpoint, func(*browser.Request) (*browser.Response, error) {
				return browsertest.JSON(200, `{"access_token":"a","token_type":"`+tt.given+`"}`), nil
			})
			got, err := c.Password(t.Context(), "alice", secret.New("pw"), nil)
			assert.Equal(t, tt.want, got.Type)
			if tt.why != "" {
				require.Error(t, err)
				assert.Equal(t, errcode.ServerError, errcode.Of(err))
				assert.Contains(t, err.Error(), tt.why)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.dpop, got.ProofKey != "")
		})
	}
}

func TestOA42ANonceIsAskedForOnce(t *testing.T) {
	wants := func(status int, body, authenticate string) *browser.Response {
		answer := browsertest.JSON(status, body)
		answer.Headers["dpop-nonce"] = "n1"
		answer.Headers["www-authenticate"] = authenticate
		return answer
	}
	silent := browsertest.JSON(400, `{"error":"use_dpop_nonce"}`)
	tests := []struct {
		name   string
		answer *browser.Response
		again  bool
	}{
		{"the token endpoint wants one", wants(400, `{"error":"use_dpop_nonce"}`, ""), true},
		{"userinfo wants one", wants(401, ``, `DPoP error="use_dpop_nonce", error_description="…"`), true},
		{"it wants one and gives none", silent, false},
		{"another error that brings one", wants(400, `{"error":"invalid_grant"}`, ""), false},
		{"another error that speaks of one", wants(400, `{"error":"invalid_request","error_description":"use_dpop_nonce"}`, ""), false},
		{"a token that is over", wants(401, ``, `DPoP error="invalid_token"`), false},
		{"no JSON", wants(400, `use_dpop_nonce`, ""), false},
		{"a server in trouble", wants(503, `{"error":"use_dpop_nonce"}`, ""), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var proofs []string
			c := bound(tokenEndpoint, browsertest.NewProfile(), func(req *browser.Request) (*browser.Response, error) {
				assert.Contains(t, req.Body, "grant_type=password", "the body is sent again whole")
				proofs = append(proofs, req.Headers["dpop"])
				return tt.answer, nil
			})
			_, err := c.Password(t.Context(), "alice", secret.New("pw"), nil)
			require.Error(t, err)
			if !tt.again {
				assert.Len(t, proofs, 1)
				return
			}
			require.Len(t, proofs, 2, "once more, also where the server goes on asking")
			assert.False(t, strings.HasSuffix(proofs[0], " n1"))
			assert.True(t, strings.HasSuffix(proofs[1], " n1"), "with the nonce it has given")
		})
	}
}

func TestOA42OnlyWhatATokenIsForIsProved(t *testing.T) {
	proved := map[string]bool{}
	c := bound(Config{Discover: true}, browsertest.NewProfile(), func(req *browser.Request) (*browser.Response, error) {
		proved[strings.TrimPrefix(req.URL, issuer)] = req.Headers["dpop"] != ""
		if strings.HasSuffix(req.URL, "/token") {
			return browsertest.JSON(200, `{"access_token":"a","token_type":"DPoP"}`), nil
		}
		if strings.HasSuffix(req.URL, "/userinfo") {
			assert.Equal(t, "DPoP a", req.Headers["authorization"])
			return browsertest.JSON(200, `{"sub":"alice"}`), nil
		}
		return browsertest.JSON(200, `{"issuer":"https://id.test","token_endpoint":"https://id.test/token","revocation_endpoint":"https://id.test/revoke","userinfo_endpoint":"https://id.test/userinfo","dpop_signing_alg_values_supported":["RS256","ES256"]}`), nil
	})
	tokens, err := c.Refresh(t.Context(), session.Tokens{Refresh: secret.New("rt")}, "")
	require.NoError(t, err)
	_, err = c.UserInfo(t.Context(), tokens)
	require.NoError(t, err)
	c.Revoke(t.Context(), tokens)
	assert.Equal(t, map[string]bool{"/.well-known/openid-configuration": false, "/token": true, "/userinfo": true, "/revoke": false}, proved)
}

func TestOA42AServerThatCannotReadOurProofs(t *testing.T) {
	metadata := `{"issuer":"https://id.test","token_endpoint":"https://id.test/token","authorization_endpoint":"https://id.test/authorize"`
	for algs, ok := range map[string]bool{``: true, `,"dpop_signing_alg_values_supported":["ES256"]`: true, `,"dpop_signing_alg_values_supported":["RS256"]`: false} {
		answer := func(*browser.Request) (*browser.Response, error) {
			return browsertest.JSON(200, metadata+algs+"}"), nil
		}
		c := bound(Config{Discover: true}, browsertest.NewProfile(), answer)
		_, err := c.AuthCodeURL(t.Context(), &Transaction{}, nil)
		assert.Equal(t, ok, err == nil, algs)
		if err != nil {
			assert.Equal(t, errcode.DiscoveryFailed, errcode.Of(err))
			assert.Contains(t, err.Error(), "ES256")
		}
		_, err = client(Config{Discover: true}, answer).AuthCodeURL(t.Context(), &Transaction{}, nil)
		assert.NoError(t, err, "without DPoP it does not matter")
	}
}

func TestOA43TheAuthorizationCodeIsBoundToTheKey(t *testing.T) {
	none := func(*browser.Request) (*browser.Response, error) { return nil, browser.ErrNetwork }
	profile := browsertest.NewProfile()
	c := bound(tokenEndpoint, profile, none)
	address, err := c.AuthCodeURL(t.Context(), &Transaction{}, nil)
	require.NoError(t, err)
	assert.Contains(t, address, "dpop_jkt="+profile.ProofKey())
	_, err = c.AuthCodeURL(t.Context(), &Transaction{}, [][2]string{{"dpop_jkt", "x"}})
	assert.Equal(t, errcode.ConfigInvalid, errcode.Of(err))

	// A key that is in memory only is another one after the redirect.
	address, err = bound(tokenEndpoint, &browsertest.Profile{NoKeys: true}, none).AuthCodeURL(t.Context(), &Transaction{}, nil)
	require.NoError(t, err)
	assert.NotContains(t, address, "dpop_jkt")
	address, err = client(tokenEndpoint, none).AuthCodeURL(t.Context(), &Transaction{}, nil)
	require.NoError(t, err)
	assert.NotContains(t, address, "dpop_jkt")
}

// noKey is a browser that can make none.
type noKey struct{ err error }

func (k noKey) Thumbprint(context.Context) (string, bool, error) { return "", false, k.err }
func (k noKey) Drop(context.Context) error                       { return k.err }

func TestOA43WithoutAKeyNothingIsSent(t *testing.T) {
	for _, k := range []noKey{{assert.AnError}, {}} {
		c := client(tokenEndpoint, func(*browser.Request) (*browser.Response, error) {
			t.Error("sent")
			return nil, browser.ErrNetwork
		})
		c.ProofKey = k
		_, err := c.Refresh(t.Context(), session.Tokens{Refresh: secret.New("rt")}, "")
		assert.Equal(t, errcode.RuntimeFailed, errcode.Of(err))
		_, err = c.AuthCodeURL(t.Context(), &Transaction{}, nil)
		assert.Equal(t, errcode.RuntimeFailed, errcode.Of(err))
		c.ForgetKey(t.Context())
	}
}
