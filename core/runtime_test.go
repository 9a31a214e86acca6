package core_test

import (
	"context"
	"errors"
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

func TestRR01ManyRefusedTogetherMakeOneRefresh(t *testing.T) {
	for _, n := range []int{2, 10, 100, 1000, 10000} {
		world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
			p := alices(t, profile, server, config(""))
			server.Expire()
			var group sync.WaitGroup
			for range n {
				group.Go(func() {
					user, status, err := p.fetch()
					assert.NoError(t, err)
					assert.Equal(t, 200, status)
					assert.Equal(t, "alice", user)
				})
			}
			group.Wait()
			assert.Equal(t, 1, server.Refreshes())
			assert.Equal(t, "login, refresh", p.takeEvents())
		})
	}
}

func stamp(session string, version int64) string {
	return fmt.Sprintf(`"as":"user","session":%q,"version":%d`, session, version)
}

func TestRR20AnotherTabHasRotated(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := alices(t, profile, server, config(""))
		other := openPage(t, profile, server, config(""))
		// The other tab commits while our answer, a refusal, is on its way.
		server.Fault = func(_ *browser.Request, form url.Values) (*browser.Response, error) {
			server.Fault = nil
			key := "latchkey/1/id/shop/"
			text := profile.Storage().Value(key)
			profile.Storage().Put(key, strings.NewReplacer(`"generation":1`, `"generation":2`, `"version":1`, `"version":2`).Replace(text))
			return browsertest.JSON(400, `{"error":"invalid_grant"}`), nil
		}
		server.Expire()
		_, _, err := p.fetch()
		require.NoError(t, err)
		assert.Equal(t, "alice", p.user())
		assert.Equal(t, "login, refresh (remote)", p.takeEvents())
		assert.NotContains(t, other.takeEvents(), "expired")
	})
}

func TestRR21RR22AServerInTroubleEndsNoSession(t *testing.T) {
	html := func(status int, body string) *browser.Response {
		return &browser.Response{Status: status, Headers: map[string]string{"content-type": "text/html"}, Body: []byte(body)}
	}
	tests := []struct {
		name   string
		answer *browser.Response
		err    error
		code   errcode.Code
	}{
		{"no network", nil, browser.ErrNetwork, errcode.NetworkError},
		{"an answer of 32 MB", nil, browser.ErrTooLarge, errcode.ServerError},
		{"500", browsertest.JSON(500, `{"error":"server_error"}`), nil, errcode.ServerError},
		{"500 that says invalid_grant", browsertest.JSON(500, `{"error":"invalid_grant"}`), nil, errcode.ServerError},
		{"502", html(502, "<h1>Bad gateway</h1>"), nil, errcode.ServerError},
		{"503", browsertest.JSON(503, ""), nil, errcode.ServerError},
		{"429", browsertest.JSON(429, `{"error":"invalid_grant"}`), nil, errcode.RateLimited},
		{"403 in HTML", html(403, "<h1>Forbidden</h1>"), nil, errcode.ServerError},
		{"404", html(404, ""), nil, errcode.ServerError},
		{"captive portal", html(200, "<html>Welcome to the hotel</html>"), nil, errcode.ServerError},
		{"nothing", browsertest.JSON(200, ""), nil, errcode.ServerError},
		{"204", browsertest.JSON(204, ""), nil, errcode.ServerError},
		{"half an answer", browsertest.JSON(200, `{"access_token":"at_x","token_ty`), nil, errcode.ServerError},
		{"null", browsertest.JSON(200, `null`), nil, errcode.ServerError},
		{"an array", browsertest.JSON(200, `[]`), nil, errcode.ServerError},
		{"200 with an error inside", browsertest.JSON(200, `{"error":"invalid_grant"}`), nil, errcode.ServerError},
		{"invalid_client (RR-25)", browsertest.JSON(401, `{"error":"invalid_client"}`), nil, errcode.ConfigInvalid},
		{"a token that is an object", browsertest.JSON(200, `{"access_token":{},"token_type":"bearer"}`), nil, errcode.ServerError},
		{"a token with a line break", browsertest.JSON(200, `{"access_token":"a\r\nb","token_type":"bearer"}`), nil, errcode.ServerError},
		{"a token twice", browsertest.JSON(200, `{"access_token":"a","access_token":"b","token_type":"bearer"}`), nil, errcode.ServerError},
		{"another token type", browsertest.JSON(200, `{"access_token":"a","token_type":"mac"}`), nil, errcode.ServerError},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
				p := alices(t, profile, server, config(""))
				p.takeEvents()
				server.Expire()
				asked := 0
				server.Fault = func(*browser.Request, url.Values) (*browser.Response, error) {
					asked++
					return tt.answer, tt.err
				}
				_, status, err := p.fetch()
				require.NoError(t, err)
				assert.Equal(t, 401, status, "the server's own answer")
				for range 50 { // RR-24
					_, _, _ = p.fetch()
				}
				assert.Equal(t, 1, asked, "who comes during the pause gets the last error")
				_, err = p.call("refresh", "{}")
				assert.Equal(t, tt.code, errcode.Of(err))
				assert.Equal(t, "alice", p.user())
				assert.Empty(t, p.takeEvents())

				server.Fault = nil
				time.Sleep(2 * time.Minute)
				_, status, err = p.fetch()
				require.NoError(t, err)
				assert.Equal(t, 200, status, "it goes on when the server is back")
			})
		})
	}
}

