package core_test

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
	"latchkey/core/errcode"
)

// world is a bubble with a browser and a server.
func world(t *testing.T, test func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer)) {
	synctest.Test(t, func(t *testing.T) {
		profile := browsertest.NewProfile()
		server := browsertest.NewAuthServer(issuer, profile.Now)
		profile.Server = server.Serve
		test(t, profile, server)
		time.Sleep(5 * time.Second) // lets who still looks at the storage come to an end
	})
}

func TestTheWholePathByRedirect(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		code := strings.Replace(config(""), `"flow":"password"`, `"flow":"code"`, 1)
		first := openPage(t, profile, server, code)
		assert.Equal(t, "anonymous", first.user())
		_, err := first.call("loginWithRedirect", `{"returnTo":"/orders?page=2#top","loginHint":"alice","params":{"ui_locales":"de"}}`)
		require.NoError(t, err)
		sent := first.tab.Location().Assigned()
		require.Len(t, sent, 1)
		q := query(t, sent[0])
		assert.Equal(t, "S256", q.Get("code_challenge_method"))
		assert.Len(t, q.Get("code_challenge"), 43)
		assert.Equal(t, "de", q.Get("ui_locales"))
		assert.NotEmpty(t, q.Get("nonce"))

		back := server.Authorize(sent[0], "alice")
		tab := profile.Open(back)
		second, err := newPage(tab, server, code)
		require.NoError(t, err)
		defer second.rt.Close()
		result, err := second.call("start", `{"callback":"`+back+`"}`)
		require.NoError(t, err)
		assert.JSONEq(t, `{"returnTo":"/orders?page=2#top"}`, result)
		assert.Equal(t, []string{"/orders?page=2#top"}, tab.Location().Navigated())
		assert.Equal(t, "alice", second.user())
		assert.Equal(t, "login", second.takeEvents())
		user, status, err := second.fetch()
		require.NoError(t, err)
		assert.Equal(t, 200, status)
		assert.Equal(t, "alice", user)

		synctest.Wait()
		assert.Equal(t, "login (remote)", first.takeEvents())

		// S63: a reload signs nobody in, and nobody out.
		third := openPage(t, profile, server, code)
		assert.Equal(t, "alice", third.user())
		assert.Empty(t, third.takeEvents())

		// S71: logout ends it everywhere.
		_, err = third.call("logout", `{}`)
		require.NoError(t, err)
		synctest.Wait()
		assert.Equal(t, "logout:user", third.takeEvents())
		assert.Equal(t, "logout:user (remote)", second.takeEvents())
		assert.Equal(t, []string{"refresh_token", "access_token"}, server.Revoked(), "S72: refresh token first")
		require.Len(t, third.tab.Location().Assigned(), 1, "S73: the server's logout page")
		assert.Contains(t, third.tab.Location().Assigned()[0], issuer+"/logout?id_token_hint=")
		for key, value := range profile.Storage().All() {
			assert.NotContains(t, value, "at_", key)
			assert.NotContains(t, value, "rt_", key)
		}
	})
}

func query(t *testing.T, address string) url.Values {
	u, err := url.Parse(address)
	require.NoError(t, err)
	return u.Query()
}

func stamp(session string, version int64) string {
	return fmt.Sprintf(`"as":"user","session":%q,"version":%d`, session, version)
}

func TestS99WhomNobodyNamesMayBeSomebodyElse(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := openPage(t, profile, server, strings.Replace(config(""), `"scheme":"oidc"`, `"scheme":"occ","endpoints":{"token":"`+issuer+`/token"}`, 1))
		for _, user := range []string{"alice", "bob"} {
			_, err := p.call("loginWithCredentials", fmt.Sprintf(`{"username":%q,"password":"wonderland"}`, user))
			require.NoError(t, err)
		}
		synctest.Wait()
		assert.Equal(t, "current", p.user(), "the API calls both by one name")
		assert.Equal(t, "login, logout:switched, login", p.takeEvents(), "what was kept for the one is not the other's")
	})
}

