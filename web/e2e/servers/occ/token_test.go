package main

import (
	"net/http"
	"net/url"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTokenAnswer(t *testing.T) {
	r := run(t)
	a := r.alice()
	require.Equal(t, http.StatusOK, a.status, a.Error)
	assert.Equal(t, "no-store", a.header.Get("Cache-Control"))
	assert.Equal(t, []any{"bearer", 43199, "basic openid"}, []any{a.TokenType, a.ExpiresIn, a.Scope})
	assert.NotEmpty(t, a.RefreshToken)
	assert.Empty(t, r.own().RefreshToken, "a client's own token is not renewed")

	now := time.Now()
	r.now = func() time.Time { return now }
	assert.Equal(t, 43199, r.password("bob", "builder").ExpiresIn, "also if no time goes by")
}

func TestSecondLogin(t *testing.T) {
	r := run(t)
	r.turn("lifetime", map[string]any{"access": 100})
	first := r.alice()
	r.turn("lifetime", map[string]any{"access": 500})
	second := r.alice()
	assert.Equal(t, first.AccessToken, second.AccessToken)
	assert.Equal(t, first.RefreshToken, second.RefreshToken)
	assert.Less(t, second.ExpiresIn, 100, "what is left of it")
	other := r.tokenFor("grant_type", "password", "username", "alice", "password", "wonderland", "scope", "basic")
	assert.NotEqual(t, first.AccessToken, other.AccessToken, "another scope")
	assert.Equal(t, r.own().AccessToken, r.own().AccessToken, "a client's own, too")

	r.turn("expire", map[string]any{"kind": "access"})
	third := r.alice()
	assert.NotEqual(t, first.AccessToken, third.AccessToken)
	assert.Equal(t, first.RefreshToken, third.RefreshToken, "goes on when the access token has expired")
	r.turn("revoke", map[string]any{"kind": "refresh"})
	fourth := r.alice()
	assert.NotEqual(t, third.AccessToken, fourth.AccessToken, "one without a refresh token is of no use")
	assert.Equal(t, http.StatusOK, r.refresh(fourth.RefreshToken).status)

	r.set("sameToken", false)
	assert.NotEqual(t, r.alice().AccessToken, r.alice().AccessToken)
	assert.NotEqual(t, r.own().AccessToken, r.own().AccessToken)
}

func TestTokenErrors(t *testing.T) {
	r := run(t)
	alien := r.tokenFor("client_id", "trusted_client", "grant_type", "password", "username", "bob", "password", "builder").RefreshToken
	tests := []struct {
		name                string
		form                []string
		status              int
		problem, descripton string
	}{
		{"wrong password", []string{"grant_type", "password", "username", "alice", "password", "no"}, 400, "invalid_grant", "Bad credentials"},
		{"unknown user", []string{"grant_type", "password", "username", "nobody", "password", "no"}, 400, "invalid_grant", "Bad credentials"},
		{"disabled user", []string{"grant_type", "password", "username", "dora", "password", "locked"}, 400, "invalid_grant", "User is disabled"},
		{"name of another site", []string{"grant_type", "password", "username", "carol", "password", "christmas"}, 400, "invalid_grant", "Bad credentials"},
		{"unknown refresh token", []string{"grant_type", "refresh_token", "refresh_token", "x"}, 400, "invalid_grant", "Invalid refresh token: x"},
		{"another client's refresh token", []string{"grant_type", "refresh_token", "refresh_token", alien}, 400, "invalid_grant", "Wrong client for this refresh token: " + alien},
		{"unknown code", []string{"grant_type", "authorization_code", "code", "x"}, 400, "invalid_grant", "Invalid authorization code: x"},
		{"unknown client", []string{"client_id", "x", "grant_type", "password"}, 401, "invalid_client", "Bad client credentials"},
		{"wrong secret", []string{"client_secret", "x", "grant_type", "password"}, 401, "invalid_client", "Bad client credentials"},
		{"public client with a secret", []string{"client_id", "asm_client", "grant_type", "refresh_token"}, 401, "invalid_client", "Bad client credentials"},
		{"no grant", nil, 400, "invalid_request", "Missing grant type"},
		{"unknown grant", []string{"grant_type", "x"}, 400, "unsupported_grant_type", "Unsupported grant type"},
		{"password for a public client", []string{"client_id", "mobile_android_public", "client_secret", "", "grant_type", "password"}, 401, "invalid_client", "Unauthorized grant type"},
		{"client's own for a public client", []string{"client_id", "asm_client", "client_secret", "", "grant_type", "client_credentials"}, 401, "invalid_client", "Unauthorized grant type"},
		{"scope", []string{"grant_type", "password", "scope", "basic admin"}, 400, "invalid_scope", "Invalid scope"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := r.tokenFor(tt.form...)
			assert.Equal(t, []any{tt.status, tt.problem, tt.descripton}, []any{a.status, a.Error, a.Description})
			assert.Equal(t, tt.problem == "invalid_scope", read[map[string]any](t, a.answer)["scope"] == "basic openid")
		})
	}
}