func TestRR26AServerThatNeverAnswers(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := alices(t, profile, server, config(""))
		profile.Server = func(ctx context.Context, _ *browser.Request) (*browser.Response, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		_, err := p.call("refresh", "{}")
		assert.Equal(t, errcode.Timeout, errcode.Of(err))
		assert.Equal(t, "alice", p.user())
		_, err = p.call("loginWithCredentials", `{"username":"bob","password":"wonderland"}`)
		assert.Equal(t, errcode.Timeout, errcode.Of(err))
		assert.Equal(t, "alice", p.user(), "a sign-in that fails leaves the session as it was")
	})
}

func TestRR23RetryAfterIsHeeded(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := alices(t, profile, server, config(""))
		asked := 0
		server.Fault = func(*browser.Request, url.Values) (*browser.Response, error) {
			asked++
			return &browser.Response{Status: 429, Headers: map[string]string{"retry-after": "30"}}, nil
		}
		_, err := p.call("refresh", "{}")
		var e *errcode.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, 30*time.Second, e.RetryAfter)
		_, err = p.call("refresh", "{}")
		assert.Equal(t, errcode.RateLimited, errcode.Of(err), "not even a page that asks for it gets one sooner")
		assert.Equal(t, 1, asked)
		server.Fault = nil
		time.Sleep(30 * time.Second)
		_, err = p.call("refresh", "{}")
		assert.NoError(t, err)
	})
}

func TestSeed53AClockThatJumpsDuringARefreshEndsNothing(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := alices(t, profile, server, config(""))
		profile.Server = func(ctx context.Context, req *browser.Request) (*browser.Response, error) {
			answer, err := server.Serve(ctx, req)
			profile.Jump(40 * time.Minute) // the lid was closed before the answer was read
			return answer, err
		}
		_, err := p.call("refresh", "{}")
		require.NoError(t, err)
		assert.Equal(t, "alice", p.user())
	})
}

func TestRR28TheOldRefreshTokenIsKept(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		server.KeepRefreshToken = true
		p := alices(t, profile, server, config(""))
		for range 3 {
			_, err := p.call("refresh", "{}")
			require.NoError(t, err)
		}
		assert.Equal(t, "alice", p.user(), "OP-39: and the old claims")
	})
}

func TestRR32LogoutDuringARefreshWins(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := openPage(t, profile, server, config(""))
		other := openPage(t, profile, server, config(""))
		signIn(t, p, "alice")
		synctest.Wait()
		answer := make(chan struct{})
		refreshing := make(chan struct{})
		server.Fault = func(_ *browser.Request, form url.Values) (*browser.Response, error) {
			if form.Get("grant_type") == "refresh_token" {
				close(refreshing)
				<-answer
			}
			return nil, nil
		}
		server.Expire()
		waiting := make(chan error)
		go func() {
			_, _, err := p.fetch()
			waiting <- err
		}()
		<-refreshing
		_, err := other.call("logout", `{"revoke":false}`)
		require.NoError(t, err)
		synctest.Wait()
		require.NoError(t, <-waiting, "RR-35: who waits does not wait for the answer")
		assert.Equal(t, "anonymous", p.user())
		close(answer)
		synctest.Wait()
		assert.Equal(t, "anonymous", p.user())
		assert.Equal(t, []string{"refresh_token", "access_token"}, server.Revoked(), "what came too late is given back")
		for key, value := range profile.Storage().All() {
			assert.NotContains(t, value, "at_", key)
		}
	})
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

