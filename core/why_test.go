package core_test

import (
	"cmp"
	"context"
	"encoding/base64"
	"fmt"
	"maps"
	"net/url"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
	"latchkey/core/strictjson"
)

// ends collects why each logout and each expired is told.
type ends struct {
	mu  sync.Mutex
	all []strictjson.Value
}

// take returns them, as "type: reason …", and forgets them.
func (e *ends) take() string {
	e.mu.Lock()
	defer e.mu.Unlock()
	var all []string
	for _, v := range e.all {
		all = append(all, describe(v))
	}
	e.all = nil
	return strings.Join(all, ", ")
}

func describe(e strictjson.Value) string {
	why := e.Get("why")
	words := []string{e.Get("type").TextOr("") + ":", e.Get("reason").TextOr(""), why.Get("trigger").TextOr(""), why.Get("error").TextOr(""), why.Get("oauth").Get("error").TextOr("")}
	generation, _ := why.Get("generation").Int()
	words = append(words, fmt.Sprint(generation))
	if here, _ := why.Get("here").Bool(); here {
		words = append(words, "here")
	}
	return strings.Join(strings.Fields(strings.Join(words, " ")), " ")
}

// listen has the ends told to a page collected.
func (p *page) listen() *ends {
	all := &ends{}
	p.heard = func(e strictjson.Value) {
		if t := e.Get("type").TextOr(""); t == "logout" || t == "expired" {
			all.mu.Lock()
			defer all.mu.Unlock()
			all.all = append(all.all, e)
		}
	}
	return all
}

// trace is what the page gets of session.trace(), as web/src/trace.ts makes it.
func (p *page) trace(t *testing.T) []strictjson.Value {
	t.Helper()
	text, err := p.call("trace", "{}")
	require.NoError(t, err)
	v, err := strictjson.Parse(text)
	require.NoError(t, err)
	number := func(e strictjson.Value, name string) int64 { n, _ := e.Get(name).Int(); return n }
	all := slices.Clone(v.Get("entries").Items())
	if why := v.Get("why"); why.Kind() == strictjson.Obj {
		all = append(all, why)
	}
	var told []strictjson.Value
	ends := map[string]bool{}
	for _, e := range all {
		if e.Get("what").TextOr("") == "ended" {
			end := fmt.Sprint(e.Get("as").TextOr(""), e.Get("tab").TextOr(""), e.Get("reason").TextOr(""), number(e, "generation"))
			if ends[end] {
				continue
			}
			ends[end] = true
		}
		told = append(told, e)
	}
	slices.SortStableFunc(told, func(a, b strictjson.Value) int {
		return cmp.Or(cmp.Compare(number(a, "at"), number(b, "at")), cmp.Compare(number(a, "generation"), number(b, "generation")))
	})
	return told
}

// tale is a trace in short, without the refreshes that went well.
func (p *page) tale(t *testing.T) string {
	t.Helper()
	var all []string
	for _, e := range p.trace(t) {
		what := e.Get("what").TextOr("")
		words := []string{e.Get("as").TextOr(""), what, e.Get("reason").TextOr(""), e.Get("error").TextOr(""), e.Get("oauth").Get("error").TextOr("")}
		if what != "renewed" && what != "sending" && what != "failed" {
			all = append(all, strings.Join(strings.Fields(strings.Join(words, " ")), " "))
		}
	}
	return strings.Join(all, ", ")
}

func TestWhyEveryTabKnowsWhoEndedTheSession(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		first := openPage(t, profile, server, config(""))
		second := openPage(t, profile, server, config(""))
		here, there := first.listen(), second.listen()
		signIn(t, first, "alice")
		synctest.Wait()

		_, err := first.call("logout", "{}")
		require.NoError(t, err)
		synctest.Wait()
		assert.Equal(t, "logout: user 2 here", here.take())
		assert.Equal(t, "logout: user 2", there.take())

		signIn(t, second, "alice")
		synctest.Wait()
		server.RevokeAll()
		_, _, err = first.fetch()
		require.NoError(t, err)
		synctest.Wait()
		assert.Equal(t, "expired: server_error invalid_grant 4 here, logout: expired server_error invalid_grant 4 here", told(here.take()))
		assert.Equal(t, "expired: server_error invalid_grant 4, logout: expired server_error invalid_grant 4", told(there.take()))

		time.Sleep(time.Second)
		const tale = "began, ended user, began, ended expired server_error invalid_grant"
		assert.Equal(t, tale, first.tale(t))
		assert.Equal(t, tale, second.tale(t))
		later := openPage(t, profile, server, config(""))
		assert.Equal(t, tale, later.tale(t), "and a page that opens later")
		entries := later.trace(t)
		assert.NotEqual(t, entries[0].Get("tab"), entries[len(entries)-1].Get("tab").TextOr(""), "tabs are told apart")
		for _, e := range entries {
			assert.Len(t, e.Get("tab").TextOr(""), 8)
		}
	})
}

