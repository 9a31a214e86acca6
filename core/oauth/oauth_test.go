package oauth

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
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

const issuer = "https://id.test"

// client returns a client whose server is answer.
func client(c Config, answer func(*browser.Request) (*browser.Response, error)) *Client {
	profile := browsertest.NewProfile()
	profile.Server = func(_ context.Context, req *browser.Request) (*browser.Response, error) { return answer(req) }
	b := profile.Open("https://app.test/").Browser()
	if c.ClientID == "" {
		c.ClientID = "shop"
	}
	c.Issuer, c.RedirectURI, c.ClockTolerance = issuer, "https://app.test/callback", time.Minute
	return New(c, b.HTTP, b.Crypto, b.Clock)
}

func idToken(claims string) secret.String {
	b := base64.RawURLEncoding
	return secret.New(b.EncodeToString([]byte(`{"alg":"RS256"}`)) + "." + b.EncodeToString([]byte(claims)) + ".c2ln")
}

func TestOA29OnlyAddressesThatCanBeTrusted(t *testing.T) {
	tests := []struct {
		address  string
		insecure bool
		want     bool
	}{
		{"https://id.test/token", false, true},
		{"https://id.test:8443/token?a=b", false, true},
		{"http://127.0.0.1:9000/token", false, true},
		{"http://localhost/token", false, true},
		{"http://[::1]:9000/token", false, true},
		{"http://id.test/token", false, false},
		{"http://id.test/token", true, true},
		{"http://localhost.evil.test/token", false, false},
		{"http://127.0.0.1.evil.test/token", false, false},
		{"http://127.0.0.1@evil.test/token", false, false},
		{"https://id.test@evil.test/token", false, false},
		{"https://user:pw@id.test/token", false, false},
		{"https://id.test/token#fragment", false, false},
		{"https:///token", false, false},
		{"https:\\\\evil.test", false, false},
		{"https://id.test\\@evil.test", false, false},
		{"https://id.test/\ttoken", false, false},
		{"https://id%2etest/", false, false},
		{"https://ïd.test/", false, false},
		{"HTTPS://id.test/", false, false},
		{"javascript:alert(1)", true, false},
		{"data:text/html,x", true, false},
		{"//id.test/token", true, false},
		{"/token", true, false},
		{"", true, false},
	}
	for _, tt := range tests {
		assert.Equal(t, tt.want, secure(tt.address, tt.insecure), tt.address)
	}
}

func TestParseAnswer(t *testing.T) {
	tests := []struct {
		name, query string
		ok          bool
		err         errcode.Code // of the answer itself
		server      errcode.Code // of the error that the server reports
	}{
		{"a code", "?code=c&state=s&iss=https%3A%2F%2Fid.test", true, "", ""},
		{"among the page's own parameters", "?promocode=x&state=s&a=1&code=c#top", true, "", ""},
		{"no state", "?code=c", false, "", ""},
		{"an empty state", "?code=c&state=", false, "", ""},
		{"only a state", "?state=NY", false, "", ""},
		{"a name that ends in code", "?promocode=c&state=s", false, "", ""},
		{"no query", "", false, "", ""},
		{"only in the fragment", "#code=c&state=s", false, "", ""},
		{"OA-12 a code and an error", "?code=c&error=access_denied&state=s", true, errcode.ServerError, ""},
		{"OA-12 a code twice", "?code=c&code=d&state=s", true, errcode.StateMismatch, ""},
		{"OA-12 a code twice, once escaped", "?code=c&c%6fde=d&state=s", true, errcode.StateMismatch, ""},
		{"OP-49 a state twice", "?code=c&state=s&state=s", true, errcode.StateMismatch, ""},
		{"OP-48 an iss twice", "?code=c&state=s&iss=a&iss=b", true, errcode.StateMismatch, ""},
		{"OA-12 an empty code", "?code=&state=s", true, errcode.ServerError, ""},
		{"an empty error", "?error=&state=s", true, errcode.ServerError, ""},
		{"OP-62 access denied", "?error=access_denied&state=s", true, "", errcode.AccessDenied},
		{"OP-62 login required", "?error=login_required&state=s", true, "", errcode.InteractionRequired},
		{"OP-62 interaction required", "?error=interaction_required&state=s", true, "", errcode.InteractionRequired},
		{"OP-62 server error", "?error=temporarily_unavailable&state=s", true, "", errcode.ServerError},
		{"a broken escape", "?code=%zz&state=s", true, "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a, ok, err := client(Config{}, nil).ParseAnswer("https://app.test/callback" + tt.query)
			assert.Equal(t, tt.ok, ok)
			assert.Equal(t, tt.err, errcode.Of(err))
			assert.Equal(t, tt.server, errcode.Of(a.Err))
		})
	}
	a, _, err := client(Config{}, nil).ParseAnswer("https://app.test/?state=lk.a%2Bb&error=access_denied&error_description=no+%3Cb%3Eway&error_uri=javascript:x")
	require.NoError(t, err)
	assert.Equal(t, "lk.a+b", a.State.Expose())
	var e *errcode.Error
	require.ErrorAs(t, a.Err, &e)
	assert.Equal(t, errcode.OAuth{Error: "access_denied", Description: "no <b>way", URI: "javascript:x"}, *e.OAuth, "OA-24: text, as the server wrote it")
}