func TestRR39ExpiresInThatIsNoNumberOfSeconds(t *testing.T) {
	for _, value := range []string{"0", "-1", `"3600"`, "1e15", "1e400", "{}", "null", "1.5"} {
		world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
			asked := 0
			server.Fault = func(_ *browser.Request, form url.Values) (*browser.Response, error) {
				if form.Get("grant_type") == "" {
					return nil, nil
				}
				asked++
				return browsertest.JSON(200, `{"access_token":"at_x","refresh_token":"rt_x","token_type":"Bearer","expires_in":`+value+`}`), nil
			}
			p := openPage(t, profile, server, config(""))
			_, err := p.call("loginWithCredentials", `{"username":"alice","password":"wonderland"}`)
			require.NoError(t, err, value)
			time.Sleep(24 * time.Hour)
			assert.Equal(t, 1, asked, value)
			assert.Equal(t, "current", p.user(), value)
		})
	}
}

func TestRR39AShortLifeIsNoLoop(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		server.Life = 4 * time.Second // far below refreshLeeway
		alices(t, profile, server, config(""))
		time.Sleep(40 * time.Second)
		assert.LessOrEqual(t, server.Refreshes(), 14)
		assert.GreaterOrEqual(t, server.Refreshes(), 10)
	})
}

func TestST01AFullStorageKeepsTheSessionInMemory(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := alices(t, profile, server, config(""))
		before := profile.Storage().Value("latchkey/1/id/shop/")
		profile.Storage().Fail(nil, browser.ErrQuota)
		for range 3 {
			_, err := p.call("refresh", "{}")
			require.NoError(t, err)
		}
		synctest.Wait()
		_, status, err := p.fetch()
		require.NoError(t, err)
		assert.Equal(t, 200, status)
		assert.Equal(t, []string{"storage_failed"}, p.errors, "once")
		assert.Equal(t, before, profile.Storage().Value("latchkey/1/id/shop/"), "the old record is whole")
		profile.Storage().Fail(nil, nil)
		_, err = p.call("refresh", "{}")
		require.NoError(t, err)
		assert.Contains(t, profile.Storage().Value("latchkey/1/id/shop/"), `"generation":5`, "S62: it is used again when it works again")
	})
}

func TestST02ARedirectIsNotBegunThatCouldNotBeFinished(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		profile.Storage().Fail(nil, browser.ErrBlocked)
		p := openPage(t, profile, server, strings.Replace(config(""), `"flow":"password"`, `"flow":"code"`, 1))
		_, err := p.call("loginWithRedirect", "{}")
		assert.Equal(t, errcode.StorageFailed, errcode.Of(err))
		assert.Empty(t, p.tab.Location().Assigned())
	})
}

func TestST04RubbishIsSignedOut(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		alices(t, profile, server, config(""))
		good := profile.Storage().Value("latchkey/1/id/shop/")
		for _, rubbish := range []string{
			"", "null", "undefined", "[]", "7", `"x"`, "{}", good[:len(good)/2], strings.Replace(good, issuer, "https://evil.test", 1),
			strings.Replace(good, `"client":"shop"`, `"client":"other"`, 1), strings.Replace(good, `"context":""`, `"context":"b"`, 1),
			strings.Replace(good, `"access":"at_1"`, `"access":7`, 1), strings.Replace(good, `"generation":1`, `"generation":"1"`, 1),
			strings.Replace(good, `"generation":1`, `"generation":-1`, 1), strings.Replace(good, `"format":1`, `"format":0`, 1),
		} {
			profile.Storage().Put("latchkey/1/id/shop/", rubbish)
			p := openPage(t, profile, server, config(""))
			assert.Equal(t, "anonymous", p.user(), rubbish)
			assert.Empty(t, p.errors)
			assert.Empty(t, profile.Storage().Value("latchkey/1/id/shop/"), "it is not met again")
			p.rt.Close()
		}
	})
}

