package main

import (
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// A client without a secret is public, and has to use PKCE.
type client struct {
	secret string
	grants []string
}

var clients = map[string]client{
	"mobile_android":        {"secret", []string{"password", "refresh_token", "client_credentials", "authorization_code", "implicit"}},
	"trusted_client":        {"secret", []string{"password", "refresh_token", "client_credentials", "authorization_code"}},
	"odd_client":            {"s% e+c&r=ét", []string{"password", "refresh_token", "client_credentials"}}, // encoded once, or refused
	"mobile_android_public": {"", []string{"authorization_code", "refresh_token"}},
	"asm_client":            {"", []string{"authorization_code", "refresh_token"}},
}

var scopes = []string{"basic", "openid"}

// usualScope is what a request that names none gets.
const usualScope = "basic openid"

func scopeOf(asked string) (string, bool) {
	words := strings.Fields(asked)
	if len(words) == 0 {
		return usualScope, true
	}
	for _, word := range words {
		if !slices.Contains(scopes, word) {
			return "", false
		}
	}
	slices.Sort(words)
	return strings.Join(slices.Compact(words), " "), true
}

// authenticate finds the client in the form or in a Basic header, where both parts are form-encoded
// (RFC 6749, section 2.3.1). It answers by itself if there is none.
func (s *server) authenticate(w http.ResponseWriter, r *http.Request) (string, bool) {
	id, secret := r.PostFormValue("client_id"), r.PostFormValue("client_secret")
	method := "Form"
	if name, password, ok := r.BasicAuth(); ok {
		method = "Basic"
		var errName, errSecret error
		id, errName = url.QueryUnescape(name)
		secret, errSecret = url.QueryUnescape(password)
		if errName != nil || errSecret != nil {
			id = ""
		}
	}
	known, ok := clients[id]
	if !ok || known.secret != secret {
		w.Header().Set("WWW-Authenticate", method+` realm="oauth2/client"`)
		oauthError(w, http.StatusUnauthorized, "invalid_client", "Bad client credentials")
		return "", false
	}
	return id, true
}

func oauthError(w http.ResponseWriter, status int, kind, description string, more ...string) {
	body := map[string]any{"error": kind, "error_description": description}
	for i := 0; i < len(more); i += 2 {
		body[more[i]] = more[i+1]
	}
	writeJSON(w, status, body)
}