func TestInvalidCredentials(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := openPage(t, profile, server, config(""))
		_, err := p.call("loginWithCredentials", `{"username":"alice","password":"Wond&=+ä"}`)
		assert.Equal(t, errcode.InvalidCredentials, errcode.Of(err))
		assert.NotContains(t, errcode.JSON(err), "Wond")
		assert.Contains(t, errcode.JSON(err), `"oauth":{"error":"invalid_grant"}`)
		assert.Empty(t, p.takeEvents())
		assert.Empty(t, profile.Storage().All())
	})
}

func TestTokensForCodeThatMust(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := openPage(t, profile, server, config(""))
		_, err := p.call("accessToken", "{}")
		assert.Equal(t, errcode.SessionExpired, errcode.Of(err))
		signIn(t, p, "alice")
		token, err := p.call("accessToken", `{"minValidity":60}`)
		require.NoError(t, err)
		assert.JSONEq(t, `{"token":"at_1"}`, token)
		token, err = p.call("accessToken", `{"minValidity":3600}`)
		require.NoError(t, err)
		assert.JSONEq(t, `{"token":"at_2"}`, token, "it would end within the hour")
		_, err = p.call("idToken", "{}")
		assert.NoError(t, err)
	})
}

func TestCallClosedAndUnknown(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := openPage(t, profile, server, config(""))
		_, err := p.call("makeCoffee", "{}")
		assert.Equal(t, errcode.RuntimeFailed, errcode.Of(err))
		_, err = p.call("refresh", "{")
		assert.Equal(t, errcode.ConfigInvalid, errcode.Of(err))
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		unstarted, err := newPage(profile.Open(origin+"/"), server, config(""))
		require.NoError(t, err)
		defer unstarted.rt.Close()
		_, err = unstarted.rt.Call(ctx, "refresh", "{}")
		assert.Equal(t, errcode.Aborted, errcode.Of(err))
		assert.True(t, errors.Is(err, context.Canceled))
	})
}

func TestAnAPIThatWantsAStrongerSignIn(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := alices(t, profile, server, config(""))
		p.takeEvents()
		session, version, _, _ := p.now()
		outcome := p.outcome("refused", fmt.Sprintf(`"as":"user","session":%q,"version":%d`, session, version),
			`,"status":401,"challenge":"Bearer error=\"insufficient_user_authentication\", acr_values=\"gold\", max_age=\"60\""`)
		assert.Equal(t, "good", outcome, "a refresh would bring the same sign-in")
		assert.Zero(t, server.Refreshes())
		assert.Equal(t, "error", p.takeEvents())
		assert.Equal(t, []string{"interaction_required"}, p.codes())
		assert.Equal(t, "alice", p.user())
	})
}

func TestFF50AnAPIThatSaysTheTokenIsGood(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := alices(t, profile, server, config(""))
		p.takeEvents()
		session, version, _, _ := p.now()
		for _, challenge := range []string{"insufficient_scope", "invalid_request"} {
			outcome := p.outcome("refused", fmt.Sprintf(`"as":"user","session":%q,"version":%d`, session, version), `,"status":401,"challenge":"Bearer error=`+challenge+`"`)
			assert.Equal(t, "good", outcome)
		}
		assert.Zero(t, server.Refreshes())
		assert.Empty(t, p.takeEvents())
	})
}

func TestOA41ALogoutPageThatCannotBeReachedIsNotGoneTo(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		code := strings.Replace(config(""), `"flow":"password"`, `"flow":"code"`, 1)
		for _, offline := range []bool{true, false} {
			first := openPage(t, profile, server, code)
			_, err := first.call("loginWithRedirect", `{}`)
			require.NoError(t, err)
			p := openPage(t, profile, server, code)
			back := server.Authorize(first.tab.Location().Assigned()[0], "alice")
			_, err = p.call("callback", `{"url":"`+back+`"}`)
			require.NoError(t, err)
			// Many servers let no page read the answer to a revocation: that looks like
			// no network too.
			profile.Server = func(ctx context.Context, req *browser.Request) (*browser.Response, error) {
				if offline || strings.HasSuffix(req.URL, "/revoke") {
					return nil, browser.ErrNetwork
				}
				return server.Serve(ctx, req)
			}
			_, err = p.call("logout", `{}`)
			require.NoError(t, err)
			assert.Equal(t, "anonymous", p.user())
			assert.Equal(t, offline, len(p.tab.Location().Assigned()) == 0)
			profile.Server = server.Serve
		}
	})
}
