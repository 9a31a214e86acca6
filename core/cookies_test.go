package core_test

import (
	"context"
	"fmt"
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

// cookieConfig is one of a backend with cookies, with more members put in front.
func cookieConfig(more string) string {
	return `{"scheme":"cookies","key":"latchkey/1/app/cookies/","issuer":"` + origin + `/session","client":"cookies","origin":"` + origin + `","flow":"password","context":"",
		"storage":"local","home":"/","login":"/login","logout":"/logout",
		"backend":{` + more + `"login":{"url":"` + origin + `/login","username":"email","password":"word"},"logout":"` + origin + `/logout","session":"` + origin + `/session"}}`
}

const withRefresh = `"refresh":"` + origin + `/refresh",`

// jar is a backend, and the browser's cookies of it.
type jar struct {
	mu sync.Mutex
	// cookie is whose session it is, "" for none; old says that its time is over.
	cookie string
	old    bool
	// blocked has the browser keep no cookies.
	blocked bool
	// dead has nothing renewed.
	dead bool
	// csrf is what unsafe requests have to show in x-csrf-token; "" is nothing.
	csrf string
	// answer is what the session's endpoint says of somebody.
	answer string
	fault  func(path string) (*browser.Response, error)
	log    []string
	bodies []string
}

func (j *jar) serve(_ context.Context, req *browser.Request) (*browser.Response, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	path := strings.TrimPrefix(req.URL, origin)
	j.log = append(j.log, req.Method+" "+path)
	if !req.Credentials {
		return browsertest.JSON(400, `{}`), nil
	}
	if j.fault != nil {
		if answer, err := j.fault(path); answer != nil || err != nil {
			return answer, err
		}
	}
	if req.Method == "POST" && j.csrf != "" && req.Headers["x-csrf-token"] != j.csrf {
		return browsertest.JSON(419, `{"message":"csrf"}`), nil
	}
	set := func(who string) {
		if !j.blocked {
			j.cookie, j.old = who, false
		}
	}
	switch path {
	case "/csrf":
		return browsertest.JSON(200, `{"token":"`+j.csrf+`"}`), nil
	case "/login":
		j.bodies = append(j.bodies, req.Body)
		v, _ := strictjson.Parse(req.Body)
		if v.Get("word").TextOr("") != "wonderland" {
			return browsertest.JSON(401, `{"code":"WRONG","message":"no such user"}`), nil
		}
		set(v.Get("email").TextOr(""))
	case "/logout":
		j.cookie = ""
	case "/refresh":
		if j.cookie == "" || j.dead {
			j.cookie = ""
			return browsertest.JSON(401, `{}`), nil
		}
		set(j.cookie)
	case "/session":
		if j.cookie == "" || j.old {
			return browsertest.JSON(200, "null"), nil
		}
		if j.answer != "" {
			return browsertest.JSON(200, j.answer), nil
		}
		return browsertest.JSON(200, fmt.Sprintf(`{"session":{"token":"hidden"},"user":{"id":%q,"name":"N","accessToken":"hidden"}}`, j.cookie)), nil
	}
	return browsertest.JSON(200, `{}`), nil
}

// take returns what was asked for since the last time.
func (j *jar) take() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	all := strings.Join(j.log, ", ")
	j.log = nil
	return all
}

func (j *jar) set(change func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	change()
}

// fetch asks the API that knows the cookie, as the data plane does.
func (j *jar) fetch(p *page) (user string, status int) {
	p.mu.Lock()
	made := p.session
	p.mu.Unlock()
	for attempt := 0; ; attempt++ {
		p.mu.Lock()
		stamp := fmt.Sprintf(`"as":"user","session":%q,"version":%d`, p.session, p.version)
		rules := p.policy.Get("rules").Items()
		p.mu.Unlock()
		j.mu.Lock()
		user = j.cookie
		old := j.old
		j.mu.Unlock()
		switch {
		case rules[0].Get("credentials").TextOr("") != "include":
			return "no cookies sent", 401
		case user != "" && !old:
			return user, 200
		case attempt == 1 || made == "" || rules[0].Get("refused").Kind() != strictjson.Obj:
			return "", 401
		}
		switch p.outcome("refused", stamp, `,"status":401`) {
		case "retry":
		case "changed":
			return "changed", 0
		default:
			return "", 401
		}
	}
}