func TestClientAuthentication(t *testing.T) {
	r := run(t)
	tests := []struct {
		name, id, secret string
		status           int
	}{
		{"plain", "trusted_client", "secret", 200},
		{"encoded once", "odd_client", url.QueryEscape("s% e+c&r=ét"), 200},
		{"not encoded", "odd_client", "s% e+c&r=ét", 401},
		{"encoded twice", "odd_client", url.QueryEscape(url.QueryEscape("s% e+c&r=ét")), 401},
	}
	for _, tt := range tests {
		t.Run("Basic: "+tt.name, func(t *testing.T) {
			request, _ := http.NewRequest("GET", r.origin, nil)
			request.SetBasicAuth(tt.id, tt.secret)
			a := r.form("/authorizationserver/oauth/token", url.Values{"grant_type": {"client_credentials"}}, "Authorization", request.Header.Get("Authorization"))
			assert.Equal(t, tt.status, a.status)
			assert.Equal(t, "basic", r.last().Authorization)
		})
	}
	assert.Equal(t, 200, r.tokenFor("client_id", "odd_client", "client_secret", "s% e+c&r=ét", "grant_type", "client_credentials").status)
	assert.Equal(t, 401, r.tokenFor("client_id", "odd_client", "client_secret", url.QueryEscape("s% e+c&r=ét"), "grant_type", "client_credentials").status)
}

func TestRefresh(t *testing.T) {
	tests := []struct {
		mode                string
		told, same, oldGood bool
	}{
		{"repeat", true, true, true},
		{"omit", false, false, true},
		{"rotate", true, false, false},
	}
	for _, tt := range tests {
		t.Run(tt.mode, func(t *testing.T) {
			r := run(t)
			r.set("refresh", tt.mode)
			first := r.alice()
			second := r.refresh(first.RefreshToken)
			require.Equal(t, http.StatusOK, second.status)
			assert.NotEqual(t, first.AccessToken, second.AccessToken)
			assert.Equal(t, tt.told, second.RefreshToken != "")
			assert.Equal(t, tt.same, second.RefreshToken == first.RefreshToken)
			assert.Equal(t, tt.oldGood, r.refresh(first.RefreshToken).status == http.StatusOK)
			if tt.mode == "rotate" { // no reuse detection: the use of the old one above has ended nothing
				assert.Equal(t, http.StatusOK, r.refresh(second.RefreshToken).status)
			}
		})
	}
}

func TestRefreshEndsAccess(t *testing.T) {
	for _, ends := range []bool{true, false} {
		r := run(t)
		r.set("refreshEndsAccess", ends)
		first := r.alice()
		second := r.refresh(first.RefreshToken)
		assert.Equal(t, ends, r.as(first.AccessToken, "GET", site+"/users/current", "").status == http.StatusUnauthorized)
		assert.Equal(t, http.StatusOK, r.as(second.AccessToken, "GET", site+"/users/current", "").status)
	}
}

