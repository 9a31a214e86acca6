package core_test

import (
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
	"latchkey/core/errcode"
	"latchkey/core/strictjson"
)

func TestS2TheWholePathWithCookies(t *testing.T) {
	cookied(t, cookieConfig(withRefresh), func(t *testing.T, p *page, j *jar, open func() *page) {
		assert.Equal(t, "anonymous", p.user())
		assert.Equal(t, "GET /session", j.take())
		_, err := p.call("loginWithCredentials", `{"username":"alice","password":"wonderland","params":{"remember":"yes"}}`)
		require.NoError(t, err)
		assert.Equal(t, "POST /login, GET /session", j.take())
		assert.JSONEq(t, `{"email":"alice","word":"wonderland","remember":"yes"}`, j.bodies[0])
		assert.Equal(t, "alice", p.user())
		assert.JSONEq(t, `{"id":"alice","name":"N"}`, p.member("claims").JSON(), "nothing that is named after a token")
		assert.Equal(t, "login", p.takeEvents())

		other := open()
		assert.Equal(t, "alice", other.user())
		assert.Empty(t, j.take()+other.takeEvents(), "a record says who it is")
		user, status := j.fetch(other)
		assert.Equal(t, []any{"alice", 200}, []any{user, status})
		for _, name := range []string{"accessToken", "idToken"} {
			_, err = p.call(name, "{}")
			assert.Equal(t, errcode.NotSupported, errcode.Of(err))
		}
		got, err := p.call("userInfo", "{}")
		require.NoError(t, err)
		assert.JSONEq(t, `{"claims":{"id":"alice","name":"N"}}`, got)

		j.take()
		_, err = p.call("logout", "{}")
		require.NoError(t, err)
		synctest.Wait()
		assert.Equal(t, "POST /logout", j.take())
		assert.Equal(t, "logout:user", p.takeEvents())
		assert.Equal(t, "logout:user (remote)", other.takeEvents())
		third := open()
		assert.Equal(t, "anonymous", third.user())
		assert.Empty(t, j.take(), "after a logout nobody is looked for")
	})
}

func TestLG01AWrongPassword(t *testing.T) {
	cookied(t, cookieConfig(""), func(t *testing.T, p *page, _ *jar, _ func() *page) {
		_, err := p.call("loginWithCredentials", `{"username":"alice","password":"no-such-word"}`)
		var e *errcode.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, errcode.InvalidCredentials, e.Code)
		assert.Equal(t, errcode.OAuth{Error: "WRONG", Description: "no such user"}, *e.OAuth)
		assert.NotContains(t, errcode.JSON(err), "no-such-word")
		assert.Empty(t, p.takeEvents())
	})
}

func TestCK05WhatCannotBeAskedIsAskedAgain(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		j := &jar{cookie: "alice", fault: func(string) (*browser.Response, error) { return nil, browser.ErrNetwork }}
		profile.Server = j.serve
		p := openPage(t, profile, server, cookieConfig(""))
		assert.Equal(t, []any{"anonymous", "error", []string{"network_error"}}, []any{p.user(), p.takeEvents(), p.codes()})
		j.fault = nil
		assert.Equal(t, "alice", openPage(t, profile, server, cookieConfig("")).user())
	})
}

func TestCK06CookiesThatTheBrowserDoesNotKeep(t *testing.T) {
	cookied(t, cookieConfig(withRefresh), func(t *testing.T, p *page, j *jar, _ func() *page) {
		j.set(func() { j.blocked = true })
		_, err := p.call("loginWithCredentials", `{"username":"alice","password":"wonderland"}`)
		assert.Equal(t, errcode.StorageFailed, errcode.Of(err))
		assert.Contains(t, err.Error(), "did not keep its cookies")
		assert.Equal(t, "anonymous", p.user())

		j.set(func() { j.blocked = false })
		signIn(t, p, "alice")
		j.set(func() { j.blocked, j.old = true, true })
		j.take()
		for range 3 {
			_, status := j.fetch(p)
			assert.Equal(t, 401, status)
		}
		assert.Equal(t, "POST /refresh, GET /session", j.take(), "no loop")
		assert.Equal(t, "anonymous", p.user())
	})
}