func cookied(t *testing.T, config string, test func(t *testing.T, p *page, j *jar, open func() *page)) {
	t.Helper()
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		j := &jar{}
		profile.Server = j.serve
		open := func() *page { return openPage(t, profile, server, config) }
		test(t, open(), j, open)
	})
}

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
		assert.Equal(t, []any{"anonymous", "error", []string{"network_error"}}, []any{p.user(), p.takeEvents(), p.errors})
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

// marked has the backend set a cookie that the page may read, as storefronts' middlewares
// do: whose the session is, or just that there is one.
func marked(t *testing.T, j *jar, test func(t *testing.T, profile *browsertest.Profile, open func() *page)) {
	t.Helper()
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		profile.Server = func(ctx context.Context, req *browser.Request) (*browser.Response, error) {
			answer, err := j.serve(ctx, req)
			j.mu.Lock()
			defer j.mu.Unlock()
			if err == nil && req.Method == "POST" && answer.Status < 300 && !j.blocked {
				j.mark(profile)
			}
			return answer, err
		}
		j.mark(profile)
		test(t, profile, func() *page {
			return openPage(t, profile, server, cookieConfig(withRefresh+`"marker":"user",`))
		})
	})
}

// mark is called with mu held.
func (j *jar) mark(profile *browsertest.Profile) {
	all := "other=1"
	if j.cookie != "" {
		all += "; user=" + j.cookie
	}
	profile.SetCookies(all)
}

func TestCK05AMarkerSaysWhetherToAsk(t *testing.T) {
	t.Run("without one nobody is asked about, nor written down", func(t *testing.T) {
		j := &jar{}
		marked(t, j, func(t *testing.T, profile *browsertest.Profile, open func() *page) {
			assert.Equal(t, "anonymous", open().user())
			profile.SetCookies("user=anonymous")
			assert.Equal(t, "anonymous", open().user())
			assert.Empty(t, j.take())
			assert.Empty(t, profile.Storage().All())
		})
	})
	t.Run("with one the session is found, once for all tabs, and told to nobody", func(t *testing.T) {
		j := &jar{cookie: "alice"}
		marked(t, j, func(t *testing.T, _ *browsertest.Profile, open func() *page) {
			var group sync.WaitGroup
			pages := make([]*page, 5)
			for i := range pages {
				group.Go(func() { pages[i] = open() })
			}
			group.Wait()
			assert.Equal(t, "GET /session", j.take())
			for _, p := range pages {
				assert.Equal(t, "alice", p.user())
				assert.Empty(t, p.takeEvents())
			}
		})
	})
	t.Run("one that was left is taken away", func(t *testing.T) {
		j := &jar{cookie: "alice"}
		marked(t, j, func(t *testing.T, profile *browsertest.Profile, open func() *page) {
			j.set(func() { j.cookie = "" })
			assert.Equal(t, "anonymous", open().user())
			assert.Equal(t, "GET /session", j.take())
			assert.Equal(t, "other=1", profile.Cookies())
			open()
			assert.Empty(t, j.take())
		})
	})
	t.Run("one that can't be taken away is asked about once", func(t *testing.T) {
		j := &jar{cookie: "alice"}
		marked(t, j, func(t *testing.T, profile *browsertest.Profile, open func() *page) {
			j.set(func() { j.cookie = "" })
			profile.PinCookies(true)
			open()
			assert.Equal(t, "GET /session", j.take())
			assert.Equal(t, "anonymous", open().user())
			assert.Empty(t, j.take())
		})
	})
	t.Run("the end of a session takes it away, and is told once", func(t *testing.T) {
		j := &jar{}
		marked(t, j, func(t *testing.T, profile *browsertest.Profile, open func() *page) {
			p, other := open(), open()
			signIn(t, p, "alice")
			synctest.Wait()
			assert.Contains(t, profile.Cookies(), "user=alice")
			j.set(func() { j.old, j.dead = true, true })
			for range 2 {
				_, status := j.fetch(p)
				assert.Equal(t, 401, status)
			}
			synctest.Wait()
			assert.Equal(t, "other=1", profile.Cookies())
			all := p.takeEvents() + "; " + other.takeEvents()
			assert.Equal(t, 2, strings.Count(all, "logout:expired"), all)
			j.take()
			open()
			assert.Empty(t, j.take())
		})
	})
}

