package core_test

import (
	"context"
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

// forged answers a refresh with an id token of the test's own.
func forged(server *browsertest.AuthServer, token func() string) {
	server.Fault = func(_ *browser.Request, form url.Values) (*browser.Response, error) {
		if form.Get("grant_type") != "refresh_token" {
			return nil, nil
		}
		return browsertest.JSON(200, fmt.Sprintf(`{"access_token":"at_forged","token_type":"bearer","expires_in":60,"refresh_token":"rt_forged","id_token":%q}`, token())), nil
	}
}

func TestRR36OP37ARefreshForSomebodyElseEndsTheSession(t *testing.T) {
	for name, change := range map[string]func(claims string) string{
		"OP-37 another sub": func(c string) string { return browsertest.SignES256(strings.Replace(c, "alice", "mallory", 1)) },
		"OP-36 another issuer": func(c string) string {
			return browsertest.SignES256(strings.Replace(c, issuer, "https://evil.test", 1))
		},
		"not signed": func(c string) string { return browsertest.Sign("none", `{"alg":"none"}`, c) },
		"OP-11 a signature of something else": func(c string) string {
			token := browsertest.SignES256(c)
			return token[:strings.LastIndexByte(token, '.')] + browsertest.SignES256("{}")[strings.LastIndexByte(browsertest.SignES256("{}"), '.'):]
		},
	} {
		world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
			p, other := openPage(t, profile, server, config("")), openPage(t, profile, server, config(""))
			signIn(t, p, "alice")
			synctest.Wait()
			other.takeEvents()
			server.Expire()
			forged(server, func() string {
				now := profile.Now().Unix()
				return change(fmt.Sprintf(`{"iss":%q,"sub":"alice","aud":"shop","exp":%d,"iat":%d}`, issuer, now+300, now))
			})
			user, status, err := p.fetch()
			require.NoError(t, err, name)
			assert.Equal(t, 401, status, "%s: the server's own refusal", name)
			assert.Empty(t, user, name)
			assert.Equal(t, "anonymous", p.user(), name)
			synctest.Wait()
			assert.Equal(t, "expired (remote), logout:expired (remote)", other.takeEvents(), name)
			for key, value := range profile.Storage().All() {
				assert.NotContains(t, value, "forged", "%s: nothing of it is stored: %s", name, key)
				assert.NotContains(t, value, "mallory", name)
			}
		})
	}
}

func TestARefreshGoesOnWhileTheKeysAreDown(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		signIn(t, openPage(t, profile, server, config("")), "alice")
		server.Expire()
		server.Fault = func(req *browser.Request, _ url.Values) (*browser.Response, error) {
			if strings.HasSuffix(req.URL, "/jwks") {
				return nil, browser.ErrNetwork
			}
			return nil, nil
		}
		p := openPage(t, profile, server, config("")) // which has no keys yet
		for range 3 {
			user, status, err := p.fetch()
			require.NoError(t, err)
			assert.Equal(t, 200, status)
			assert.Equal(t, "alice", user)
			server.Expire()
		}
		assert.Equal(t, 3, server.Refreshes(), "no token was lost, and none was sent twice")
		assert.Equal(t, "alice", p.user())
		// A sign-in needs them.
		_, err := p.call("loginWithCredentials", `{"username":"bob","password":"wonderland"}`)
		assert.Equal(t, errcode.NetworkError, errcode.Of(err))
		assert.Equal(t, "alice", p.user())
	})
}

func TestRR16AClockAnHourOff(t *testing.T) {
	for _, off := range []time.Duration{-time.Hour, -5 * time.Minute, 5 * time.Minute, time.Hour} {
		for _, exposed := range []bool{true, false} {
			world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
				server.Now = func() time.Time { return profile.Now().Add(-off) }
				profile.Server = func(ctx context.Context, req *browser.Request) (*browser.Response, error) {
					answer, err := server.Serve(ctx, req)
					if err == nil && exposed {
						answer.Headers["date"] = server.Now().UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
					}
					return answer, err
				}
				p := openPage(t, profile, server, config(""))
				_, err := p.call("loginWithCredentials", `{"username":"alice","password":"wonderland"}`)
				if !exposed {
					// The token lives for 5 minutes, and 60 s are allowed.
					if off != 5*time.Minute {
						assert.ErrorContains(t, err, "clock right?", "it says what is wrong")
						assert.Equal(t, errcode.IDTokenInvalid, errcode.Of(err))
					}
					return
				}
				require.NoError(t, err)
				_, _, _, until := p.now()
				assert.Equal(t, profile.Now().Add(time.Hour).UnixMilli(), until, "the access token ends by this clock")
				for range 3 {
					user, status, err := p.fetch()
					require.NoError(t, err)
					assert.Equal(t, 200, status)
					assert.Equal(t, "alice", user)
				}
				assert.Zero(t, server.Refreshes(), "a fresh token is not taken for an old one")
				server.Expire()
				_, status, err := p.fetch()
				require.NoError(t, err)
				assert.Equal(t, 200, status)
				assert.Equal(t, 1, server.Refreshes())
			})
		}
	}
}

func TestUserInfo(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		sub := "alice"
		seen := []string{}
		asked := func() {}
		profile.Server = func(ctx context.Context, req *browser.Request) (*browser.Response, error) {
			if strings.HasSuffix(req.URL, "/me") {
				asked()
				seen = append(seen, req.Headers["authorization"])
				if _, status := server.API(req.Headers["authorization"]); status != 200 {
					return browsertest.JSON(status, ""), nil
				}
				return browsertest.JSON(200, fmt.Sprintf(`{"sub":%q,"email":"a@example.com","__proto__":{"x":1}}`, sub)), nil
			}
			answer, err := server.Serve(ctx, req)
			if err == nil && strings.HasSuffix(req.URL, "configuration") {
				answer.Body = []byte(strings.Replace(string(answer.Body), "{", `{"userinfo_endpoint":"`+issuer+`/me",`, 1))
			}
			return answer, err
		}
		p := openPage(t, profile, server, config(""))
		_, err := p.call("userInfo", "{}")
		assert.Equal(t, errcode.SessionExpired, errcode.Of(err), "nobody is signed in")
		signIn(t, p, "alice")
		got, err := p.call("userInfo", "{}")
		require.NoError(t, err)
		assert.Equal(t, `{"claims":{"sub":"alice","email":"a@example.com","__proto__":{"x":1}}}`, got)

		server.Expire()
		_, err = p.call("userInfo", "{}")
		require.NoError(t, err, "with a new token")
		assert.Equal(t, 1, server.Refreshes())

		sub = "mallory"
		_, err = p.call("userInfo", "{}")
		assert.Equal(t, errcode.ServerError, errcode.Of(err), "OP-14")
		assert.Equal(t, "alice", p.user())

		// Who signs in meanwhile does not get what was asked for somebody else.
		sub, asked = "alice", func() {
			asked = func() {}
			signIn(t, p, "bob")
		}
		_, err = p.call("userInfo", "{}")
		assert.Equal(t, errcode.SessionExpired, errcode.Of(err))
		for _, header := range seen {
			assert.True(t, strings.HasPrefix(header, "Bearer at_"))
		}
	})
}
