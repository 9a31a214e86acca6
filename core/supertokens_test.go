package core_test

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
	"latchkey/core/errcode"
)

func superConfig(mode string) string {
	return `{"scheme":"cookies","key":"latchkey/1/st/","issuer":"` + origin + `/auth/session/refresh","client":"cookies","origin":"` + origin + `","flow":"password","context":"",
		"storage":"local","home":"/","login":"/login","logout":"/logout",
		"backend":{"protocol":"supertokens","tokenTransferMethod":"` + mode + `","login":{"url":"` + origin + `/login","username":"user","password":"password"},
		"refresh":"` + origin + `/auth/session/refresh","logout":"` + origin + `/auth/signout"}}`
}

// superServer has one session, and gives a token at each refresh.
type superServer struct {
	mu     sync.Mutex
	user   string
	header bool
	serial int
	// answer may answer instead.
	answer func(path string) *browser.Response
	log    []string
	seen   []map[string]string
	now    func() int64
}

func frontToken(uid string, ate, iat int64, more string) string {
	return base64.StdEncoding.EncodeToString([]byte(fmt.Sprintf(`{"uid":%q,"ate":%d,"up":{"sub":%q,"iat":%d%s}}`, uid, ate, uid, iat, more)))
}

func (s *superServer) serve(_ context.Context, req *browser.Request) (*browser.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	path := strings.TrimPrefix(req.URL, origin)
	s.log = append(s.log, path)
	s.seen = append(s.seen, req.Headers)
	if s.answer != nil {
		if got := s.answer(path); got != nil {
			return got, nil
		}
	}
	got := browsertest.JSON(200, `{"status":"OK"}`)
	switch {
	case path == "/login":
		s.user = "alice"
	case path == "/auth/signout":
		s.user = ""
		got.Headers["front-token"] = "remove"
		return got, nil
	case s.user == "":
		return browsertest.JSON(401, `{"message":"unauthorised"}`), nil
	}
	s.serial++
	now := s.now()
	got.Headers["front-token"] = frontToken(s.user, (now+3600)*1000, now, "")
	if s.header {
		got.Headers["st-access-token"], got.Headers["st-refresh-token"] = fmt.Sprint("at_", s.serial), fmt.Sprint("rt_", s.serial)
	} else {
		got.Headers["anti-csrf"] = fmt.Sprint("csrf_", s.serial)
	}
	return got, nil
}

func (s *superServer) take() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	all := strings.Join(s.log, ", ")
	s.log = nil
	return all
}

func superWorld(t *testing.T, mode string, test func(t *testing.T, p *page, s *superServer, open func() *page)) {
	t.Helper()
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		s := &superServer{header: mode == "header", now: func() int64 { return profile.Now().Unix() }}
		profile.Server = s.serve
		open := func() *page { return openPage(t, profile, server, superConfig(mode)) }
		test(t, open(), s, open)
	})
}

// answered tells the core of an answer to a request that the page has just made.
func (p *page) answered(t *testing.T, status int, headers string) {
	t.Helper()
	p.mu.Lock()
	stamp := fmt.Sprintf(`"as":"user","session":%q,"version":%d`, p.session, p.version)
	p.mu.Unlock()
	p.answeredBy(t, stamp, status, headers)
}

func (p *page) answeredBy(t *testing.T, stamp string, status int, headers string) {
	t.Helper()
	_, err := p.call("observed", fmt.Sprintf(`{%s,"status":%d,"headers":{%s}}`, stamp, status, headers))
	require.NoError(t, err)
}

