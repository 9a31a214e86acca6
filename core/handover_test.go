package core_test

import (
	"context"
	"fmt"
	"net/url"
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
	"latchkey/core/strictjson"
)

const exchange = origin + "/auth/code"

// handing is a configuration with which codes go to the app's backend.
func handing() string {
	return strings.Replace(byCode(), `"flow"`, `"codeExchange":"`+exchange+`","flow"`, 1)
}

// backend is the app's own: it redeems codes, and has one session for the browser.
type backend struct {
	server *browsertest.AuthServer
	// life is what it says of its session; 0 is nothing.
	life int
	// silent has it say nothing at all.
	silent bool
	// fault may answer instead.
	fault func() (*browser.Response, error)

	mu     sync.Mutex
	cookie string // whose session it is; "" for none
	codes  []string
}

func (b *backend) serve(ctx context.Context, req *browser.Request) (*browser.Response, error) {
	if req.URL != exchange {
		return b.server.Serve(ctx, req)
	}
	v, err := strictjson.Parse(req.Body)
	if err != nil || !req.Credentials {
		return browsertest.JSON(400, ""), nil
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	code := v.Get("code").TextOr("")
	b.codes = append(b.codes, code)
	if b.fault != nil {
		if answer, err := b.fault(); answer != nil || err != nil {
			return answer, err
		}
	}
	form := url.Values{
		"grant_type": {"authorization_code"}, "client_id": {"shop"}, "code": {code},
		"code_verifier": {v.Get("codeVerifier").TextOr("")}, "redirect_uri": {v.Get("redirectUri").TextOr("")},
	}
	answer, _ := b.server.Serve(ctx, &browser.Request{Method: "POST", URL: issuer + "/token", Body: form.Encode()})
	if answer.Status != 200 {
		return answer, nil
	}
	got, _ := strictjson.Parse(string(answer.Body))
	b.cookie, _ = b.server.API("Bearer " + got.Get("access_token").TextOr(""))
	if b.silent {
		return browsertest.JSON(204, ""), nil
	}
	life := ""
	if b.life != 0 {
		life = fmt.Sprintf(`,"expiresIn":%d`, b.life)
	}
	return browsertest.JSON(200, fmt.Sprintf(`{"sub":%q,"claims":{"name":"N of %s","n":%d}%s}`, b.cookie, b.cookie, len(b.codes), life)), nil
}

func (b *backend) forget() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cookie = ""
}

// fetch asks the API that knows the cookie, as web/src/fetch.ts does.
func (b *backend) fetch(p *page) (user string, status int, included bool) {
	for attempt := 0; ; attempt++ {
		p.mu.Lock()
		stamp := fmt.Sprintf(`"as":"user","session":%q,"version":%d`, p.session, p.version)
		rules := p.policy.Get("rules").Items()
		p.mu.Unlock()
		included = len(rules) == 1 && rules[0].Get("credentials").TextOr("") == "include" && rules[0].Get("headers").Kind() == strictjson.Missing
		b.mu.Lock()
		user = b.cookie
		b.mu.Unlock()
		if user != "" {
			return user, 200, included
		}
		if attempt == 1 || !included || p.outcome("refused", stamp, `,"status":401`) != "retry" {
			return "", 401, included
		}
	}
}

// handed is a page whose codes go to a backend.
func handed(t *testing.T, test func(t *testing.T, p *page, w *windows, b *backend, profile *browsertest.Profile)) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		w := &windows{server: server}
		b := &backend{server: server}
		profile.Window, profile.Server = w.show, b.serve
		test(t, openPage(t, profile, server, handing()), w, b, profile)
	})
}

// enter signs in by popup.
func enter(t *testing.T, p *page, w *windows, user string) {
	t.Helper()
	w.set(func() { w.user = user })
	_, err := p.call("loginWithPopup", `{"window":1}`)
	require.NoError(t, err)
}

func (p *page) member(name string) strictjson.Value {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state.Get(name)
}

func TestS12TheWholePathWithABackend(t *testing.T) {
	handed(t, func(t *testing.T, first *page, _ *windows, b *backend, profile *browsertest.Profile) {
		_, err := first.call("loginWithRedirect", `{"returnTo":"/orders"}`)
		require.NoError(t, err)
		back := b.server.Authorize(first.tab.Location().Assigned()[0], "alice")
		p, err := newPage(profile.Open(back), b.server, handing())
		require.NoError(t, err)
		defer p.rt.Close()
		result, err := p.call("start", `{"callback":"`+back+`"}`)
		require.NoError(t, err)
		assert.JSONEq(t, `{"returnTo":"/orders"}`, result)
		assert.Equal(t, []any{"alice", "N of alice"}, []any{p.user(), p.member("claims").Get("name").TextOr("")})
		assert.Equal(t, []strictjson.Kind{strictjson.Null, strictjson.Null}, []strictjson.Kind{p.member("expiresAt").Kind(), p.member("tokenType").Kind()})
		assert.Equal(t, "login", p.takeEvents())
		user, status, included := b.fetch(p)
		assert.Equal(t, []any{"alice", 200, true}, []any{user, status, included})

		synctest.Wait()
		assert.Equal(t, "login (remote)", first.takeEvents())
		assert.Equal(t, "alice", first.user())
		reloaded := openPage(t, profile, b.server, handing())
		assert.Equal(t, "alice", reloaded.user())
		assert.Empty(t, reloaded.takeEvents())

		// The same answer again asks nobody anything.
		again, err := newPage(profile.Open(back), b.server, handing())
		require.NoError(t, err)
		defer again.rt.Close()
		_, err = again.call("start", `{"callback":"`+back+`"}`)
		require.NoError(t, err)
		assert.Equal(t, "alice", again.user())
		assert.Len(t, b.codes, 1)
		assert.Equal(t, 1, b.server.Answered("authorization_code", 200), "by the backend")
		for key, value := range profile.Storage().All() {
			for _, secret := range []string{"at_", "rt_", b.codes[0], "eyJ", "verifier"} {
				assert.NotContains(t, value, secret, key)
			}
		}
	})
}

