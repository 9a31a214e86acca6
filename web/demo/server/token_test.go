package main

import (
	"encoding/json"
	"net/http"
	"net/url"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPasswordGrant(t *testing.T) {
	r := startDemo(t)
	got := r.password()
	require.Equal(t, http.StatusOK, got.status)
	assert.NotEmpty(t, got.IDToken)
	assert.NotEmpty(t, got.RefreshToken)
	assert.Equal(t, "openid profile api", got.Scope)

	form := url.Values{"grant_type": {"password"}, "client_id": {passwordClient}, "username": {"alice"}, "password": {"no"}}
	assert.Equal(t, "invalid_grant", r.token(form).Error)
	form.Set("client_id", codeClient)
	form.Set("password", "wonderland")
	assert.Equal(t, http.StatusBadRequest, r.token(form).status, "not this client's grant")
}

func TestClientCredentials(t *testing.T) {
	r := startDemo(t)
	form := url.Values{"grant_type": {"client_credentials"}, "client_id": {serviceClient}, "client_secret": {serviceSecret}, "scope": {"api"}}
	got := r.token(form)
	require.Equal(t, http.StatusOK, got.status)
	assert.Empty(t, got.RefreshToken)
	assert.Equal(t, http.StatusOK, r.me(got.AccessToken))
	form.Set("client_secret", "no")
	assert.Equal(t, "invalid_client", r.token(form).Error)
}

func TestRotationAndReuse(t *testing.T) {
	r := startDemo(t)
	for name, first := range map[string]tokens{codeClient: r.signIn(), passwordClient: r.password()} {
		second := r.token(refreshForm(name, first.RefreshToken))
		require.Equal(t, http.StatusOK, second.status, name)
		assert.NotEqual(t, first.RefreshToken, second.RefreshToken)
		assert.NotEmpty(t, second.IDToken)
		assert.Equal(t, http.StatusOK, r.me(second.AccessToken))

		assert.Equal(t, "invalid_grant", r.token(refreshForm(name, first.RefreshToken)).Error, "used before")
		assert.Equal(t, "invalid_grant", r.token(refreshForm(name, second.RefreshToken)).Error, "so the whole family is dead")
		assert.Equal(t, http.StatusUnauthorized, r.me(second.AccessToken), "access tokens included")
	}
}

func TestRacingRefreshesHaveOneWinner(t *testing.T) {
	r := startDemo(t)
	for range 5 {
		token := r.password().RefreshToken
		statuses := make([]int, 8)
		var wg sync.WaitGroup
		for i := range statuses {
			wg.Go(func() {
				if a, err := r.tryPost(r.issuer+"/token", refreshForm(passwordClient, token)); err == nil {
					statuses[i] = a.status
				}
			})
		}
		wg.Wait()
		counts := map[int]int{}
		for _, status := range statuses {
			counts[status]++
		}
		assert.Equal(t, map[int]int{http.StatusOK: 1, http.StatusBadRequest: 7}, counts)
	}
}

func TestRevocation(t *testing.T) {
	r := startDemo(t)
	got := r.password()
	a := r.post(r.issuer+"/revoke", url.Values{"client_id": {passwordClient}, "token": {got.RefreshToken}, "token_type_hint": {"refresh_token"}})
	assert.Equal(t, http.StatusOK, a.status)
	assert.Equal(t, "invalid_grant", r.token(refreshForm(passwordClient, got.RefreshToken)).Error)
	assert.Equal(t, http.StatusUnauthorized, r.me(got.AccessToken))
}

func TestMetadataNamesWhatIsThere(t *testing.T) {
	r := startDemo(t)
	metadata := r.get(r.issuer + "/.well-known/openid-configuration").json(t)
	assert.Equal(t, r.issuer, metadata["issuer"])
	for name, status := range map[string]int{
		"jwks_uri": http.StatusOK, "userinfo_endpoint": http.StatusUnauthorized, "authorization_endpoint": http.StatusBadRequest,
		"end_session_endpoint": http.StatusOK, "token_endpoint": http.StatusMethodNotAllowed, "revocation_endpoint": http.StatusMethodNotAllowed,
	} {
		assert.Equal(t, status, r.get(metadata[name].(string)).status, name)
	}
	var keys struct {
		Keys []map[string]any `json:"keys"`
	}
	require.NoError(t, json.Unmarshal(r.get(metadata["jwks_uri"].(string)).body, &keys))
	require.Len(t, keys.Keys, 1)
	assert.NotContains(t, keys.Keys[0], "d", "the public half only")
}