func TestS53TheWholePathOfSuperTokens(t *testing.T) {
	for _, mode := range []string{"cookie", "header"} {
		superWorld(t, mode, func(t *testing.T, p *page, s *superServer, open func() *page) {
			s.take()
			signIn(t, p, "alice")
			assert.Equal(t, "/login", s.take())
			assert.Equal(t, "login", p.takeEvents())
			other := open()
			_, err := p.call("refresh", "{}")
			require.NoError(t, err)
			assert.Equal(t, "/auth/session/refresh", s.take())
			last := s.seen[len(s.seen)-1]
			assert.Equal(t, []string{"session", mode, mode}, []string{last["rid"], last["st-auth-mode"], map[bool]string{true: "header", false: "cookie"}[last["authorization"] == "Bearer rt_1"]})
			if mode == "cookie" {
				assert.Equal(t, "csrf_1", last["anti-csrf"])
				got, err := p.call("csrf", `{}`)
				require.NoError(t, err)
				assert.JSONEq(t, `{"value":"csrf_2"}`, got)
			} else {
				got, err := p.call("accessToken", `{}`)
				require.NoError(t, err)
				assert.JSONEq(t, `{"token":"at_2"}`, got)
			}
			synctest.Wait()
			assert.Equal(t, "refresh (remote)", other.takeEvents())
			_, err = other.call("logout", "{}")
			require.NoError(t, err)
			synctest.Wait()
			assert.Equal(t, []string{"/auth/signout", "refresh, logout:user (remote)"}, []string{s.take(), p.takeEvents()})
		})
	}
}

func TestS54WhatAnAnswerBrings(t *testing.T) {
	superWorld(t, "cookie", func(t *testing.T, p *page, s *superServer, _ func() *page) {
		assert.Equal(t, "/auth/session/refresh", s.take(), "nobody knows yet")
		now := s.now()
		tell := func(uid, more string) string {
			return `"front-token":"` + frontToken(uid, (now+3600)*1000, now, more) + `"`
		}
		p.answered(t, 401, "")
		assert.Empty(t, p.takeEvents()+s.take())
		p.mu.Lock()
		before := fmt.Sprintf(`"as":"user","session":"","version":%d`, p.version)
		p.mu.Unlock()
		p.answered(t, 200, tell("alice", ""))
		assert.Equal(t, []string{"alice", "login"}, []string{p.user(), p.takeEvents()})
		p.answered(t, 200, tell("alice", ""))
		assert.Empty(t, p.takeEvents(), "the same again")
		p.answered(t, 200, tell("alice", `,"role":"admin"`))
		assert.Equal(t, []string{"admin", "refresh"}, []string{p.member("claims").Get("role").TextOr(""), p.takeEvents()})
		p.answered(t, 200, tell("bob", ""))
		assert.Equal(t, []string{"bob", "logout:switched, login"}, []string{p.user(), p.takeEvents()})
		p.answered(t, 401, `"front-token":"remove"`)
		assert.Equal(t, []string{"anonymous", "expired, logout:expired"}, []string{p.user(), p.takeEvents()})
		p.answered(t, 200, tell("alice", ""))
		p.takeEvents()
		p.mu.Lock()
		hers := fmt.Sprintf(`"as":"user","session":%q,"version":%d`, p.session, p.version)
		p.mu.Unlock()
		p.answered(t, 200, `"front-token":"remove"`)
		assert.Equal(t, "logout:user", p.takeEvents())
		for _, late := range []string{hers, before} {
			p.answeredBy(t, late, 200, tell("alice", ""))
			assert.Equal(t, []string{"anonymous", ""}, []string{p.user(), p.takeEvents()}, "an answer of before the logout")
		}
		for _, bad := range []string{`"front-token":"%%%"`, `"front-token":"e30="`, `"front-token":"bnVsbA=="`} {
			p.errors = nil
			p.answered(t, 200, bad)
			assert.Equal(t, []any{"anonymous", []string{"server_error"}}, []any{p.user(), p.codes()})
		}
	})
}

func TestS89TheServersClock(t *testing.T) {
	for _, tt := range []struct{ off, want int64 }{{0, 3600}, {6, 3606}, {-6, 3594}, {7, 3600}, {3600, 3600}, {-3600, 3600}} {
		superWorld(t, "cookie", func(t *testing.T, p *page, s *superServer, _ func() *page) {
			now := s.now()
			p.answered(t, 200, `"front-token":"`+frontToken("alice", (now+tt.off+3600)*1000, now+tt.off, "")+`"`)
			got, _ := p.member("expiresAt").Int()
			assert.Equal(t, (now+tt.want)*1000, got, "off by %d", tt.off)
		})
	}
}