func TestS12NobodyGetsATokenOfABackend(t *testing.T) {
	handed(t, func(t *testing.T, p *page, w *windows, b *backend, _ *browsertest.Profile) {
		for range 2 { // without a session, and with one
			for _, command := range []string{"accessToken", "idToken", "userInfo"} {
				_, err := p.call(command, "{}")
				assert.Equal(t, errcode.NotSupported, errcode.Of(err), command)
				assert.ErrorContains(t, err, "backend", command)
			}
			enter(t, p, w, "alice")
		}
	})
}

func TestS12WithoutANameItIsTheCurrentUser(t *testing.T) {
	handed(t, func(t *testing.T, p *page, w *windows, b *backend, _ *browsertest.Profile) {
		b.silent = true
		enter(t, p, w, "alice")
		assert.Equal(t, "current", p.user())
		assert.Equal(t, strictjson.Null, p.member("claims").Kind())
		_, err := p.call("refresh", "{}")
		assert.Equal(t, errcode.InteractionRequired, errcode.Of(err), "nobody could tell whose the new session is")
		b.forget()
		_, status, _ := b.fetch(p)
		assert.Equal(t, 401, status)
		assert.Equal(t, "login, expired, logout:expired", p.takeEvents())
		assert.Len(t, w.kinds, 1, "no frame")
	})
}

func TestS12ARefusedRequestHandsANewCodeOver(t *testing.T) {
	handed(t, func(t *testing.T, p *page, w *windows, b *backend, profile *browsertest.Profile) {
		enter(t, p, w, "alice")
		other := openPage(t, profile, b.server, handing())
		session, version, _, _ := p.now()
		b.forget()
		user, status, _ := b.fetch(p)
		assert.Equal(t, []any{"alice", 200}, []any{user, status})
		assert.Equal(t, []string{"popup", "frame"}, w.kinds)
		assert.Equal(t, "login, refresh", p.takeEvents())
		again, next, _, _ := p.now()
		assert.Equal(t, []any{session, version + 1}, []any{again, next}, "the same session, renewed")
		n, _ := p.member("claims").Get("n").Int()
		assert.EqualValues(t, 2, n, "the claims are those that came last")
		synctest.Wait()
		assert.Equal(t, "refresh (remote)", other.takeEvents())
	})
}

func TestS12TheEndOfExpiresIn(t *testing.T) {
	t.Run("renewed ahead of time", func(t *testing.T) {
		handed(t, func(t *testing.T, p *page, w *windows, b *backend, profile *browsertest.Profile) {
			b.life = 600
			enter(t, p, w, "alice")
			end, _ := p.member("expiresAt").Int()
			assert.Equal(t, profile.Now().Add(10*time.Minute).UnixMilli(), end)
			_, _, _, until := p.now()
			assert.Equal(t, end, until, "then the core is asked before a request is sent")
			time.Sleep(10 * time.Minute)
			assert.Equal(t, "login, refresh", p.takeEvents())
		})
	})
	t.Run("and the server knows nobody", func(t *testing.T) {
		handed(t, func(t *testing.T, p *page, w *windows, b *backend, profile *browsertest.Profile) {
			b.life = 600
			enter(t, p, w, "alice")
			w.set(func() { w.user = "" })
			time.Sleep(11 * time.Minute)
			assert.Equal(t, "login", p.takeEvents(), "nobody has asked for anything")
			session, version, _, _ := p.now()
			assert.Equal(t, "send", p.outcome("authorize", `"as":"user","session":"`+session+`","version":`+itoa(version), ""))
			assert.Equal(t, "expired, logout:expired", p.takeEvents())
			next := openPage(t, profile, b.server, handing())
			assert.Equal(t, "anonymous", next.user())
		})
	})
}

func TestS12TheServerKnowsSomebodyElse(t *testing.T) {
	handed(t, func(t *testing.T, p *page, w *windows, b *backend, _ *browsertest.Profile) {
		enter(t, p, w, "alice")
		w.set(func() { w.user = "bob" })
		b.forget()
		_, status, _ := b.fetch(p)
		assert.Equal(t, 401, status, "it does not run as somebody else")
		assert.Equal(t, "anonymous", p.user())
		assert.Equal(t, "login, expired, logout:expired", p.takeEvents())
	})
}

