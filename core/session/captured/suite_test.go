package captured_test

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

const (
	shop   = "https://shop.test/shop-api"
	bearer = "vendure-auth-token"
)

// shopServer has GraphQL operations that sign in and out, and says whose a session is.
type shopServer struct {
	// cookie says that the token travels in one.
	cookie bool

	mu     sync.Mutex
	serial int
	users  map[string]string
	jar    string // the token in the browser's cookie
}

func name(req *browser.Request) string {
	v, _ := strictjson.Parse(req.Body)
	for _, name := range []string{"login", "logout", "me"} {
		if query := v.Get("query").TextOr(""); strings.Contains(query, " "+name+" ") || strings.Contains(query, " "+name+"(") {
			return name
		}
	}
	return ""
}

func (s *shopServer) Kind(req *browser.Request) sessiontest.Kind {
	return map[string]sessiontest.Kind{"login": sessiontest.SignIn, "logout": sessiontest.SignOut, "me": sessiontest.Recovery}[name(req)]
}

// token is the one that a request has.
func (s *shopServer) token(headers map[string]string, cookies bool) string {
	switch {
	case !s.cookie:
		return strings.TrimPrefix(headers["authorization"], "Bearer ")
	case cookies:
		return s.jar
	}
	return ""
}

// begin gives a new token to a user, as an answer with a body.
func (s *shopServer) begin(user string) map[string]string {
	s.serial++
	token := fmt.Sprint("ven_", s.serial)
	s.users[token] = user
	if s.cookie {
		s.jar = token
		return map[string]string{}
	}
	return map[string]string{bearer: token}
}

func (s *shopServer) Serve(_ context.Context, req *browser.Request) (*browser.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	answer := browsertest.JSON(200, `{"errors":[{"extensions":{"code":"FORBIDDEN"}}],"data":null}`)
	token := s.token(req.Headers, req.Credentials)
	user := s.users[token]
	switch name(req) {
	case "login":
		v, _ := strictjson.Parse(req.Body)
		user = v.Get("variables").Get("username").TextOr("")
		if v.Get("variables").Get("password").TextOr("") != sessiontest.Password {
			answer.Body = []byte(`{"data":{"login":{"__typename":"InvalidCredentialsError","errorCode":"INVALID_CREDENTIALS_ERROR"}}}`)
			return answer, nil
		}
		answer.Headers = s.begin(user)
		answer.Body = []byte(fmt.Sprintf(`{"data":{"login":{"__typename":"CurrentUser","id":%q,"identifier":%q}}}`, user, user))
	case "logout":
		delete(s.users, token)
		answer.Body = []byte(`{"data":{"logout":{"success":true}}}`)
	case "me":
		if user != "" {
			answer.Body = []byte(fmt.Sprintf(`{"data":{"me":{"id":%q,"identifier":%q}}}`, user, user))
		}
	}
	return answer, nil
}

func (s *shopServer) API(r sessiontest.Request) sessiontest.Answer {
	s.mu.Lock()
	defer s.mu.Unlock()
	if user := s.users[s.token(r.Headers, r.Cookies)]; user != "" {
		return sessiontest.Answer{User: user, Status: 200}
	}
	return sessiontest.Answer{Status: 200, Code: "FORBIDDEN"}
}

func (s *shopServer) Expire() { s.End() }

func (s *shopServer) End() { s.Become("") }

func (s *shopServer) Become(user string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for token := range s.users {
		s.users[token] = user
	}
}

func (s *shopServer) Alive(user string) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, whose := range s.users {
		if whose == user {
			return true
		}
	}
	return false
}

// giving is one that hands its token out in answers.
type giving struct{ *shopServer }

func (s giving) Give(user string) map[string]string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.begin(user)
}

func (s giving) Gone() map[string]string { return map[string]string{bearer: ""} }

func TestSuite(t *testing.T) {
	for method, cookie := range map[string]bool{"bearer": false, "cookie": true} {
		t.Run(method, func(t *testing.T) {
			sessiontest.Run(t, sessiontest.Subject{
				Config: `{"scheme":"vendure","key":"latchkey/1/shop/vendure/","issuer":"` + shop + `","url":"` + shop + `","client":"vendure","origin":"` + sessiontest.Origin + `",
					"tokenMethod":"` + method + `","authTokenHeader":"` + bearer + `","making":"mutation","flow":"password","context":"","storage":"local","home":"/","login":"/login","logout":"/logout"}`,
				Server: func(func() time.Time) sessiontest.Server {
					s := &shopServer{cookie: cookie, users: map[string]string{}}
					if cookie {
						return s
					}
					return giving{s}
				},
				Refusal:  sessiontest.Answer{Status: 200, Code: "FORBIDDEN"},
				Secrets:  []string{"ven_"},
				Fixed:    true, // a token is good until the server has forgotten it
				Timeless: true, // and nobody says when that is
				Found:    cookie,
				Asks:     cookie, // of an end elsewhere no header tells
			})
		})
	}
}
