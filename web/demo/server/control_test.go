package main

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestExpireAndRevoke(t *testing.T) {
	r := startDemo(t)
	first := r.password()
	r.turn("expire", nil)
	assert.Equal(t, http.StatusUnauthorized, r.me(first.AccessToken))
	second := r.token(refreshForm(passwordClient, first.RefreshToken))
	require.Equal(t, http.StatusOK, second.status, "refresh tokens live on")

	r.turn("revoke", map[string]any{"user": "bob"})
	third := r.token(refreshForm(passwordClient, second.RefreshToken))
	require.Equal(t, http.StatusOK, third.status, "somebody else's")
	r.turn("revoke", map[string]any{"user": "alice"})
	assert.Equal(t, http.StatusOK, r.me(third.AccessToken), "access tokens live on")
	assert.Equal(t, "invalid_grant", r.token(refreshForm(passwordClient, third.RefreshToken)).Error)
}

func TestLifetime(t *testing.T) {
	r := startDemo(t)
	assert.InDelta(t, 60, r.password().ExpiresIn, 1)
	r.turn("lifetime", map[string]any{"seconds": 500})
	got := r.password()
	assert.InDelta(t, 500, got.ExpiresIn, 1)
	assert.InDelta(t, 500, r.token(refreshForm(passwordClient, got.RefreshToken)).ExpiresIn, 1)
	r.turn("reset", nil)
	assert.InDelta(t, 60, r.password().ExpiresIn, 1)
}

func TestTokenModesWithoutWork(t *testing.T) {
	r := startDemo(t)
	refresh := r.password().RefreshToken
	tests := []struct {
		setting     map[string]any
		status      int
		contentType string
		length      int // at least; 0: none
	}{
		{map[string]any{"mode": "500"}, 500, "application/json", 1},
		{map[string]any{"mode": "503", "retryAfter": 7}, 503, "application/json", 1},
		{map[string]any{"mode": "429", "retryAfter": "7"}, 429, "application/json", 1},
		{map[string]any{"mode": "html"}, 200, "text/html; charset=utf-8", 1},
		{map[string]any{"mode": "empty"}, 200, "application/json", 0},
		{map[string]any{"mode": "truncated"}, 200, "application/json", 1},
		{map[string]any{"mode": "huge"}, 200, "application/json", 32 << 20},
	}
	for _, tt := range tests {
		t.Run(tt.setting["mode"].(string), func(t *testing.T) {
			r.turn("token", tt.setting)
			a := r.post(r.issuer+"/token", refreshForm(passwordClient, refresh), "Origin", r.page)
			assert.Equal(t, tt.status, a.status)
			assert.Equal(t, tt.contentType, a.header.Get("Content-Type"))
			assert.Equal(t, r.page, a.header.Get("Access-Control-Allow-Origin"), "the page can read what went wrong")
			if tt.setting["retryAfter"] != nil {
				assert.Equal(t, "7", a.header.Get("Retry-After"))
			}
			if tt.length == 0 {
				assert.Empty(t, a.body)
			} else {
				assert.GreaterOrEqual(t, len(a.body), tt.length)
			}
		})
	}
	r.turn("token", map[string]any{"mode": "drop-before"})
	_, err := r.tryPost(r.issuer+"/token", refreshForm(passwordClient, refresh))
	require.Error(t, err)

	r.turn("token", map[string]any{"mode": "ok"})
	assert.Equal(t, http.StatusOK, r.token(refreshForm(passwordClient, refresh)).status, "none of them used the refresh token up")
}

func TestDropLosesTheAnswerOnly(t *testing.T) {
	r := startDemo(t)
	refresh := r.password().RefreshToken
	r.turn("reset", nil)
	r.turn("token", map[string]any{"mode": "drop"})
	_, err := r.tryPost(r.issuer+"/token", refreshForm(passwordClient, refresh))
	require.Error(t, err)
	r.turn("token", map[string]any{"mode": "ok"})
	assert.Equal(t, "invalid_grant", r.token(refreshForm(passwordClient, refresh)).Error, "it has been used")

	list := r.requests()
	require.Len(t, list, 2)
	assert.True(t, list[0].Done)
	assert.Zero(t, list[0].Status)
	assert.NotEmpty(t, list[0].Issued)
}

func TestHangEndsWithTheMode(t *testing.T) {
	r := startDemo(t)
	refresh := r.password().RefreshToken
	stream := r.stream()
	r.turn("token", map[string]any{"mode": "hang", "count": 1})
	got := make(chan int, 1)
	go func() {
		a, _ := r.tryPost(r.issuer+"/token", refreshForm(passwordClient, refresh))
		got <- a.status
	}()
	for e := range stream {
		if e.GrantType == "refresh_token" && !e.Done {
			break // it has arrived
		}
	}
	assert.Equal(t, http.StatusOK, r.password().status, "count: the next one is served")
	assert.Empty(t, got)
	r.turn("token", map[string]any{"mode": "ok"})
	assert.Equal(t, http.StatusOK, <-got)
}

