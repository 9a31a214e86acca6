package main

import (
	"net/http"
	"net/url"
	"testing"

	"github.com/go-jose/go-jose/v3/jwt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestCodeFlow(t *testing.T) {
	r := startDemo(t)
	form := r.get(r.authorizeURL("login_hint", "bob"))
	assert.Equal(t, http.StatusOK, form.status)
	assert.Contains(t, string(form.body), `name="username" value="bob"`)

	back := r.redirected(r.post(r.authorizeURL(), alice))
	assert.Equal(t, testState, back.Get("state"))
	assert.Equal(t, r.issuer, back.Get("iss"))

	got := r.exchange(back.Get("code"), testVerifier)
	require.Equal(t, http.StatusOK, got.status)
	assert.NotEmpty(t, got.RefreshToken)
	assert.Equal(t, http.StatusOK, r.me(got.AccessToken))

	token, err := jwt.ParseSigned(got.IDToken)
	require.NoError(t, err)
	var claims map[string]any
	require.NoError(t, token.Claims(r.key.Public(), &claims))
	assert.Equal(t, "alice", claims["sub"])
	assert.Equal(t, testNonce, claims["nonce"])
	assert.Equal(t, r.issuer, claims["iss"])
	assert.Equal(t, "Alice Liddell", claims["name"])
	assert.NotContains(t, claims, "email", "a scope that was not asked for")

	again := r.exchange(back.Get("code"), testVerifier)
	assert.Equal(t, "invalid_grant", again.Error, "a code is good for once")
	assert.Equal(t, http.StatusUnauthorized, r.me(got.AccessToken), "and its second use ends what the first one gave")
}

func TestCodeFlowRefusals(t *testing.T) {
	r := startDemo(t)
	assert.Equal(t, http.StatusForbidden, r.post(r.authorizeURL(), url.Values{"username": {"alice"}, "password": {"no"}}).status)
	assert.Equal(t, http.StatusForbidden, r.post(r.authorizeURL(), alice, "Sec-Fetch-Site", "cross-site").status)

	cancelled := r.redirected(r.post(r.authorizeURL(), url.Values{"action": {"cancel"}}))
	assert.Equal(t, "access_denied", cancelled.Get("error"))
	assert.Equal(t, testState, cancelled.Get("state"))
	assert.Equal(t, r.issuer, cancelled.Get("iss"))

	assert.Equal(t, "invalid_request", r.redirected(r.post(r.authorizeURL("code_challenge", ""), alice)).Get("error"), "PKCE is required")
	for _, uri := range []string{"http://127.0.0.1:1/callback", r.page + "/elsewhere", r.page + "/callback?x=1", "https://example.test/callback"} {
		stranger := r.post(r.authorizeURL("redirect_uri", uri), alice)
		assert.Equal(t, http.StatusBadRequest, stranger.status, uri)
		assert.False(t, stranger.header.Get("Location") != "", uri)
	}

	code := r.redirected(r.post(r.authorizeURL(), alice)).Get("code")
	assert.Equal(t, "invalid_grant", r.exchange(code, testVerifier+"x").Error)
}

func TestPrompt(t *testing.T) {
	r := startDemo(t)
	assert.Equal(t, "login_required", r.redirected(r.get(r.authorizeURL("prompt", "none"))).Get("error"))
	r.signIn()
	assert.NotEmpty(t, r.redirected(r.get(r.authorizeURL("prompt", "none"))).Get("code"))
	assert.NotEmpty(t, r.redirected(r.get(r.authorizeURL())).Get("code"), "signed in already: no form")
	assert.Equal(t, http.StatusOK, r.get(r.authorizeURL("prompt", "login")).status, "the form, all the same")
	assert.NotEmpty(t, r.redirected(r.post(r.authorizeURL("prompt", "login"), alice)).Get("code"))
	assert.Equal(t, http.StatusOK, r.get(r.authorizeURL("prompt", "select_account")).status)
	assert.Equal(t, http.StatusOK, r.get(r.authorizeURL("max_age", "0")).status)
}

func TestLogout(t *testing.T) {
	r := startDemo(t)
	idToken := r.signIn().IDToken
	logout := func(query ...string) answer {
		values := url.Values{}
		for i := 0; i < len(query); i += 2 {
			values.Set(query[i], query[i+1])
		}
		return r.get(r.issuer + "/logout?" + values.Encode())
	}
	assert.Equal(t, http.StatusBadRequest, logout("id_token_hint", idToken, "post_logout_redirect_uri", "http://127.0.0.1:1/").status)
	assert.Equal(t, http.StatusBadRequest, logout("id_token_hint", "rubbish").status)
	assert.Contains(t, string(logout("client_id", codeClient).body), "Sign out?", "asks a visitor who has no id token")
	assert.NotEmpty(t, r.redirected(r.get(r.authorizeURL("prompt", "none"))).Get("code"), "still signed in")

	done := logout("id_token_hint", idToken, "post_logout_redirect_uri", r.page+"/")
	assert.Equal(t, r.page+"/", done.header.Get("Location"), "no state that was not given")
	assert.Equal(t, "login_required", r.redirected(r.get(r.authorizeURL("prompt", "none"))).Get("error"))

	r.signIn()
	asked := r.issuer + "/logout?" + url.Values{"client_id": {codeClient}, "post_logout_redirect_uri": {r.page + "/"}, "state": {"bye"}}.Encode()
	assert.Equal(t, http.StatusOK, r.post(asked, url.Values{"action": {"confirm"}}, "Sec-Fetch-Site", "cross-site").status, "asks again")
	assert.Equal(t, r.page+"/?state=bye", r.post(asked, url.Values{"action": {"confirm"}}).header.Get("Location"))
}
