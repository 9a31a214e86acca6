package oauth

import (
	"fmt"
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

const backend = "https://app.test/auth/code"

// handOver redeems one code with a backend that gives this answer.
func handOver(t *testing.T, scope string, answer func(*browser.Request) (*browser.Response, error)) (session.Tokens, error) {
	t.Helper()
	c := client(Config{Scope: scope, Handover: backend}, answer)
	tr, err := c.Begin(Redirect, "/")
	require.NoError(t, err)
	return c.Redeem(t.Context(), tr, Answer{State: tr.State, Code: secret.New("the-code")})
}

func TestS12TheCodeGoesToTheBackendAloneAndInTheBody(t *testing.T) {
	for _, scope := range []string{"openid profile", "orders"} {
		var sent []*browser.Request
		tokens, err := handOver(t, scope, func(req *browser.Request) (*browser.Response, error) {
			sent = append(sent, req)
			return browsertest.JSON(204, ""), nil
		})
		require.NoError(t, err)
		require.Len(t, sent, 1)
		req := sent[0]
		assert.Equal(t, []any{"POST", backend, true}, []any{req.Method, req.URL, req.Credentials})
		assert.Equal(t, "application/json", req.Headers["content-type"], "no form can send that")
		assert.NotContains(t, fmt.Sprint(req.Headers, req.URL), "the-code")
		body, err := strictjson.Parse(req.Body)
		require.NoError(t, err)
		want := []string{"code", "codeVerifier", "redirectUri"}
		if strings.Contains(scope, "openid") {
			want = append(want, "nonce")
		}
		assert.Equal(t, want, body.Names())
		assert.Equal(t, "the-code", body.Get("code").TextOr(""))
		assert.Equal(t, "https://app.test/callback", body.Get("redirectUri").TextOr(""))
		assert.Len(t, body.Get("codeVerifier").TextOr(""), 43)
		assert.Equal(t, []any{true, true, true, "", ""}, []any{tokens.Cookie, tokens.Access.Empty(), tokens.ID.Empty(), tokens.Type, tokens.Subject})
		assert.True(t, tokens.ExpiresAt.IsZero())
	}
}

func TestS12WhatTheBackendSaysOfTheSession(t *testing.T) {
	tests := []struct {
		name, body      string
		subject, claims string
		life            time.Duration
		wrong           string
	}{
		{name: "nothing", body: ""},
		{name: "an empty object", body: `{}`},
		{name: "nulls", body: `{"sub":null,"claims":null,"expiresIn":null}`},
		{name: "all of it", body: `{"sub":"alice","claims":{"name":"Alice"},"expiresIn":90,"more":1}`, subject: "alice", claims: `{"name":"Alice"}`, life: 90 * time.Second},
		{name: "half a second", body: `{"expiresIn":0.5}`, life: 500 * time.Millisecond},
		{name: "longer than a time can be", body: `{"expiresIn":1e300}`, life: longestLife},
		{name: "a page", body: `<!doctype html>`, wrong: "no JSON object"},
		{name: "a list", body: `[]`, wrong: "no JSON object"},
		{name: "a member twice", body: `{"sub":"alice","sub":"bob"}`, wrong: "no JSON object"},
		{name: "sub is a number", body: `{"sub":7}`, wrong: "sub"},
		{name: "sub is empty", body: `{"sub":""}`, wrong: "sub"},
		{name: "claims are text", body: `{"claims":"{}"}`, wrong: "claims"},
		{name: "claims are a list", body: `{"claims":[]}`, wrong: "claims"},
		{name: "expiresIn is text", body: `{"expiresIn":"90"}`, wrong: "expiresIn"},
		{name: "expiresIn is over", body: `{"expiresIn":0}`, wrong: "expiresIn"},
	}
	for _, tt := range tests {
		for _, status := range []int{200, 201} {
			t.Run(tt.name, func(t *testing.T) {
				got, err := handOver(t, "openid", func(*browser.Request) (*browser.Response, error) { return browsertest.JSON(status, tt.body), nil })
				if tt.wrong != "" {
					assert.Equal(t, errcode.ServerError, errcode.Of(err))
					assert.ErrorContains(t, err, "auth.codeExchange")
					assert.ErrorContains(t, err, tt.wrong)
					assert.False(t, got.Cookie)
					return
				}
				require.NoError(t, err)
				assert.Equal(t, []any{true, tt.subject, tt.claims}, []any{got.Cookie, got.Subject, got.Claims})
				if tt.life == 0 {
					assert.True(t, got.ExpiresAt.IsZero())
				} else {
					assert.Equal(t, tt.life, got.ExpiresAt.Sub(got.IssuedAt))
				}
			})
		}
	}
}

func TestS12WhatTheBackendRefuses(t *testing.T) {
	tests := []struct {
		name   string
		answer *browser.Response
		err    error
		code   errcode.Code
		oauth  string
	}{
		{"the provider's refusal, handed on", browsertest.JSON(400, `{"error":"invalid_grant","error_description":"used"}`), nil, errcode.ServerError, "invalid_grant"},
		{"a refusal without words", browsertest.JSON(403, "no"), nil, errcode.ServerError, ""},
		{"trouble, whatever it says", browsertest.JSON(500, `{"error":"invalid_grant"}`), nil, errcode.ServerError, ""},
		{"too many", browsertest.JSON(429, ""), nil, errcode.RateLimited, ""},
		{"a status that was not agreed on", browsertest.JSON(202, "{}"), nil, errcode.ServerError, ""},
		{"nobody there, a redirect, CORS", nil, browser.ErrNetwork, errcode.NetworkError, ""},
		{"too much", nil, browser.ErrTooLarge, errcode.ServerError, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			asked := 0
			got, err := handOver(t, "openid", func(*browser.Request) (*browser.Response, error) { asked++; return tt.answer, tt.err })
			assert.Equal(t, tt.code, errcode.Of(err))
			assert.Equal(t, tt.oauth, oauthError(err))
			assert.False(t, got.Cookie)
			assert.Equal(t, 1, asked, "a code is sent once")
			assert.NotContains(t, fmt.Sprint(err)+errcode.JSON(err), "the-code")
		})
	}
}

// What comes with a bad answer stays here: nothing of it is handed over.
func TestS12OnlyAnAnswerThatIsOursIsHandedOver(t *testing.T) {
	asked := 0
	c := client(Config{Discover: true, Scope: "openid", Handover: backend}, func(req *browser.Request) (*browser.Response, error) {
		if req.URL == backend {
			asked++
		}
		return browsertest.JSON(200, `{"issuer":"`+issuer+`","token_endpoint":"https://id.test/token","authorization_response_iss_parameter_supported":true}`), nil
	})
	tr, err := c.Begin(Redirect, "/")
	require.NoError(t, err)
	for name, answer := range map[string]Answer{
		"another issuer": {State: tr.State, Code: secret.New("c"), Issuer: "https://evil.test"},
		"no issuer":      {State: tr.State, Code: secret.New("c")},
		"an error":       {State: tr.State, Issuer: issuer, Err: errcode.New(errcode.AccessDenied, "no")},
	} {
		_, err := c.Redeem(t.Context(), tr, answer)
		assert.Error(t, err, name)
		assert.Zero(t, asked, name)
	}
	_, err = c.Redeem(t.Context(), tr, Answer{State: tr.State, Code: secret.New("c"), Issuer: issuer})
	assert.Equal(t, errcode.Code(""), errcode.Of(err))
	assert.Equal(t, 1, asked)
}