func TestST08WhatIsStoredBesideTheTokensIsNotBelieved(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := alices(t, profile, server, config(""))
		good := profile.Storage().Value("latchkey/1/id/shop/")
		bad := strings.NewReplacer(`"userId":"alice"`, `"userId":"mallory"`, `"Bearer at_1"`, `"Bearer at_evil"`).Replace(good)
		require.NotEqual(t, good, bad)
		profile.Storage().Put("latchkey/1/id/shop/", bad)
		p = openPage(t, profile, server, config(""))
		assert.Equal(t, "alice", p.user())
		_, _, authorization, _ := p.now()
		assert.Equal(t, "Bearer at_1", authorization)
	})
}

func TestST10ST15OnlyOurTwoKeysAreTouched(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		foreign := map[string]string{"latchkey": "a", "latchkey/1/id/shop": "b", "latchkey/1/id/shop/2": "c", "other": "d"}
		for key, value := range foreign {
			profile.Storage().Put(key, value)
		}
		p := alices(t, profile, server, config(""))
		all := profile.Storage().All()
		assert.Len(t, all, len(foreign)+1, "ST-15: one key is the whole session")
		_, err := p.call("logout", "{}")
		require.NoError(t, err)
		for key, value := range foreign {
			assert.Equal(t, value, profile.Storage().Value(key))
		}
	})
}

func TestStorageThatIsLateIsNotBelieved(t *testing.T) {
	// Found in Chromium: the lock comes before what its last holder wrote, and
	// the used refresh token is sent again, which ends the session for all.
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := alices(t, profile, server, config(""))
		other := openPage(t, profile, server, config(""))
		arrive := make(chan struct{})
		synctest.Wait() // nothing runs beside this
		profile.Late = true
		profile.Step = func(_ context.Context, _ *browsertest.Tab, operation string) error {
			if operation == "deliver" || operation == "note" {
				<-arrive
			}
			return nil
		}
		server.Expire()
		_, status, err := p.fetch()
		require.NoError(t, err)
		require.Equal(t, 200, status)
		done := make(chan int)
		go func() {
			_, status, _ := other.fetch()
			done <- status
		}()
		time.Sleep(500 * time.Millisecond)
		close(arrive)
		assert.Equal(t, 200, <-done)
		assert.Equal(t, 1, server.Refreshes())
		synctest.Wait()
	})
}

func TestAClearedStorageWithASessionOfAnotherTab(t *testing.T) {
	// Its generation is lower than ours; a logout here must still be one.
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := alices(t, profile, server, config(""))
		_, err := p.call("refresh", "{}")
		require.NoError(t, err)
		key := "latchkey/1/id/shop/"
		text := profile.Storage().Value(key)
		profile.Storage().Put(key, strings.NewReplacer(`"generation":2`, `"generation":1`, p.session, "another").Replace(text))
		_, err = p.call("logout", "{}")
		require.NoError(t, err)
		assert.Equal(t, "anonymous", p.user())
		assert.NotContains(t, profile.Storage().Value(key), "at_")
	})
}

func TestAPageHearsOfWhatHappenedBeforeTheRuntimeWasThere(t *testing.T) {
	// Found in Chromium: a tab that had shown a session from storage, and whose
	// runtime came up after another tab had ended it, got no logout.
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := alices(t, profile, server, config(""))
		session, version, _, _ := p.now()
		shown := fmt.Sprintf(`{"session":%q,"version":%d,"userId":"alice"}`, session, version)
		start := func(shown string) string {
			late, err := newPage(profile.Open(origin+"/"), server, config(""))
			require.NoError(t, err)
			t.Cleanup(late.rt.Close)
			_, err = late.call("start", shown)
			require.NoError(t, err)
			return late.takeEvents()
		}
		assert.Empty(t, start(shown))
		_, err := p.call("refresh", "{}")
		require.NoError(t, err)
		assert.Equal(t, "refresh (remote)", start(shown))
		server.RevokeAll()
		_, err = p.call("refresh", "{}")
		require.Error(t, err)
		assert.Equal(t, "expired (remote), logout:expired (remote)", start(shown))

		// Found in CI: a visitor's tab whose runtime came up after another tab had
		// signed in got no login.
		const nobody = `{"session":"","version":0,"userId":"anonymous"}`
		assert.Empty(t, start(nobody))
		signIn(t, p, "bob")
		assert.Equal(t, "login (remote)", start(nobody))
		assert.Equal(t, "logout:switched (remote), login (remote)", start(shown))
		assert.Empty(t, start(`{"session":"","version":0}`), "the page has shown nothing yet")
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
		assert.Equal(t, []string{"interaction_required"}, p.errors)
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