// told leaves the trigger out, as it depends on who came first.
func told(ends string) string {
	for _, trigger := range []string{"refused ", "use ", "due ", "ask ", "doubt "} {
		ends = strings.ReplaceAll(ends, trigger, "")
	}
	return ends
}

func TestWhySomebodyElseHasSignedIn(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		first := openPage(t, profile, server, config(""))
		second := openPage(t, profile, server, config(""))
		signIn(t, first, "alice")
		synctest.Wait()
		here, there := first.listen(), second.listen()
		signIn(t, first, "bob")
		synctest.Wait()
		assert.Equal(t, "logout: switched login 2 here", here.take())
		assert.Equal(t, "logout: switched login 2", there.take())
		assert.Equal(t, "began, ended switched, began", second.tale(t))
		signIn(t, first, "bob")
		synctest.Wait()
		assert.Empty(t, there.take(), "the same person again is no end")
		assert.Equal(t, "began, ended switched, began, began", second.tale(t))
	})
}

func TestWhyTheSiteDataWasCleared(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := openPage(t, profile, server, config(""))
		other := openPage(t, profile, server, config(""))
		signIn(t, p, "alice")
		synctest.Wait()
		why := p.listen()
		profile.Storage().Clear()
		for _, page := range []*page{p, other} {
			page.tab.Signal(browser.Resumed)
			time.Sleep(2 * time.Second) // it might be that a write is late
		}
		assert.Equal(t, "logout: revoked cleared 1", why.take())
		time.Sleep(time.Second)
		assert.Equal(t, "ended revoked", p.tale(t), "once, and what was before went with it")
	})
}

// RR-44: whoever has stolen a refresh token and used it has the server end the family.
// The next request in any tab learns of it, and says why.
func TestRR44AFamilyThatWasRevokedForReuseEndsOnceWithItsReason(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		var pages []*page
		var heard []*ends
		for range 3 {
			p := openPage(t, profile, server, config(""))
			pages, heard = append(pages, p), append(heard, p.listen())
		}
		signIn(t, pages[0], "alice")
		synctest.Wait()
		v, _ := strictjson.Parse(profile.Storage().Value("latchkey/1/id/shop/"))
		stolen := v.Get("tokens").Get("refresh").TextOr("")
		_, err := pages[0].call("refresh", "{}")
		require.NoError(t, err)
		synctest.Wait()
		thief := &browser.Request{Method: "POST", URL: issuer + "/token", Body: url.Values{"grant_type": {"refresh_token"}, "refresh_token": {stolen}, "client_id": {"shop"}}.Encode()}
		answer, err := server.Serve(t.Context(), thief)
		require.NoError(t, err)
		require.Equal(t, 400, answer.Status)
		asked := server.Refreshes()

		server.Fault = func(req *browser.Request, form url.Values) (*browser.Response, error) {
			if form.Get("grant_type") == "refresh_token" {
				return browsertest.JSON(400, `{"error":"invalid_grant","error_description":"Maximum allowed refresh token reuse exceeded"}`), nil
			}
			return nil, nil
		}
		_, status, err := pages[1].fetch()
		require.NoError(t, err)
		assert.Equal(t, 401, status)
		synctest.Wait()
		assert.LessOrEqual(t, server.Refreshes()-asked, 1)
		for i, p := range pages {
			assert.Equal(t, "anonymous", p.user())
			assert.Equal(t, 2, strings.Count(heard[i].take(), "invalid_grant"), "expired and logout, once")
		}
		entries := pages[2].trace(t)
		last := entries[len(entries)-1]
		assert.Equal(t, "maximum … refresh token reuse exceeded", last.Get("oauth").Get("error_description").TextOr(""))
	})
}