func FuzzParseAnswer(f *testing.F) {
	f.Add("https://app.test/?code=c&state=s&iss=i")
	f.Add("?error=%ff&state=%")
	f.Fuzz(func(t *testing.T, address string) {
		a, ok, err := client(Config{}, nil).ParseAnswer(address)
		if ok && err == nil {
			assert.False(t, a.State.Empty())
			assert.True(t, a.Code.Empty() == (a.Err != nil))
		}
	})
}

func TestFormIsReadBack(t *testing.T) {
	var f form
	f.add("name", "aZ09-._* &=+%ä\r\n\x00")
	f.addText("left out", "")
	f.add("ünïcode", "")
	assert.Equal(t, "name=aZ09-._*+%26%3D%2B%25%C3%A4%0D%0A%00&%C3%BCn%C3%AFcode=", f.String())
	assert.Equal(t, "aZ09-._* &=+%ä\r\n\x00", unescape("aZ09-._*+%26%3D%2B%25%C3%A4%0D%0A%00"))
	assert.Equal(t, "%", unescape("%"))
	assert.Equal(t, "%4", unescape("%4"))
	assert.Equal(t, "https://id.test/a?b=c&d=e", withQuery("https://id.test/a?b=c", "d=e"))
	assert.Equal(t, "https://id.test/a?d=e", withQuery("https://id.test/a", "d=e"))
	assert.Equal(t, "https://id.test/a?d=e", withQuery("https://id.test/a?", "d=e"))
}

func TestRR23RetryAfter(t *testing.T) {
	now := time.Date(2026, 11, 22, 12, 0, 0, 0, time.UTC)
	for value, want := range map[string]time.Duration{
		"30": 30 * time.Second, " 5 ": 5 * time.Second, "0": 0, "-1": 0, "1000000000": time.Hour, "99999999999999999999": 0, "soon": 0, "": 0, "1.5": 0,
		"Sun, 22 Nov 2026 12:01:00 GMT": time.Minute, "Sun, 22 Nov 2026 11:00:00 GMT": 0, "Sun, 22 Nov 2099 11:00:00 GMT": time.Hour,
	} {
		assert.Equal(t, want, RetryAfter(value, now), value)
	}
}

func TestOA07EveryTransactionIsItsOwn(t *testing.T) {
	c := client(Config{}, nil)
	seen := map[string]bool{}
	for range 100 {
		tx, err := c.Begin(Redirect, "/")
		require.NoError(t, err)
		for _, s := range []string{strings.TrimPrefix(tx.State.Expose(), string(Redirect)), tx.Nonce.Expose(), tx.Verifier.Expose()} {
			assert.Len(t, s, 43, "256 bits")
			assert.False(t, seen[s])
			seen[s] = true
		}
		v, err := strictjson.Parse(tx.JSON())
		require.NoError(t, err)
		again, ok := ParseTransaction(v)
		require.True(t, ok)
		assert.Equal(t, tx.JSON(), again.JSON())
		assert.NotContains(t, fmt.Sprintf("%v %+v %#v", tx, tx, tx), tx.Verifier.Expose())
	}
}

