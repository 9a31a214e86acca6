package main

import (
	"crypto/sha256"
	"encoding/hex"
	"net/http"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestProtectedAPI(t *testing.T) {
	r := startDemo(t)
	got := r.password()
	tests := []struct {
		name, authorization string
		status              int
		challenge           string
	}{
		{"no token", "", http.StatusUnauthorized, "Bearer"},
		{"another scheme", "Basic YTpi", http.StatusUnauthorized, "Bearer"},
		{"a made-up token", "Bearer nope", http.StatusUnauthorized, `Bearer error="invalid_token"`},
		{"a refresh token", "Bearer " + got.RefreshToken, http.StatusUnauthorized, `Bearer error="invalid_token"`},
		{"an access token", "Bearer " + got.AccessToken, http.StatusOK, ""},
		{"the scheme in lower case", "bearer " + got.AccessToken, http.StatusOK, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			for _, path := range []string{"/api/me", "/api/orders", "/api/echo", "/userinfo"} {
				a := r.get(r.issuer+path, "Authorization", tt.authorization)
				assert.Equal(t, tt.status, a.status, path)
				assert.Equal(t, tt.challenge, a.header.Get("WWW-Authenticate"), path)
			}
			assert.Equal(t, http.StatusOK, r.get(r.issuer+"/api/public", "Authorization", tt.authorization).status)
		})
	}
	me := r.get(r.issuer+"/api/me", "Authorization", "Bearer "+got.AccessToken).json(t)
	assert.Equal(t, map[string]any{"sub": "alice", "scope": "openid profile api", "client": passwordClient}, me)
	info := r.get(r.issuer+"/userinfo", "Authorization", "Bearer "+got.AccessToken).json(t)
	assert.Equal(t, map[string]any{"sub": "alice", "name": "Alice Liddell", "preferred_username": "alice"}, info)
}

func TestEcho(t *testing.T) {
	r := startDemo(t)
	body := "what is sent"
	a, err := r.do(http.MethodPut, r.issuer+"/api/echo", strings.NewReader(body),
		"Authorization", "Bearer "+r.password().AccessToken, "Content-Type", "text/x-test", "X-Mine", "value")
	require.NoError(t, err)
	sum := sha256.Sum256([]byte(body))
	got := a.json(t)
	assert.Equal(t, "PUT", got["method"])
	assert.Equal(t, hex.EncodeToString(sum[:]), got["sha256"])
	assert.Equal(t, "text/x-test", got["contentType"])
	assert.Subset(t, got["headers"], []any{"authorization", "content-type", "x-mine"})
	assert.NotContains(t, string(a.body), "value")
}

func TestCORSIsForThePageOnly(t *testing.T) {
	r := startDemo(t)
	preflight := func(path, origin string) answer {
		a, err := r.do(http.MethodOptions, r.issuer+path, nil, "Origin", origin,
			"Access-Control-Request-Method", "POST", "Access-Control-Request-Headers", "authorization,x-mine")
		require.NoError(t, err)
		return a
	}
	for _, path := range []string{"/token", "/revoke", "/userinfo", "/jwks.json", "/.well-known/openid-configuration", "/api/echo", "/control/token"} {
		a := preflight(path, r.page)
		assert.Equal(t, http.StatusNoContent, a.status, path)
		assert.Equal(t, r.page, a.header.Get("Access-Control-Allow-Origin"), path)
		assert.Equal(t, "authorization,x-mine", a.header.Get("Access-Control-Allow-Headers"), path)
		assert.Empty(t, preflight(path, "http://127.0.0.1:1").header.Get("Access-Control-Allow-Origin"), path)
	}
	for _, path := range []string{"/authorize", "/logout"} {
		assert.Empty(t, preflight(path, r.page).header.Get("Access-Control-Allow-Origin"), path)
	}
	refused := r.get(r.issuer+"/api/me", "Origin", r.page)
	assert.Equal(t, r.page, refused.header.Get("Access-Control-Allow-Origin"))
	assert.Contains(t, refused.header.Get("Access-Control-Expose-Headers"), "WWW-Authenticate")
	assert.Equal(t, "Origin", refused.header.Get("Vary"))
	r.turn("reset", nil)
	preflight("/token", r.page)
	assert.Empty(t, r.requests(), "preflights are not in the log")
}
