package main

import (
	"net/http"
	"net/url"
)

// askToSignIn remembers where to go on, and sends to the app's login page or to our own.
func (s *server) askToSignIn(w http.ResponseWriter, r *http.Request, old, saved string) {
	s.begin(w, old, session{saved: saved})
	s.toLogin(w, r, "")
}

func (s *server) toLogin(w http.ResponseWriter, r *http.Request, problem string) {
	target := s.switches.LoginPage
	if target == "" {
		target = "/authorizationserver/login"
	}
	u, _ := url.Parse(target)
	if problem != "" {
		query := u.Query()
		query.Set("error", problem)
		u.RawQuery = query.Encode()
	}
	http.Redirect(w, r, u.String(), http.StatusFound)
}

// loginForm is our own.
func (s *server) loginForm(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	old, one := s.sessionOf(r)
	if one == nil {
		s.begin(w, old, session{})
		http.Redirect(w, r, r.URL.RequestURI(), http.StatusFound)
		return
	}
	s.show(w, http.StatusOK, "login.html", map[string]string{"CSRF": one.csrf, "Problem": r.URL.Query().Get("error")})
}

// login is where a form is sent: by a navigation, not by a script.
func (s *server) login(w http.ResponseWriter, r *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	id, one := s.sessionOf(r)
	if one == nil || r.PostFormValue("_csrf") != one.csrf {
		s.show(w, http.StatusForbidden, "message.html", "The form is too old, or not from here.")
		return
	}
	who, problem := s.signIn(r.PostFormValue("username"), r.PostFormValue("password"))
	if problem != "" {
		s.toLogin(w, r, problem)
		return
	}
	saved := one.saved
	if saved == "" {
		saved = s.page + "/" // nobody was sent here: they came by themselves
	}
	s.begin(w, id, session{user: who.name}) // a new name for it, so that nobody else knows it
	note(r, func(e *entry) { e.Actor, e.Kind = who.name, s.kind(&token{user: who.name}) })
	http.Redirect(w, r, saved, http.StatusFound)
}
