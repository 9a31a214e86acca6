package supertokens_test

import (
	"context"
	"encoding/base64"
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

const (
	origin = sessiontest.Origin
	life   = time.Hour
)

// family is one session at the server.
type family struct {
	user string
	// access is the token that is good, until ends; over says that it is not any more.
	access string
	ends   time.Time
	over   bool
}

// server is a backend with the SDK, and the browser's cookies of it.
type server struct {
	header bool
	now    func() time.Time

	mu       sync.Mutex
	serial   int
	families map[string]*family // by refresh token, used ones too
	jar      *family
}

func path(req *browser.Request) string { return strings.TrimPrefix(req.URL, origin) }

func (s *server) Kind(req *browser.Request) sessiontest.Kind {
	return map[string]sessiontest.Kind{
		"/login": sessiontest.SignIn, "/auth/session/refresh": sessiontest.Recovery, "/auth/signout": sessiontest.SignOut,
	}[path(req)]
}

// issue gives the headers with new tokens.
func (s *server) issue(f *family) map[string]string {
	s.serial++
	f.access, f.over, f.ends = fmt.Sprint("at_", s.serial), false, s.now().Add(life)
	front := fmt.Sprintf(`{"uid":%q,"ate":%d,"up":{"sub":%q,"iat":%d}}`, f.user, f.ends.UnixMilli(), f.user, s.now().Unix())
	headers := map[string]string{"front-token": base64.StdEncoding.EncodeToString([]byte(front))}
	if s.header {
		token := fmt.Sprint("rt_", s.serial)
		s.families[token] = f
		headers["st-access-token"], headers["st-refresh-token"] = f.access, token
	} else {
		s.jar = f
		headers["anti-csrf"] = fmt.Sprint("csrf_", s.serial)
	}
	return headers
}

// good is the session that a request with an access token has.
func (s *server) good(headers map[string]string, cookies bool) *family {
	_, token, _ := strings.Cut(headers["authorization"], "Bearer ")
	all := s.families
	if !s.header && cookies && s.jar != nil {
		all = map[string]*family{"": s.jar}
		token = s.jar.access
	}
	for _, f := range all {
		if f.access == token && f.user != "" && !f.over && s.now().Before(f.ends) {
			return f
		}
	}
	return nil
}

func (s *server) Serve(_ context.Context, req *browser.Request) (*browser.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer := browsertest.JSON(200, `{"status":"OK"}`)
	switch path(req) {
	case "/login":
		v, _ := strictjson.Parse(req.Body)
		if v.Get("password").TextOr("") != sessiontest.Password {
			return browsertest.JSON(200, `{"status":"WRONG_CREDENTIALS_ERROR"}`), nil
		}
		answer.Headers = s.issue(&family{user: v.Get("user").TextOr("")})
	case "/auth/session/refresh":
		f := s.jar
		if s.header {
			_, token, _ := strings.Cut(req.Headers["authorization"], "Bearer ")
			f = s.families[token]
		}
		if f == nil || f.user == "" {
			return browsertest.JSON(401, `{"message":"unauthorised"}`), nil
		}
		answer.Headers = s.issue(f)
	case "/auth/signout":
		f := s.good(req.Headers, true)
		if f == nil {
			return browsertest.JSON(401, `{"message":"try refresh token"}`), nil
		}
		f.user = ""
		answer.Headers["front-token"] = "remove"
	}
	return answer, nil
}

func (s *server) API(r sessiontest.Request) sessiontest.Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if f := s.good(r.Headers, r.Cookies); f != nil {
		return sessiontest.Answer{User: f.user, Status: 200}
	}
	return sessiontest.Answer{Status: 401}
}

func (s *server) each(change func(*family)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, f := range s.families {
		change(f)
	}
	if s.jar != nil {
		change(s.jar)
	}
}

func (s *server) Expire()            { s.each(func(f *family) { f.over = true }) }
func (s *server) End()               { s.each(func(f *family) { f.user = "" }) }
func (s *server) Become(user string) { s.each(func(f *family) { f.user = user }) }

func (s *server) Alive(user string) (alive bool) {
	s.each(func(f *family) { alive = alive || f.user == user })
	return alive
}

func (s *server) Give(user string) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.issue(&family{user: user})
}

func (s *server) Gone() map[string]string { return map[string]string{"front-token": "remove"} }

func TestSuite(t *testing.T) {
	for mode, header := range map[string]bool{"cookie": false, "header": true} {
		t.Run(mode, func(t *testing.T) {
			sessiontest.Run(t, sessiontest.Subject{
				Config: `{"scheme":"cookies","key":"latchkey/1/st/","issuer":"` + origin + `/auth/session/refresh","client":"cookies","origin":"` + origin + `","flow":"password","context":"",
					"storage":"local","home":"/","login":"/login","logout":"/logout",
					"backend":{"protocol":"supertokens","tokenTransferMethod":"` + mode + `","login":{"url":"` + origin + `/login","username":"user","password":"password"},
					"refresh":"` + origin + `/auth/session/refresh","logout":"` + origin + `/auth/signout"}}`,
				Server: func(now func() time.Time) sessiontest.Server {
					return &server{header: header, now: now, families: map[string]*family{}}
				},
				Refusal: sessiontest.Answer{Status: 401},
				Secrets: []string{"at_", "rt_", "csrf_"},
				Found:   !header,
			})
		})
	}
}