func TestGW11WithoutRandomNumbersNothingBegins(t *testing.T) {
	profile := browsertest.NewProfile()
	profile.Random = func(*browsertest.Tab, []byte) error { return fmt.Errorf("getRandomValues threw") }
	b := profile.Open("https://app.test/").Browser()
	_, err := New(Config{}, b.HTTP, b.Crypto, b.Clock).Begin(Redirect, "/")
	assert.Equal(t, errcode.RuntimeFailed, errcode.Of(err))
}

func TestAuthCodeURL(t *testing.T) {
	c := client(Config{Scope: "openid api", Endpoints: Endpoints{Authorization: "https://id.test/authorize?tenant=a", Token: "https://id.test/token"}}, nil)
	tx, err := c.Begin(Redirect, "/")
	require.NoError(t, err)
	address, err := c.AuthCodeURL(t.Context(), &tx, [][2]string{{"prompt", "login"}})
	require.NoError(t, err)
	assert.True(t, strings.HasPrefix(address, "https://id.test/authorize?tenant=a&response_type=code&client_id=shop&"), "OA-30: its own query is kept")
	assert.NotContains(t, address, tx.Verifier.Expose())
	assert.Contains(t, address, "code_challenge_method=S256", "OA-08")
	assert.Contains(t, address, "nonce="+tx.Nonce.Expose())
	assert.Contains(t, address, "&prompt=login")
	for _, name := range []string{"state", "redirect_uri", "client_id", "response_type", "code_challenge", "nonce", "scope", "response_mode", "request"} {
		_, err := c.AuthCodeURL(t.Context(), &tx, [][2]string{{name, "x"}})
		assert.Equal(t, errcode.ConfigInvalid, errcode.Of(err), name)
	}
}

func TestDiscovery(t *testing.T) {
	metadata := func(more string) string {
		return `{"issuer":"https://id.test","token_endpoint":"https://other.test/token"` + more + `}`
	}
	tests := []struct {
		name   string
		answer *browser.Response
		err    error
		code   errcode.Code
	}{
		{"metadata that names other https origins", browsertest.JSON(200, metadata(`,"authorization_endpoint":"https://login.test/a"`)), nil, ""},
		{"OP-30 another issuer", browsertest.JSON(200, strings.Replace(metadata(""), "https://id.test", "https://evil.test", 1)), nil, errcode.IssuerMismatch},
		{"OP-31 a slash more", browsertest.JSON(200, strings.Replace(metadata(""), "https://id.test", "https://id.test/", 1)), nil, errcode.IssuerMismatch},
		{"OP-31 no issuer", browsertest.JSON(200, `{"token_endpoint":"https://id.test/token"}`), nil, errcode.IssuerMismatch},
		{"ISSUER is not issuer", browsertest.JSON(200, strings.Replace(metadata(""), "issuer", "ISSUER", 1)), nil, errcode.IssuerMismatch},
		{"OA-29 an endpoint without https", browsertest.JSON(200, metadata(`,"revocation_endpoint":"http://id.test/r"`)), nil, errcode.DiscoveryFailed},
		{"OA-29 a script as endpoint", browsertest.JSON(200, metadata(`,"authorization_endpoint":"javascript:alert(1)"`)), nil, errcode.DiscoveryFailed},
		{"no token endpoint", browsertest.JSON(200, `{"issuer":"https://id.test"}`), nil, errcode.DiscoveryFailed},
		{"404", browsertest.JSON(404, ""), nil, errcode.DiscoveryFailed},
		{"HTML", browsertest.JSON(200, "<html>"), nil, errcode.DiscoveryFailed},
		{"503", browsertest.JSON(503, ""), nil, errcode.ServerError},
		{"429", browsertest.JSON(429, ""), nil, errcode.RateLimited},
		{"no network", nil, browser.ErrNetwork, errcode.NetworkError},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			asked := 0
			c := client(Config{Discover: true}, func(req *browser.Request) (*browser.Response, error) {
				asked++
				assert.Contains(t, []string{"https://id.test/.well-known/openid-configuration", "https://id.test/.well-known/oauth-authorization-server"}, req.URL)
				return tt.answer, tt.err
			})
			_, err := c.metadata(t.Context())
			assert.Equal(t, tt.code, errcode.Of(err))
			if err == nil {
				_, err = c.metadata(t.Context())
				assert.NoError(t, err)
				assert.Equal(t, 1, asked, "known from then on")
			}
		})
	}
}

