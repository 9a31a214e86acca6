package main

import (
	"crypto/rand"
	"net/http"
)

// A session is the server's own, behind a cookie: another thing than that of a page. It begins when somebody is sent to
// sign in.
type session struct {
	user  string // "" before the sign-in
	csrf  string
	saved string // where to go on after it: an authorize request
}

// cookieName is the servlet container's.
const cookieName = "JSESSIONID"

func (s *server) sessionOf(r *http.Request) (string, *session) {
	cookie, err := r.Cookie(cookieName)
	if err != nil {
		return "", nil
	}
	return cookie.Value, s.sessions[cookie.Value]
}

// begin makes a session in the place of the one there is.
func (s *server) begin(w http.ResponseWriter, old string, one session) {
	delete(s.sessions, old)
	id := rand.Text()
	one.csrf = rand.Text()
	s.sessions[id] = &one
	http.SetCookie(w, &http.Cookie{Name: cookieName, Value: id, Path: "/authorizationserver", HttpOnly: true, SameSite: http.SameSiteLaxMode})
}

// csrf tells an app's own login page what its form must carry. 401: nobody was sent here to sign in.
func (s *server) csrf(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	_, one := s.sessionOf(r)
	if one == nil {
		writeJSON(w, http.StatusUnauthorized, map[string]any{"error": "unauthorized"})
		return
	}
	writeJSON(w, http.StatusOK, map[string]any{"headerName": "X-CSRF-TOKEN", "parameterName": "_csrf", "token": one.csrf})
}

// logout ends the session, and goes back if that is to one of our pages.
func (s *server) logout(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, _ := s.sessionOf(r)
	delete(s.sessions, id)
	http.SetCookie(w, &http.Cookie{Name: cookieName, Path: "/authorizationserver", MaxAge: -1})
	back := r.URL.Query().Get("post_logout_redirect_uri")
	if !s.mayReturn(back) {
		s.show(w, http.StatusOK, "message.html", "You are signed out.")
		return
	}
	s.goBack(w, r, back, "code", map[string][]string{"state": r.URL.Query()["state"]})
}