// XS-09, of the trace: nothing in it, in the record that ended, or in an event is a
// token, a code, a verifier, a password or a name of anybody's.
func TestXS09NothingInTheTraceIsASecret(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		secrets := map[string]bool{"wonderland": true, "alice": true, "bob": true, "looking-glass": true}
		see := func(text string) {
			if len(text) > 3 {
				secrets[text] = true
			}
		}
		serve := profile.Server
		profile.Server = func(ctx context.Context, req *browser.Request) (*browser.Response, error) {
			form, _ := url.ParseQuery(req.Body)
			for name, values := range form {
				if name != "grant_type" && name != "client_id" && name != "scope" && name != "redirect_uri" && name != "token_type_hint" {
					see(values[0])
				}
			}
			answer, err := serve(ctx, req)
			if answer != nil {
				v, _ := strictjson.Parse(string(answer.Body))
				for _, name := range []string{"access_token", "refresh_token", "id_token"} {
					see(v.Get(name).TextOr(""))
				}
			}
			return answer, err
		}
		server.Fault = func(_ *browser.Request, form url.Values) (*browser.Response, error) {
			if form.Get("refresh_token") != "" && form.Get("grant_type") != "" && server.Refreshes() > 2 {
				return browsertest.JSON(400, fmt.Sprintf(`{"error":"invalid_grant","error_description":"token %s of alice (%s) has expired","error_uri":"https://id.test/?t=%s"}`,
					form.Get("refresh_token"), base64.RawURLEncoding.EncodeToString([]byte(form.Get("refresh_token"))), form.Get("refresh_token"))), nil
			}
			return nil, nil
		}
		var mu sync.Mutex
		var told []string
		p := openPage(t, profile, server, config(""))
		synctest.Wait()
		p.heard = func(e strictjson.Value) {
			mu.Lock()
			defer mu.Unlock()
			told = append(told, e.Get("why").JSON())
		}
		_, err := p.call("loginWithCredentials", `{"username":"bob","password":"looking-glass"}`)
		require.Error(t, err)
		signIn(t, p, "bob")
		signIn(t, p, "alice") // switched
		for range 4 {
			_, _ = p.call("refresh", "{}")
		}
		require.Equal(t, "anonymous", p.user())
		ended := profile.Storage().Value("latchkey/1/id/shop/")

		code := strings.Replace(config(""), `"flow":"password"`, `"flow":"code"`, 1)
		leaving := openPage(t, profile, server, code)
		_, err = leaving.call("loginWithRedirect", `{}`)
		require.NoError(t, err)
		sent := leaving.tab.Location().Assigned()[0]
		q := query(t, sent)
		see(q.Get("state"))
		see(q.Get("nonce"))
		see(q.Get("code_challenge"))
		back := server.Authorize(sent, "alice")
		see(query(t, back).Get("code"))
		came, err := newPage(profile.Open(back), server, code)
		require.NoError(t, err)
		defer came.rt.Close()
		_, err = came.call("start", `{"callback":"`+back+`"}`)
		require.NoError(t, err)
		require.Equal(t, "alice", came.user())
		server.Fault = nil
		_, _ = came.call("refresh", "{}")
		_, err = came.call("logout", "{}")
		require.NoError(t, err)
		time.Sleep(time.Second)

		assert.Equal(t, "began, ended switched, began, ended expired server_error invalid_grant, began, ended user", came.tale(t))
		synctest.Wait()
		mu.Lock()
		defer mu.Unlock()
		seen := slices.Concat(told, []string{ended, profile.Storage().Value("latchkey/1/id/shop/"), profile.Storage().Value("latchkey/1/id/shop//trace")})
		for _, e := range came.trace(t) {
			seen = append(seen, e.JSON())
		}
		require.Greater(t, len(secrets), 12)
		for _, text := range seen {
			for _, secret := range slices.Sorted(maps.Keys(secrets)) {
				if strings.Contains(text, secret) {
					t.Errorf("a secret of %d characters is in what is kept or told", len(secret))
				}
			}
		}
	})
}
