package core_test

import (
	"context"
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

// Firefox breaks off what a page has sent when it is asked to leave, says to the page that there was no network, and lets it
// run on until the next page is there.
func TestRR48WhatAPageThatIsLeftSaysOfTheNetworkHoldsNobodyUp(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := alices(t, profile, server, config(""))
		other := openPage(t, profile, server, config(""))
		server.Expire()
		left := make(chan struct{})
		server.Fault = func(*browser.Request, url.Values) (*browser.Response, error) {
			server.Fault = nil
			<-left
			return nil, browser.ErrNetwork
		}
		var group sync.WaitGroup
		group.Go(func() { _, _, _ = p.fetch() })
		synctest.Wait()
		group.Go(func() {
			_, status, err := other.fetch()
			assert.NoError(t, err)
			assert.Equal(t, 200, status)
		})
		synctest.Wait()
		close(left)
		group.Wait()
		assert.Equal(t, 1, server.Refreshes())
		// The same for the page that comes next.
		synctest.Wait()
		server.Expire()
		server.Fault = func(*browser.Request, url.Values) (*browser.Response, error) {
			server.Fault = nil
			return nil, browser.ErrNetwork
		}
		_, status, err := p.fetch()
		require.NoError(t, err)
		assert.Equal(t, 401, status)
		p.tab.Kill()
		_, status, err = openPage(t, profile, server, config("")).fetch()
		require.NoError(t, err)
		assert.Equal(t, 200, status)
		assert.Equal(t, 2, server.Refreshes())
	})
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
