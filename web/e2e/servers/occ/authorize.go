package main

import (
	"crypto/rand"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// A code is an authorization code that has not been redeemed.
type code struct {
	client, user, scope    string
	redirectURI, challenge string
	expires                time.Time
}

// authorize is the authorization endpoint: code with PKCE, and a token in the fragment where the client may.
func (s *server) authorize(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	query := r.URL.Query()
	id, back := query.Get("client_id"), query.Get("redirect_uri")
	known, ok := clients[id]
	if !ok || !s.mayReturn(back) { // nowhere to send an error to: show it
		s.show(w, http.StatusBadRequest, "message.html", "This client and this return address are not registered here.")
		return
	}
	kind := query.Get("response_type")
	scope, scopeOK := scopeOf(query.Get("scope"))
	fail := func(problem string) {
		s.goBack(w, r, back, kind, url.Values{"error": {problem}, "state": query["state"]})
	}
	var cookie, who = s.sessionOf(r)
	prompt := strings.Fields(query.Get("prompt"))
	switch {
	case kind == "token" && !slices.Contains(known.grants, "implicit"), kind == "code" && !slices.Contains(known.grants, "authorization_code"):
		fail("unauthorized_client")
	case kind != "token" && kind != "code":
		fail("unsupported_response_type")
	case !scopeOK:
		fail("invalid_scope")
	case kind == "code" && !pkce(query, known.secret == ""):
		fail("invalid_request")
	case who != nil && who.user != "" && !slices.Contains(prompt, "login"):
		s.authorized(w, r, who.user, kind, scope)
	case slices.Contains(prompt, "none"):
		fail("login_required")
	default:
		query.Del("prompt")
		s.askToSignIn(w, r, cookie, r.URL.Path+"?"+query.Encode())
	}
}

// pkce: only S256, and for public clients it has to be.
func pkce(query url.Values, must bool) bool {
	if query.Get("code_challenge") == "" {
		return !must && query.Get("code_challenge_method") == ""
	}
	return query.Get("code_challenge_method") == "S256"
}

func (s *server) authorized(w http.ResponseWriter, r *http.Request, user, kind, scope string) {
	query := r.URL.Query()
	id, back := query.Get("client_id"), query.Get("redirect_uri")
	answer := url.Values{"state": query["state"]}
	if kind == "code" {
		value := rand.Text()
		s.codes[value] = &code{
			client: id, user: user, scope: scope, redirectURI: back, challenge: query.Get("code_challenge"), expires: s.in(s.lifetimes.Code),
		}
		answer.Set("code", value)
	} else {
		access := s.issue(id, user, scope, false)
		answer.Set("access_token", access.value)
		answer.Set("token_type", "bearer")
		answer.Set("scope", scope)
		answer.Set("expires_in", strconv.Itoa(s.left(access)))
		note(r, func(e *entry) { e.Issued = []string{access.label} })
	}
	note(r, func(e *entry) { e.Actor, e.Kind = user, s.kind(&token{user: user}) })
	s.goBack(w, r, back, kind, answer)
}

// goBack redirects with the parameters in the query, or for a token in the fragment.
func (s *server) goBack(w http.ResponseWriter, r *http.Request, back, kind string, answer url.Values) {
	u, _ := url.Parse(back)
	if len(answer["state"]) == 0 {
		answer.Del("state")
	}
	if kind == "token" {
		http.Redirect(w, r, u.String()+"#"+answer.Encode(), http.StatusFound)
		return
	}
	query := u.Query()
	for name := range answer {
		query.Set(name, answer.Get(name))
	}
	u.RawQuery = query.Encode()
	http.Redirect(w, r, u.String(), http.StatusFound)
}

// mayReturn is true for any path of our pages.
func (s *server) mayReturn(back string) bool {
	u, err := url.Parse(back)
	return err == nil && u.Fragment == "" && s.ours(u.Scheme+"://"+u.Host)
}
