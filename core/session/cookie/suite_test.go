package cookie_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
	"latchkey/core/session/sessiontest"
	"latchkey/core/strictjson"
)

const origin = sessiontest.Origin

// server is a backend, and the browser's cookie of it.
type server struct {
	// renews says that there is an endpoint for that.
	renews bool

	mu sync.Mutex
	// user is whose the cookie is, "" for none; over says that it has to be renewed.
	user string
	over bool
}

func path(req *browser.Request) string { return strings.TrimPrefix(req.URL, origin) }

func (s *server) Kind(req *browser.Request) sessiontest.Kind {
	switch {
	case path(req) == "/login":
		return sessiontest.SignIn
	case path(req) == "/logout":
		return sessiontest.SignOut
	case path(req) == "/refresh" || !s.renews:
		return sessiontest.Recovery
	}
	return sessiontest.Other
}

func (s *server) Serve(_ context.Context, req *browser.Request) (*browser.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !req.Credentials {
		return browsertest.JSON(400, "{}"), nil
	}
	switch path(req) {
	case "/login":
		v, _ := strictjson.Parse(req.Body)
		if v.Get("password").TextOr("") != sessiontest.Password {
			return browsertest.JSON(401, "{}"), nil
		}
		s.user, s.over = v.Get("username").TextOr(""), false
	case "/logout":
		s.user = ""
	case "/refresh":
		if s.user == "" {
			return browsertest.JSON(401, "{}"), nil
		}
		s.over = false
	case "/session":
		if s.user == "" || s.over {
			return browsertest.JSON(200, "null"), nil
		}
		return browsertest.JSON(200, fmt.Sprintf(`{"id":%q}`, s.user)), nil
	}
	return browsertest.JSON(200, "{}"), nil
}

func (s *server) API(r sessiontest.Request) sessiontest.Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !r.Cookies || s.user == "" || s.over {
		return sessiontest.Answer{Status: 401}
	}
	return sessiontest.Answer{User: s.user, Status: 200}
}

func (s *server) set(change func()) {
	s.mu.Lock()
	defer s.mu.Unlock()
	change()
}

func (s *server) Expire() {
	s.set(func() {
		s.over = true
		if !s.renews {
			s.user = ""
		}
	})
}
func (s *server) End()               { s.set(func() { s.user = "" }) }
func (s *server) Become(user string) { s.set(func() { s.user = user }) }

func (s *server) Alive(user string) (alive bool) {
	s.set(func() { alive = s.user == user })
	return alive
}

func TestSuite(t *testing.T) {
	for name, renews := range map[string]bool{"with a refresh endpoint": true, "a look is the refresh": false} {
		t.Run(name, func(t *testing.T) {
			refresh := ""
			if renews {
				refresh = `"refresh":"` + origin + `/refresh",`
			}
			sessiontest.Run(t, sessiontest.Subject{
				Config: `{"scheme":"cookies","key":"latchkey/1/app/cookies/","issuer":"` + origin + `/session","client":"cookies","origin":"` + origin + `","flow":"password","context":"",
					"storage":"local","home":"/","login":"/login","logout":"/logout",
					"backend":{` + refresh + `"login":{"url":"` + origin + `/login","username":"username","password":"password"},"logout":"` + origin + `/logout","session":"` + origin + `/session"}}`,
				Server:   func(func() time.Time) sessiontest.Server { return &server{renews: renews} },
				Refusal:  sessiontest.Answer{Status: 401},
				Fixed:    !renews, // nothing but a look at the session tells what is left of it
				Timeless: true,    // the backend says who it is, and not until when
				Found:    true,
				// What auth.session says of nobody (web/docs/options.md).
				Word: []string{"200 and nothing", "204", "null", "an array", "an empty object"},
				Told: renews, // then the answer to the refresh was good
			})
		})
	}
}