func TestCK05AMarkerThatIsAnotherOneThanTheRecords(t *testing.T) {
	t.Run("none, and no cookies either: the session ends at the start, and says why", func(t *testing.T) {
		j := &jar{}
		marked(t, j, func(t *testing.T, profile *browsertest.Profile, open func() *page) {
			p := open()
			signIn(t, p, "alice")
			p.rt.Close()
			j.set(func() { j.cookie = "" })
			profile.SetCookies("other=1")
			j.take()
			again := open()
			assert.Equal(t, []string{"anonymous", "POST /refresh", "expired, logout:expired"}, []string{again.user(), j.take(), again.takeEvents()})
			assert.Empty(t, open().takeEvents()+j.take())
		})
	})
	t.Run("none, but cookies: they are renewed, once for all", func(t *testing.T) {
		j := &jar{}
		marked(t, j, func(t *testing.T, profile *browsertest.Profile, open func() *page) {
			p := open()
			signIn(t, p, "alice")
			p.rt.Close()
			profile.SetCookies("other=1")
			j.take()
			assert.Equal(t, []string{"alice", "alice"}, []string{open().user(), open().user()})
			assert.Equal(t, "POST /refresh, GET /session", j.take())
			assert.Contains(t, profile.Cookies(), "user=alice")
		})
	})
	t.Run("none, as the backend does not set it any more: that is asked about once", func(t *testing.T) {
		j := &jar{}
		marked(t, j, func(t *testing.T, profile *browsertest.Profile, open func() *page) {
			p := open()
			signIn(t, p, "alice")
			p.rt.Close()
			j.set(func() { j.blocked = true })
			profile.SetCookies("other=1")
			j.take()
			assert.Equal(t, []string{"alice", "alice"}, []string{open().user(), open().user()})
			assert.Equal(t, "POST /refresh, GET /session", j.take())
		})
	})
	t.Run("somebody else's: theirs begins", func(t *testing.T) {
		j := &jar{}
		marked(t, j, func(t *testing.T, profile *browsertest.Profile, open func() *page) {
			p := open()
			signIn(t, p, "alice")
			j.set(func() {
				j.cookie = "bob"
				j.mark(profile)
			})
			p.takeEvents()
			assert.Equal(t, "bob", open().user())
			synctest.Wait()
			assert.Equal(t, "logout:switched (remote), login (remote)", p.takeEvents())
		})
	})
	t.Run("what can't be asked ends nothing", func(t *testing.T) {
		j := &jar{}
		marked(t, j, func(t *testing.T, profile *browsertest.Profile, open func() *page) {
			p := open()
			signIn(t, p, "alice")
			p.rt.Close()
			profile.SetCookies("other=1")
			j.set(func() { j.fault = func(string) (*browser.Response, error) { return nil, browser.ErrNetwork } })
			assert.Equal(t, "alice", open().user())
		})
	})
}

func TestCK08AMarkerAfterALogout(t *testing.T) {
	t.Run("it goes at once, also without a network; and a new one is a new session", func(t *testing.T) {
		j := &jar{}
		marked(t, j, func(t *testing.T, profile *browsertest.Profile, open func() *page) {
			p := open()
			signIn(t, p, "alice")
			j.set(func() { j.fault = func(string) (*browser.Response, error) { return nil, browser.ErrNetwork } })
			_, err := p.call("logout", "{}")
			require.NoError(t, err)
			assert.Equal(t, "other=1", profile.Cookies())
			j.set(func() { j.fault = nil })
			j.take()
			assert.Equal(t, []string{"anonymous", ""}, []string{open().user(), j.take()}, "the backend's session is alive, and is not taken up")
			// Signed in by a form, or a callback, of the backend's own.
			synctest.Wait()
			j.set(func() {
				j.cookie = "bob"
				j.mark(profile)
			})
			p.takeEvents()
			assert.Equal(t, []string{"bob", "GET /session"}, []string{open().user(), j.take()})
			synctest.Wait()
			assert.Equal(t, "login (remote)", p.takeEvents())
		})
	})
	t.Run("one that could not be taken away brings nobody back", func(t *testing.T) {
		j := &jar{}
		marked(t, j, func(t *testing.T, profile *browsertest.Profile, open func() *page) {
			p := open()
			signIn(t, p, "alice")
			profile.PinCookies(true)
			j.set(func() { j.fault = func(string) (*browser.Response, error) { return nil, browser.ErrNetwork } })
			_, err := p.call("logout", "{}")
			require.NoError(t, err)
			j.set(func() { j.fault = nil })
			j.take()
			assert.Equal(t, []string{"anonymous", ""}, []string{open().user(), j.take()})
			_, err = p.call("loginSilently", "{}")
			require.NoError(t, err)
			assert.Equal(t, "alice", p.user())
		})
	})
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