func TestS35S36OutcomesOfARefresh(t *testing.T) {
	for _, tt := range []struct {
		name string
		got  *browser.Response
		code errcode.Code
		user string
	}{
		{"401", browsertest.JSON(401, `{"message":"token theft detected"}`), errcode.SessionExpired, "anonymous"},
		{"500", browsertest.JSON(500, ""), errcode.ServerError, "alice"},
		{"404", browsertest.JSON(404, ""), errcode.ServerError, "alice"},
		{"200 without a front token", browsertest.JSON(200, ""), errcode.ServerError, "alice"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			superWorld(t, "header", func(t *testing.T, p *page, s *superServer, _ func() *page) {
				signIn(t, p, "alice")
				s.answer = func(string) *browser.Response { return tt.got }
				_, err := p.call("refresh", "{}")
				assert.Equal(t, []any{tt.code, tt.user}, []any{errcode.Of(err), p.user()})
			})
		})
	}
}

func TestS71ASignOutWithATokenThatIsOver(t *testing.T) {
	superWorld(t, "header", func(t *testing.T, p *page, s *superServer, _ func() *page) {
		signIn(t, p, "alice")
		s.take()
		first := true
		s.answer = func(path string) *browser.Response {
			if path == "/auth/signout" && first {
				first = false
				return browsertest.JSON(401, `{"message":"try refresh token"}`)
			}
			return nil
		}
		_, err := p.call("logout", "{}")
		require.NoError(t, err)
		assert.Equal(t, []string{"/auth/signout, /auth/session/refresh, /auth/signout", "", "anonymous"}, []string{s.take(), s.user, p.user()})
	})
}

func TestS89ASlowAnswerIsNoClockThatIsWrong(t *testing.T) {
	superWorld(t, "cookie", func(t *testing.T, p *page, s *superServer, _ func() *page) {
		signIn(t, p, "alice")
		s.answer = func(string) *browser.Response {
			now := s.now()
			got := browsertest.JSON(200, "{}")
			got.Headers["front-token"] = frontToken("alice", (now+3600)*1000, now, "")
			time.Sleep(9 * time.Second)
			return got
		}
		now := s.now()
		_, err := p.call("refresh", "{}")
		require.NoError(t, err)
		got, _ := p.member("expiresAt").Int()
		assert.Equal(t, (now+3600)*1000, got)
	})
}

func TestCK06CookiesThatAreNotKept(t *testing.T) {
	for _, tt := range []struct {
		name, mode, body string
		after            time.Duration
		errors           []string
	}{
		{"just given", "cookie", `{"message":"unauthorised"}`, 0, []string{"storage_failed"}},
		{"in use for a while", "cookie", `{"message":"unauthorised"}`, time.Minute, nil},
		{"stolen", "cookie", `{"message":"token theft detected"}`, 0, nil},
		{"in headers", "header", `{"message":"unauthorised"}`, 0, nil},
	} {
		t.Run(tt.name, func(t *testing.T) {
			superWorld(t, tt.mode, func(t *testing.T, p *page, s *superServer, _ func() *page) {
				signIn(t, p, "alice")
				time.Sleep(tt.after)
				p.takeEvents()
				s.take()
				s.answer = func(string) *browser.Response { return browsertest.JSON(401, tt.body) }
				for range 3 {
					p.mu.Lock()
					stamp := fmt.Sprintf(`"as":"user","session":%q,"version":%d`, p.session, p.version)
					p.mu.Unlock()
					assert.Equal(t, "giveup", p.outcome("refused", stamp, `,"status":401`))
				}
				synctest.Wait()
				assert.Equal(t, tt.errors, p.codes())
				assert.Contains(t, p.takeEvents(), "expired, logout:expired")
				assert.Equal(t, "/auth/session/refresh", s.take())
			})
		})
	}
}

func TestS34TriesThatCameToNothing(t *testing.T) {
	superWorld(t, "cookie", func(t *testing.T, p *page, s *superServer, _ func() *page) {
		signIn(t, p, "alice")
		s.take()
		p.takeEvents()
		p.mu.Lock()
		stamp := fmt.Sprintf(`{"as":"user","session":%q,"version":%d,"tries":10}`, p.session, p.version)
		p.mu.Unlock()
		_, err := p.call("observed", stamp)
		require.NoError(t, err)
		assert.Equal(t, []any{[]string{"server_error"}, "alice", ""}, []any{p.codes(), p.user(), s.take()})
	})
}