func TestS12ABackendInTroubleKeepsTheSession(t *testing.T) {
	tests := map[string]func() (*browser.Response, error){
		"503":             func() (*browser.Response, error) { return browsertest.JSON(503, ""), nil },
		"a page":          func() (*browser.Response, error) { return browsertest.JSON(200, "<html>"), nil },
		"no network":      func() (*browser.Response, error) { return nil, browser.ErrNetwork },
		"an OAuth error":  func() (*browser.Response, error) { return browsertest.JSON(400, `{"error":"invalid_grant"}`), nil },
		"too many of us":  func() (*browser.Response, error) { return browsertest.JSON(429, ""), nil },
		"a body too long": func() (*browser.Response, error) { return nil, browser.ErrTooLarge },
	}
	for name, fault := range tests {
		t.Run(name, func(t *testing.T) {
			handed(t, func(t *testing.T, p *page, w *windows, b *backend, _ *browsertest.Profile) {
				enter(t, p, w, "alice")
				p.takeEvents()
				session, version, _, _ := p.now()
				b.fault = fault
				// A sign-in that fails, and a renewal.
				_, err := p.call("loginWithPopup", `{"window":1}`)
				require.Error(t, err)
				b.forget()
				_, status, _ := b.fetch(p)
				assert.Equal(t, 401, status, "the server's own refusal")
				again, same, _, _ := p.now()
				assert.Equal(t, []any{session, version, "alice"}, []any{again, same, p.user()})
				assert.Empty(t, p.takeEvents())
			})
		})
	}
}

func TestS12ALogout(t *testing.T) {
	handed(t, func(t *testing.T, p *page, w *windows, b *backend, profile *browsertest.Profile) {
		other := openPage(t, profile, b.server, handing())
		enter(t, p, w, "alice")
		synctest.Wait()
		other.takeEvents()
		before := len(b.codes)
		_, err := p.call("logout", `{"returnTo":"/bye"}`)
		require.NoError(t, err)
		assert.Equal(t, "login, logout:user", p.takeEvents())
		require.Len(t, p.tab.Location().Assigned(), 1, "to the server's page")
		q := query(t, p.tab.Location().Assigned()[0])
		assert.Equal(t, []string{"", "shop", origin + "/bye"}, []string{q.Get("id_token_hint"), q.Get("client_id"), q.Get("post_logout_redirect_uri")})
		assert.Empty(t, b.server.Revoked())
		assert.Len(t, b.codes, before)
		synctest.Wait()
		assert.Equal(t, "logout:user (remote)", other.takeEvents())
	})
}

func TestS12TheOptionIsTurned(t *testing.T) {
	handed(t, func(t *testing.T, p *page, w *windows, b *backend, profile *browsertest.Profile) {
		enter(t, p, w, "alice")
		p.rt.Close()
		off := openPage(t, profile, b.server, byCode())
		assert.Equal(t, "expired, logout:expired", off.takeEvents(), "there is no token")
		enter(t, off, w, "alice")
		off.rt.Close()
		on := openPage(t, profile, b.server, handing())
		assert.Equal(t, "expired, logout:expired", on.takeEvents(), "the backend knows nobody")
	})
}

func TestS12WhatGoesWithABackend(t *testing.T) {
	tests := []struct {
		name, more, flow string
		ok               bool
	}{
		{"a code", "", "code", true},
		{"a code, said", `"responseType":"code",`, "code", true},
		{"a password", "", "password", false},
		{"tokens in the address", `"responseType":"id_token token",`, "code", false},
		{"some of both", `"responseType":"code id_token",`, "code", false},
		{"a key", `"dpop":true,`, "code", false},
		{"a watch", `"monitorSession":true,`, "code", false},
		{"a backend in clear", `"allowInsecure":false,"codeExchange":"http://app.test/auth",`, "code", false},
	}
	for _, tt := range tests {
		if !strings.Contains(tt.more, "codeExchange") {
			tt.more += `"codeExchange":"` + exchange + `",`
		}
		profile := browsertest.NewProfile()
		_, err := newPage(profile.Open(origin+"/"), browsertest.NewAuthServer(issuer, profile.Now), strings.Replace(config(tt.more), `"flow":"password"`, `"flow":"`+tt.flow+`"`, 1))
		assert.Equal(t, tt.ok, err == nil, "%s: %v", tt.name, err)
		if !tt.ok {
			assert.Equal(t, errcode.ConfigInvalid, errcode.Of(err), tt.name)
			assert.ErrorContains(t, err, "auth.codeExchange", tt.name)
		}
	}
	// Without a token endpoint, which only the backend asks.
	profile := browsertest.NewProfile()
	oauth := strings.Replace(handing(), `"scheme":"oidc"`, `"scheme":"oauth","endpoints":{"authorization":"https://id.test/authorize"}`, 1)
	_, err := newPage(profile.Open(origin+"/"), browsertest.NewAuthServer(issuer, profile.Now), oauth)
	assert.NoError(t, err)
}
