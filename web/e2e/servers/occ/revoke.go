package main

import "net/http"

// revoke is RFC 7009: 200 also for a token it does not know, or not from this client.
func (s *server) revoke(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if value := bearer(r); s.switches.RevokeNeedsAuthorization {
		_, stands := s.find(value, false)
		switch {
		case value == "":
			s.challenge(w, "unauthorized", fullAuthentication)
			oauthError(w, http.StatusUnauthorized, "unauthorized", fullAuthentication)
			return
		case stands != "live":
			words := s.invalid(value, stands)
			s.challenge(w, "invalid_token", words)
			oauthError(w, http.StatusUnauthorized, "invalid_token", words)
			return
		}
	}
	id, ok := s.authenticate(w, r)
	if !ok {
		return
	}
	if one := s.tokens.byValue[r.PostFormValue("token")]; one != nil && one.client == id {
		s.end(one)
	}
	w.WriteHeader(http.StatusOK)
}