// claimed has an endpoint at /claim that says what time it is, or what fails.
func claimed(s *superServer, fails func() *browser.Response) {
	s.answer = func(path string) *browser.Response {
		if path != "/claim" {
			return nil
		}
		// All that want it are there by then.
		time.Sleep(time.Second)
		if got := fails(); got != nil {
			return got
		}
		now := s.now()
		got := browsertest.JSON(200, "{}")
		got.Headers["front-token"] = frontToken("alice", (now+3600)*1000, now, fmt.Sprintf(`,"a":{"v":true,"t":%d}`, now*1000))
		return got
	}
}

func lookAgain(p *page, seen string) error {
	_, err := p.call("lookAgain", `{"claims":[{"id":"a","refresh":"`+origin+`/claim"`+seen+`}]}`)
	return err
}

func TestS87LookingAgainIsOneRequestForAllTabs(t *testing.T) {
	for _, tt := range []struct {
		name string
		got  *browser.Response
		want string
	}{
		{"that brings it", nil, "/claim"},
		// Another tab can't know that it has been tried.
		{"that fails", browsertest.JSON(500, ""), "/claim, /claim"},
		{"that brings nothing", browsertest.JSON(200, "{}"), "/claim, /claim"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			superWorld(t, "cookie", func(t *testing.T, p *page, s *superServer, open func() *page) {
				signIn(t, p, "alice")
				other := open()
				claimed(s, func() *browser.Response { return tt.got })
				s.take()
				var group sync.WaitGroup
				for range 5 {
					for _, tab := range []*page{p, other} {
						group.Go(func() { assert.NoError(t, lookAgain(tab, "")) })
					}
				}
				group.Wait()
				assert.Equal(t, tt.want, s.take())
				at, known := p.member("claims").Get("a").Get("t").Int()
				assert.Equal(t, tt.got == nil, known)
				if !known {
					require.NoError(t, lookAgain(p, ""))
					assert.Equal(t, "/claim", s.take(), "who comes later asks again")
					return
				}
				require.NoError(t, lookAgain(p, ""))
				assert.Empty(t, s.take(), "what is newer than the caller knew")
				require.NoError(t, lookAgain(p, fmt.Sprintf(`,"seen":%d`, at)))
				assert.Equal(t, "/claim", s.take())
			})
		})
	}
}

func TestS87LookingAgainAsWhoIsThere(t *testing.T) {
	superWorld(t, "header", func(t *testing.T, p *page, s *superServer, _ func() *page) {
		s.take()
		assert.Equal(t, errcode.SessionExpired, errcode.Of(lookAgain(p, "")), "nobody is")
		assert.Empty(t, s.take())
		signIn(t, p, "alice")
		s.take()
		refusals := 1
		claimed(s, func() *browser.Response {
			if refusals--; refusals >= 0 {
				return browsertest.JSON(401, `{"message":"try refresh token"}`)
			}
			return nil
		})
		require.NoError(t, lookAgain(p, ""))
		assert.Equal(t, "/claim, /auth/session/refresh, /claim", s.take())
		last := s.seen[len(s.seen)-1]
		assert.Equal(t, []string{"Bearer at_2", "anti-csrf", ""}, []string{last["authorization"], last["rid"], last["fdi-version"]})

		refusals = 9
		require.NoError(t, lookAgain(p, `,"seen":`+p.member("claims").Get("a").Get("t").JSON()))
		assert.Equal(t, "/claim, /auth/session/refresh, /claim", s.take(), "no loop")
		s.user = ""
		assert.Equal(t, errcode.SessionExpired, errcode.Of(lookAgain(p, "")))
		assert.Equal(t, "anonymous", p.user())
	})
}

func TestS87OtherSchemesHaveNone(t *testing.T) {
	cookied(t, cookieConfig(""), func(t *testing.T, p *page, _ *jar, _ func() *page) {
		signIn(t, p, "alice")
		assert.Equal(t, errcode.NotSupported, errcode.Of(lookAgain(p, "")))
	})
}