func TestCountAndDelay(t *testing.T) {
	r := startDemo(t)
	r.turn("token", map[string]any{"mode": "500", "count": 2})
	assert.Equal(t, 500, r.password().status)
	assert.Equal(t, 500, r.password().status)
	assert.Equal(t, http.StatusOK, r.password().status)
	r.turn("token", map[string]any{"mode": "delay", "ms": 1})
	assert.Equal(t, http.StatusOK, r.password().status)
}

func TestAPIModes(t *testing.T) {
	r := startDemo(t)
	token := r.password().AccessToken
	for mode, status := range map[string]int{"401": 401, "500": 500, "delay": 200, "ok": 200} {
		r.turn("api", map[string]any{"mode": mode})
		assert.Equal(t, status, r.me(token), mode)
	}
	r.turn("api", map[string]any{"mode": "401"})
	assert.Equal(t, `Bearer error="invalid_token"`, r.get(r.issuer+"/api/orders").header.Get("WWW-Authenticate"))
	assert.Equal(t, http.StatusOK, r.password().status, "the token endpoint is not the API")
}

func TestWrongSwitches(t *testing.T) {
	r := startDemo(t)
	for name, body := range map[string]string{
		"token": `{"mode":"no such"}`, "api": `{"mode":"200"}`, "lifetime": `{"seconds":0}`, "expire": `{"unknown":1}`, "revoke": `[`,
	} {
		a, err := r.do(http.MethodPost, r.issuer+"/control/"+name, strings.NewReader(body))
		require.NoError(t, err)
		assert.Equal(t, http.StatusBadRequest, a.status, name)
	}
	for site, want := range map[string]int{r.page: http.StatusOK, "http://127.0.0.1:1": http.StatusForbidden} {
		a, err := r.do(http.MethodPost, r.issuer+"/control/expire", nil, "Origin", site, "Sec-Fetch-Site", "cross-site")
		require.NoError(t, err)
		assert.Equal(t, want, a.status, site)
	}
	without := startDemo(t, func(o *options) { o.control = false })
	assert.Equal(t, http.StatusNotFound, without.post(without.issuer+"/control/expire", nil).status)
	assert.Equal(t, http.StatusNotFound, without.get(without.issuer+"/control/log").status)
}

func TestLogHasNoSecrets(t *testing.T) {
	r := startDemo(t)
	got := r.signIn()
	refreshed := r.token(refreshForm(codeClient, got.RefreshToken))
	r.me(refreshed.AccessToken)
	r.get(r.issuer + "/logout?id_token_hint=" + got.IDToken)
	raw := string(r.get(r.issuer + "/control/log").body)
	for _, secret := range []string{got.AccessToken, got.RefreshToken, got.IDToken, refreshed.AccessToken, refreshed.RefreshToken, testVerifier, testState, "wonderland"} {
		assert.NotContains(t, raw, secret)
	}
	list := r.requests()
	require.Len(t, list, 5)
	assert.Equal(t, []string{"/authorize", "/token", "/token", "/api/me", "/logout"}, []string{list[0].Path, list[1].Path, list[2].Path, list[3].Path, list[4].Path})
	assert.Equal(t, "refresh_token", list[2].GrantType)
	assert.Equal(t, tokenID(refreshed.AccessToken), list[2].Issued)
	assert.Equal(t, tokenID(refreshed.AccessToken), list[3].TokenID)
	assert.Equal(t, "bearer", list[3].Authorization)
	assert.Equal(t, "none", list[2].Authorization)

	r.turn("reset", nil)
	assert.Empty(t, r.requests())
}

func TestGrantTypeInTheLogIsOneWeKnow(t *testing.T) {
	r := startDemo(t)
	r.token(url.Values{"grant_type": {"wonderland"}})
	assert.Equal(t, "other", r.requests()[0].GrantType)
}

// stream reads GET /control/log?stream; it has begun when this returns.
func (r *running) stream() <-chan entry {
	r.t.Helper()
	response, err := (&http.Client{}).Get(r.issuer + "/control/log?stream")
	require.NoError(r.t, err)
	r.t.Cleanup(func() { _ = response.Body.Close() })
	require.Equal(r.t, "text/event-stream", response.Header.Get("Content-Type"))
	out := make(chan entry, 100)
	go func() {
		defer close(out)
		lines := bufio.NewScanner(response.Body)
		for lines.Scan() {
			data, ok := strings.CutPrefix(lines.Text(), "data: ")
			var e entry
			if ok && json.Unmarshal([]byte(data), &e) == nil {
				out <- e
			}
		}
	}()
	return out
}

func TestStream(t *testing.T) {
	r := startDemo(t)
	r.password()
	stream := r.stream()
	assert.Zero(t, (<-stream).ID, "a reset first")
	before := <-stream
	assert.True(t, before.Done, "then what was there")
	r.get(r.issuer + "/api/public")
	arrived, done := <-stream, <-stream
	assert.False(t, arrived.Done)
	assert.True(t, done.Done)
	assert.Equal(t, arrived.ID, done.ID)
	assert.Equal(t, "/api/public", done.Path)
	assert.Equal(t, http.StatusOK, done.Status)
	r.turn("reset", nil)
	assert.Zero(t, (<-stream).ID)
}
