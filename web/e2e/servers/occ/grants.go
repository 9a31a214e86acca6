package main

import (
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"slices"
)

var grantTypes = []string{"password", "refresh_token", "client_credentials", "authorization_code"}

// token is the token endpoint. Its errors are those that Spring Security OAuth 2.x is known for.
func (s *server) token(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, ok := s.authenticate(w, r)
	if !ok {
		return
	}
	grant := r.PostFormValue("grant_type")
	switch {
	case grant == "":
		oauthError(w, http.StatusBadRequest, "invalid_request", "Missing grant type")
		return
	case !slices.Contains(grantTypes, grant):
		oauthError(w, http.StatusBadRequest, "unsupported_grant_type", "Unsupported grant type")
		return
	case !slices.Contains(clients[id].grants, grant):
		oauthError(w, http.StatusUnauthorized, "invalid_client", "Unauthorized grant type")
		return
	}
	scope, ok := scopeOf(r.PostFormValue("scope"))
	if !ok {
		oauthError(w, http.StatusBadRequest, "invalid_scope", "Invalid scope", "scope", usualScope)
		return
	}
	switch grant {
	case "password":
		s.byPassword(w, r, id, scope)
	case "client_credentials":
		s.hand(w, r, s.issue(id, "", scope, false), nil)
	case "refresh_token":
		s.byRefreshToken(w, r, id)
	case "authorization_code":
		s.byCode(w, r, id)
	}
}

func (s *server) byPassword(w http.ResponseWriter, r *http.Request, id, scope string) {
	who, problem := s.signIn(r.PostFormValue("username"), r.PostFormValue("password"))
	switch problem {
	case "":
		access := s.issue(id, who.name, scope, true)
		s.hand(w, r, access, access.partner)
	case "account_disabled":
		oauthError(w, http.StatusBadRequest, "invalid_grant", "User is disabled")
	default:
		oauthError(w, http.StatusBadRequest, "invalid_grant", "Bad credentials")
	}
}

func (s *server) byRefreshToken(w http.ResponseWriter, r *http.Request, id string) {
	value := r.PostFormValue("refresh_token")
	old, stands := s.find(value, true)
	switch {
	case stands == "expired" && s.switches.ExpiredRefresh == "invalid_token":
		oauthError(w, http.StatusUnauthorized, "invalid_token", s.about("Invalid refresh token (expired)", value))
	case stands != "live":
		oauthError(w, http.StatusBadRequest, "invalid_grant", s.about("Invalid refresh token", value))
	case old.client != id:
		oauthError(w, http.StatusBadRequest, "invalid_grant", s.about("Wrong client for this refresh token", value))
	default:
		access, told := s.renew(old)
		s.hand(w, r, access, told)
	}
}

func (s *server) byCode(w http.ResponseWriter, r *http.Request, id string) {
	value := r.PostFormValue("code")
	c := s.codes[value]
	delete(s.codes, value) // once, whatever comes of it
	refuse := func(why string) { oauthError(w, http.StatusBadRequest, "invalid_grant", why) }
	switch {
	case c == nil:
		refuse(s.about("Invalid authorization code", value))
	case !c.expires.After(s.now()):
		refuse(s.about("Expired authorization code", value))
	case c.client != id || c.redirectURI != r.PostFormValue("redirect_uri"):
		refuse("Redirect URI or client mismatch")
	case c.challenge != "" && c.challenge != s256(r.PostFormValue("code_verifier")):
		refuse("Wrong code verifier")
	default:
		access := s.issue(id, c.user, c.scope, true)
		s.hand(w, r, access, access.partner)
	}
}

func s256(verifier string) string {
	sum := sha256.Sum256([]byte(verifier))
	return base64.RawURLEncoding.EncodeToString(sum[:])
}

// about puts the secret into the words, as Spring does: what a client must never pass on.
func (s *server) about(words, secret string) string {
	if !s.switches.TokenInMessages {
		return words
	}
	return words + ": " + secret
}

// hand answers with tokens.
func (s *server) hand(w http.ResponseWriter, r *http.Request, access, refresh *token) {
	body := map[string]any{
		"access_token": access.value, "token_type": "bearer", "scope": access.scope, "expires_in": s.left(access),
	}
	note(r, func(e *entry) {
		e.Issued, e.Actor, e.Kind = []string{access.label}, access.owner(), s.kind(access)
		if refresh != nil {
			e.Issued = append(e.Issued, refresh.label)
		}
	})
	if refresh != nil {
		body["refresh_token"] = refresh.value
	}
	writeJSON(w, http.StatusOK, body)
}

// left is cut down to whole seconds, so that a fresh token says one less than its life.
func (s *server) left(one *token) int {
	nanos := one.expires.Sub(s.now()) - 1
	return int(nanos.Seconds())
}