func TestExpiredRefreshToken(t *testing.T) {
	for _, messages := range []bool{true, false} {
		r := run(t)
		r.set("tokenInMessages", messages)
		refresh := r.alice().RefreshToken
		about := map[bool]string{true: ": " + refresh}[messages]
		r.turn("expire", map[string]any{"kind": "refresh", "user": "alice"})
		a := r.refresh(refresh)
		assert.Equal(t, []any{401, "invalid_token", "Invalid refresh token (expired)" + about}, []any{a.status, a.Error, a.Description})
		r.set("expiredRefresh", "invalid_grant")
		a = r.refresh(refresh)
		assert.Equal(t, []any{400, "invalid_grant", "Invalid refresh token" + about}, []any{a.status, a.Error, a.Description})
	}
}

func TestRevoke(t *testing.T) {
	revoke := func(r *running, token string, more ...string) answer {
		form := url.Values{"client_id": {"mobile_android"}, "client_secret": {"secret"}, "token": {token}}
		return r.form("/authorizationserver/oauth/revoke", form, more...)
	}
	good := func(r *running, a got) []bool {
		return []bool{
			r.as(a.AccessToken, "GET", site+"/users/current", "").status == http.StatusOK,
			r.refresh(a.RefreshToken).status == http.StatusOK,
		}
	}
	t.Run("one of two", func(t *testing.T) {
		r := run(t)
		a := r.alice()
		require.Equal(t, http.StatusOK, revoke(r, a.RefreshToken).status)
		assert.Equal(t, []bool{true, false}, good(r, a))
		b := r.password("bob", "builder")
		require.Equal(t, http.StatusOK, revoke(r, b.AccessToken).status)
		assert.Equal(t, []bool{false, true}, good(r, b))
		assert.Equal(t, http.StatusOK, revoke(r, "unknown").status)
	})
	t.Run("both", func(t *testing.T) {
		r := run(t)
		r.set("revokeEndsBoth", true)
		a, b := r.alice(), r.password("bob", "builder")
		revoke(r, a.RefreshToken)
		revoke(r, b.AccessToken)
		assert.Equal(t, []bool{false, false}, good(r, a))
		assert.Equal(t, []bool{false, false}, good(r, b))
	})
	t.Run("a login that shares the token", func(t *testing.T) {
		r := run(t)
		a, b := r.alice(), r.alice()
		revoke(r, a.AccessToken)
		assert.Equal(t, http.StatusUnauthorized, r.as(b.AccessToken, "GET", site+"/users/current", "").status)
	})
	t.Run("another client's", func(t *testing.T) {
		r := run(t)
		a := r.alice()
		form := url.Values{"client_id": {"trusted_client"}, "client_secret": {"secret"}, "token": {a.AccessToken}}
		assert.Equal(t, http.StatusOK, r.form("/authorizationserver/oauth/revoke", form).status)
		assert.Equal(t, []bool{true, true}, good(r, a))
		assert.Equal(t, http.StatusUnauthorized, r.form("/authorizationserver/oauth/revoke", url.Values{"token": {a.AccessToken}}).status, "no client")
	})
	t.Run("AS-07: with Authorization", func(t *testing.T) {
		r := run(t)
		a := r.alice()
		bearer := []string{"Authorization", "Bearer " + a.AccessToken}
		assert.Equal(t, http.StatusOK, revoke(r, "x").status, "needs none by itself")
		r.set("revokeNeedsAuthorization", true)
		none := revoke(r, a.RefreshToken)
		assert.Equal(t, []any{401, "unauthorized"}, []any{none.status, read[got](t, none).Error})
		assert.Equal(t, http.StatusOK, revoke(r, a.RefreshToken, bearer...).status)
		assert.Equal(t, http.StatusOK, revoke(r, a.AccessToken, bearer...).status)
		late := revoke(r, a.RefreshToken, bearer...)
		assert.Equal(t, []any{401, "invalid_token"}, []any{late.status, read[got](t, late).Error}, "the access token went first")
		assert.Equal(t, "refresh-1", r.last().Given)
	})
}