func TestOA38OA39TokensAreRefusedAtReceipt(t *testing.T) {
	tests := []struct {
		name, body string
		ok         bool
	}{
		{"a plain answer", `{"access_token":"a","token_type":"Bearer"}`, true},
		{"OP-55 bearer in capitals", `{"access_token":"a","token_type":"BEARER"}`, true},
		{"no token type", `{"access_token":"a"}`, false},
		{"an empty token", `{"access_token":"","token_type":"bearer"}`, false},
		{"a token with a space", `{"access_token":"a b","token_type":"bearer"}`, false},
		{"a token with a line break", `{"access_token":"a\nb","token_type":"bearer"}`, false},
		{"a token beyond ASCII", `{"access_token":"ä","token_type":"bearer"}`, false},
		{"a refresh token that is a number", `{"access_token":"a","token_type":"bearer","refresh_token":7}`, false},
		{"a refresh token that is null", `{"access_token":"a","token_type":"bearer","refresh_token":null}`, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := client(Config{Endpoints: Endpoints{Token: "https://id.test/token"}}, func(*browser.Request) (*browser.Response, error) {
				return browsertest.JSON(200, tt.body), nil
			})
			_, err := c.Password(t.Context(), "alice", secret.New("pw"), nil)
			assert.Equal(t, tt.ok, err == nil, "%v", err)
		})
	}
}

func TestOP37ARefreshForSomebodyElseIsDead(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now().Unix()
		c := client(Config{Endpoints: Endpoints{Token: "https://id.test/token"}}, func(req *browser.Request) (*browser.Response, error) {
			assert.NotContains(t, req.URL, "rt_1", "OA-23: no token in a URL")
			claims := fmt.Sprintf(`{"iss":%q,"sub":"mallory","aud":"shop","exp":%d,"iat":%d}`, issuer, now+300, now)
			return browsertest.JSON(200, fmt.Sprintf(`{"access_token":"a","token_type":"bearer","id_token":%q}`, idToken(claims).Expose())), nil
		})
		_, err := c.Refresh(t.Context(), session.Tokens{Refresh: secret.New("rt_1"), Subject: "alice"}, "")
		assert.True(t, c.Dead(err))
		assert.False(t, c.Dead(errcode.New(errcode.NetworkError, "")))
		assert.False(t, c.Dead(&errcode.Error{Code: errcode.ServerError, OAuth: &errcode.OAuth{Error: "invalid_client"}}))
	})
}

func TestXS09ErrorsHoldNoSecret(t *testing.T) {
	c := client(Config{ClientSecret: secret.New("client_secret_x"), Endpoints: Endpoints{Token: "https://id.test/token", Revocation: "https://id.test/revoke"}}, func(req *browser.Request) (*browser.Response, error) {
		return browsertest.JSON(400, `{"error":"invalid_request"}`), nil
	})
	_, err := c.Password(t.Context(), "alice", secret.New("password_x"), nil)
	_, err2 := c.Refresh(t.Context(), session.Tokens{Refresh: secret.New("refresh_x")}, "")
	_, err3 := c.exchange(t.Context(), Transaction{Verifier: secret.New("verifier_x")}, secret.New("code_x"))
	for _, err := range []error{err, err2, err3} {
		require.Error(t, err)
		for _, text := range []string{err.Error(), errcode.JSON(err), fmt.Sprintf("%+v %#v", err, err)} {
			assert.NotContains(t, text, "_x")
		}
	}
	assert.NotContains(t, fmt.Sprintf("%+v", c.Config), "_x")
}
