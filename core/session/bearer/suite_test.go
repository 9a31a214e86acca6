package bearer_test

import (
	"net/url"
	"strings"
	"testing"
	"time"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
	"latchkey/core/session/sessiontest"
)

const issuer = "https://id.test"

// server is an authorization server with rotation.
type server struct{ *browsertest.AuthServer }

func (s server) Kind(req *browser.Request) sessiontest.Kind {
	form, _ := url.ParseQuery(req.Body)
	switch {
	case form.Get("grant_type") == "password":
		return sessiontest.SignIn
	case form.Get("grant_type") == "refresh_token":
		return sessiontest.Recovery
	case strings.HasSuffix(req.URL, "/revoke"):
		return sessiontest.SignOut
	}
	return sessiontest.Other
}

func (s server) API(r sessiontest.Request) sessiontest.Answer {
	user, status := s.AuthServer.API(r.Headers["authorization"])
	return sessiontest.Answer{User: user, Status: status}
}

func (s server) End() { s.RevokeAll() }

func TestSuite(t *testing.T) {
	for name, dpop := range map[string]bool{"bearer tokens": false, "DPoP": true} {
		t.Run(name, func(t *testing.T) {
			config := `"scheme":"oidc","key":"latchkey/1/id/shop/","issuer":"` + issuer + `","client":"shop","scope":"openid","redirectUri":"` + sessiontest.Origin + `/callback",
				"origin":"` + sessiontest.Origin + `","flow":"password","context":"","storage":"local","home":"/","login":"/login","logout":"/logout"}`
			if dpop {
				config = `"dpop":true,` + config
			}
			sessiontest.Run(t, sessiontest.Subject{
				Config: "{" + config,
				Server: func(now func() time.Time) sessiontest.Server {
					s := browsertest.NewAuthServer(issuer, now)
					s.DPoP = dpop
					return server{s}
				},
				Refusal: sessiontest.Answer{Status: 401},
				Secrets: []string{"at_", "rt_", "eyJ"},
				Strict:  true, // the refresh token is spent by the first who sends it
			})
		})
	}
}