// A jar that is full, a cookie of more than 4,096 bytes, cookies that are switched off, one for another domain: a
// page sees of each that the cookie is not there. The core writes none itself.
func TestST26CookiesThatAreNotKeptAreToldOfOnce(t *testing.T) {
	cookied(t, cookieConfig(withRefresh), func(t *testing.T, p *page, j *jar, open func() *page) {
		other := open()
		j.take()
		j.set(func() { j.blocked = true })
		for range 2 {
			_, err := p.call("loginWithCredentials", `{"username":"alice","password":"wonderland"}`)
			assert.Equal(t, errcode.StorageFailed, errcode.Of(err), "who signs in is told")
			assert.Equal(t, "POST /login, GET /session", j.take())
		}
		assert.Empty(t, p.takeEvents()+other.takeEvents())

		// It was kept, and what it was renewed to is not.
		j.set(func() { j.blocked = false })
		signIn(t, p, "alice")
		synctest.Wait()
		p.takeEvents()
		other.takeEvents()
		j.take()
		j.set(func() { j.blocked, j.old = true, true })
		for range 20 {
			for _, page := range []*page{p, other} {
				_, status := j.fetch(page)
				assert.Equal(t, 401, status)
			}
		}
		assert.Equal(t, "POST /refresh, GET /session", j.take(), "all tabs together")
		synctest.Wait()
		assert.Equal(t, "expired, logout:expired, error", p.takeEvents())
		assert.Equal(t, []string{"storage_failed"}, p.codes())
		assert.Equal(t, "expired (remote), logout:expired (remote)", other.takeEvents())
		assert.Empty(t, other.codes())
		next := open()
		synctest.Wait()
		assert.Equal(t, "anonymous", next.user())
		assert.Empty(t, j.take(), "nor does the next page ask")
	})
}

func TestCK08ALogoutWithoutANetwork(t *testing.T) {
	cookied(t, cookieConfig(""), func(t *testing.T, p *page, j *jar, open func() *page) {
		signIn(t, p, "alice")
		j.set(func() { j.fault = func(string) (*browser.Response, error) { return nil, browser.ErrNetwork } })
		_, err := p.call("logout", "{}")
		require.NoError(t, err)
		assert.Equal(t, "anonymous", p.user())
		j.set(func() { j.fault = nil })
		assert.Equal(t, "anonymous", open().user(), "the backend's session is alive, and is not taken up by itself")
		_, err = p.call("loginSilently", "{}")
		require.NoError(t, err)
		assert.Equal(t, "alice", p.user())
	})
}

func TestCK04WithoutARefreshEndpointALookIsTheRefresh(t *testing.T) {
	cookied(t, cookieConfig(""), func(t *testing.T, p *page, j *jar, _ func() *page) {
		signIn(t, p, "alice")
		j.take()
		_, err := p.call("refresh", "{}")
		require.NoError(t, err)
		assert.Equal(t, "GET /session", j.take())
		j.set(func() { j.cookie = "" })
		_, status := j.fetch(p)
		assert.Equal(t, []any{401, "anonymous"}, []any{status, p.user()})
	})
}

func TestRR05WhatIsNoEndKeepsTheSession(t *testing.T) {
	for _, tt := range []struct {
		name   string
		answer *browser.Response
		code   errcode.Code
	}{
		{"no network", nil, errcode.NetworkError},
		{"503", browsertest.JSON(503, ""), errcode.ServerError},
		{"429", browsertest.JSON(429, ""), errcode.RateLimited},
		{"a page", &browser.Response{Status: 500, Body: []byte("<h1>")}, errcode.ServerError},
	} {
		t.Run(tt.name, func(t *testing.T) {
			for _, path := range []string{"/refresh", "/session"} {
				cookied(t, cookieConfig(withRefresh), func(t *testing.T, p *page, j *jar, _ func() *page) {
					signIn(t, p, "alice")
					j.set(func() {
						j.fault = func(at string) (*browser.Response, error) {
							if at != path {
								return nil, nil
							}
							if tt.answer == nil {
								return nil, browser.ErrNetwork
							}
							return tt.answer, nil
						}
					})
					_, err := p.call("refresh", "{}")
					assert.Equal(t, []any{tt.code, "alice"}, []any{errcode.Of(err), p.user()})
				})
			}
		})
	}
}

func TestCK02TheRuntimesOwnRequestsShowTheCookiesValue(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		j := &jar{csrf: "own=="}
		profile.Server = j.serve
		profile.SetCookies("csrf2=no; csrf=tossed; __Host-csrf=own%3D%3D")
		p := openPage(t, profile, server, cookieConfig(`"csrf":{"header":"x-csrf-token","cookie":"csrf"},`))
		signIn(t, p, "alice")
		_, err := p.call("logout", "{}")
		require.NoError(t, err)
		assert.Empty(t, j.cookie)
	})
}

func TestCK03ATokenFromAnEndpoint(t *testing.T) {
	cookied(t, cookieConfig(`"csrf":{"header":"x-csrf-token","endpoint":"`+origin+`/csrf","stale":419},`), func(t *testing.T, p *page, j *jar, _ func() *page) {
		ask := func(stale string) string {
			got, err := p.call("csrf", `{"as":"user","stale":"`+stale+`"}`)
			require.NoError(t, err)
			v, _ := strictjson.Parse(got)
			return v.Get("value").TextOr("")
		}
		j.set(func() { j.csrf = "one" })
		j.take()
		assert.Equal(t, []string{"one", "one"}, []string{ask(""), ask("")})
		assert.Equal(t, "GET /csrf", j.take(), "asked once")
		j.set(func() { j.csrf = "two" })
		var group sync.WaitGroup
		for range 5 {
			group.Go(func() { assert.Equal(t, "two", ask("one")) })
		}
		group.Wait()
		assert.Equal(t, "GET /csrf", j.take(), "and once more where it is stale")

		// Rotated between read and send.
		j.set(func() { j.csrf = "three" })
		signIn(t, p, "alice")
		assert.Equal(t, "POST /login, GET /csrf, POST /login, GET /session", j.take())
		j.set(func() {
			j.fault = func(path string) (*browser.Response, error) {
				if path == "/login" {
					return browsertest.JSON(419, "{}"), nil
				}
				return nil, nil
			}
		})
		_, err := p.call("loginWithCredentials", `{"username":"alice","password":"wonderland"}`)
		assert.Equal(t, errcode.ServerError, errcode.Of(err))
		assert.Equal(t, 1, strings.Count(j.take(), "POST /login"), "not with the same one again")
	})
}

func TestWhereTheUsersIdIs(t *testing.T) {
	for _, tt := range []struct{ name, more, answer, id, claims string }{
		{"id", "", `{"id":"a","name":"A"}`, "a", `{"id":"a","name":"A"}`},
		{"a number", "", `{"id":17}`, "17", `{"id":17}`},
		{"userId", "", `{"userId":"a"}`, "a", `{"userId":"a"}`},
		{"user.id", "", `{"session":{"id":1},"user":{"id":"a"}}`, "a", `{"id":"a"}`},
		{"sub", "", `{"sub":"a","csrfToken":"b"}`, "a", `{"sub":"a"}`},
		{"elsewhere", `"userId":"data.me.email","claims":"data.me.profile",`, `{"data":{"me":{"email":"a@b","profile":{"x":1}}}}`, "a@b", `{"x":1}`},
		{"anonymous is nobody", "", `{"userId":"anonymous"}`, "anonymous", "null"},
		{"nowhere", "", `{"user":{"name":"a"}}`, "anonymous", "null"},
		{"an empty object", "", `{}`, "anonymous", "null"},
		{"null", "", `null`, "anonymous", "null"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
				profile.Server = (&jar{cookie: "x", answer: tt.answer}).serve
				p := openPage(t, profile, server, cookieConfig(tt.more))
				assert.Equal(t, tt.id, p.user())
				assert.JSONEq(t, tt.claims, p.member("claims").JSON())
			})
		})
	}
}

func TestS50RequestsOfTheApplicationHaveARuleOfTheirOwn(t *testing.T) {
	csrf := `"csrf":{"header":"x-csrf-token","cookie":"csrf"},`
	cookied(t, cookieConfig(csrf+withRefresh), func(t *testing.T, p *page, j *jar, _ func() *page) {
		rule := func() string {
			p.mu.Lock()
			defer p.mu.Unlock()
			return p.policy.Get("rules").Items()[1].JSON()
		}
		want := `{"as":"client","credentials":"include","csrf":{"header":"x-csrf-token","cookie":"csrf"}}`
		assert.JSONEq(t, want, rule())
		signIn(t, p, "alice")
		assert.JSONEq(t, want, rule())
		j.set(func() { j.old = true })
		j.take()
		assert.Equal(t, "giveup", p.outcome("refused", `"as":"client","session":"`+p.session+`","version":2`, `,"status":401`))
		assert.Equal(t, []string{"alice", ""}, []string{p.user(), j.take()})
	})
}
