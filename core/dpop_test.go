package core_test

import (
	"net/url"
	"strconv"
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

func itoa(n int64) string { return strconv.FormatInt(n, 10) }

const dpop = `"dpop":true,`

// boundWorld is world with a server that binds tokens.
func boundWorld(t *testing.T, test func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer)) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		server.DPoP, server.Nonce = true, "n1"
		test(t, profile, server)
	})
}

// ruleKey is the thumbprint in the policy.
func ruleKey(p *page) (key string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, rule := range p.policy.Get("rules").Items() {
		key = rule.Get("dpop").TextOr("")
	}
	return key
}

func TestOA42TheWholePathWithDPoP(t *testing.T) {
	boundWorld(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		code := strings.Replace(config(dpop), `"flow":"password"`, `"flow":"code"`, 1)
		first := openPage(t, profile, server, code)
		_, err := first.call("loginWithRedirect", `{}`)
		require.NoError(t, err)
		sent := first.tab.Location().Assigned()[0]
		assert.Equal(t, profile.ProofKey(), query(t, sent).Get("dpop_jkt"))

		back := server.Authorize(sent, "alice")
		second, err := newPage(profile.Open(back), server, code)
		require.NoError(t, err)
		defer second.rt.Close()
		_, err = second.call("start", `{"callback":"`+back+`"}`)
		require.NoError(t, err)
		assert.Equal(t, "alice", second.user())
		_, _, authorization, _ := second.now()
		assert.True(t, strings.HasPrefix(authorization, "DPoP at_"))
		assert.Equal(t, profile.ProofKey(), ruleKey(second))
		assert.Equal(t, "DPoP", second.state.Get("tokenType").TextOr(""))

		// The nonce changes in the middle.
		server.Nonce = "n2"
		server.Expire()
		_, status, err := second.fetch()
		require.NoError(t, err)
		assert.Equal(t, 200, status)
		assert.Equal(t, 1, server.Answered("refresh_token", 400), "for the nonce")
		assert.Equal(t, 1, server.Answered("refresh_token", 200))

		// A reload finds its key.
		synctest.Wait()
		third := openPage(t, profile, server, code)
		assert.Equal(t, "alice", third.user())
		assert.Empty(t, third.takeEvents())

		_, err = third.call("logout", `{}`)
		require.NoError(t, err)
		assert.Empty(t, profile.ProofKey(), "the key goes with the session")
	})
}

func TestOA43ALostKeyMeansOneCleanSignIn(t *testing.T) {
	for name, live := range map[string]bool{"while the access token lives": true, "after it has run out": false} {
		t.Run(name, func(t *testing.T) {
			boundWorld(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
				p := alices(t, profile, server, config(dpop))
				p.rt.Close()
				if !live {
					time.Sleep(2 * time.Hour)
				}
				profile.LoseKey()
				before := len(server.Log())

				next := openPage(t, profile, server, config(dpop))
				assert.Equal(t, "anonymous", next.user())
				assert.Equal(t, "expired, logout:expired", next.takeEvents())
				assert.Len(t, server.Log(), before, "nothing is sent for it")
				again := openPage(t, profile, server, config(dpop))
				assert.Empty(t, again.takeEvents(), "once")

				signIn(t, again, "alice")
				_, status, err := again.fetch()
				require.NoError(t, err)
				assert.Equal(t, 200, status)
				assert.Equal(t, profile.ProofKey(), ruleKey(again))
			})
		})
	}
}

func TestOA43APageThatCannotProveEndsTheSession(t *testing.T) {
	boundWorld(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		other := openPage(t, profile, server, config(dpop))
		p := alices(t, profile, server, config(dpop))
		synctest.Wait()
		require.Equal(t, "login (remote)", other.takeEvents())
		authorize := func() string {
			session, version, _, _ := other.now()
			return other.outcome("authorize", `"as":"user","session":"`+session+`","version":`+itoa(version), "")
		}

		// Lost while the other tab has not had it in memory.
		profile.LoseKey()
		assert.Equal(t, "send", authorize(), "without a token: the server's refusal is for the caller")
		assert.Equal(t, "expired, logout:expired", other.takeEvents())
		synctest.Wait()
		assert.Equal(t, "anonymous", p.user())
		assert.Equal(t, 0, server.Refreshes())

		signIn(t, other, "alice")
		assert.Equal(t, "send", authorize())
		assert.Equal(t, "alice", other.user(), "the key is there")
	})
}

func TestOA43TwoTabsRefreshTogether(t *testing.T) {
	boundWorld(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		a := alices(t, profile, server, config(dpop))
		b := openPage(t, profile, server, config(dpop))
		server.Expire()
		done := make(chan int, 2)
		for _, p := range []*page{a, b} {
			go func() {
				_, status, _ := p.fetch()
				done <- status
			}()
		}
		assert.Equal(t, 200, <-done)
		assert.Equal(t, 200, <-done)
		assert.Equal(t, 1, server.Answered("refresh_token", 200))
		assert.Equal(t, ruleKey(a), ruleKey(b))
	})
}

func TestOA43WithoutStorageForKeysAReloadIsACleanSignIn(t *testing.T) {
	boundWorld(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		profile.NoKeys = true
		p := alices(t, profile, server, config(dpop))
		server.Expire()
		_, status, err := p.fetch()
		require.NoError(t, err)
		assert.Equal(t, 200, status, "in the page itself the key lives on")
		p.rt.Close()
		next := openPage(t, profile, server, config(dpop))
		assert.Equal(t, "expired, logout:expired", next.takeEvents())

		code := strings.Replace(config(dpop), `"flow":"password"`, `"flow":"code"`, 1)
		leaving := openPage(t, profile, server, code)
		_, err = leaving.call("loginWithRedirect", `{"returnTo":"/orders"}`)
		require.NoError(t, err)
		sent := leaving.tab.Location().Assigned()[0]
		assert.NotContains(t, sent, "dpop_jkt")
		back, err := newPage(profile.Open(server.Authorize(sent, "alice")), server, code)
		require.NoError(t, err)
		defer back.rt.Close()
		result, err := back.call("start", `{"callback":"`+back.tab.Location().Href()+`"}`)
		require.NoError(t, err)
		assert.JSONEq(t, `{"returnTo":"/orders"}`, result)
		assert.Equal(t, "alice", back.user())
		assert.Empty(t, back.tab.Location().Navigated(), "another page load would lose the key")
	})
}

func TestOA42TheOptionIsTurned(t *testing.T) {
	t.Run("off: what is bound can't be used", func(t *testing.T) {
		boundWorld(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
			p := alices(t, profile, server, config(dpop))
			p.rt.Close()
			next := openPage(t, profile, server, config(""))
			assert.Equal(t, "expired, logout:expired", next.takeEvents())
		})
	})
	t.Run("on: bearer tokens live until they are refreshed", func(t *testing.T) {
		world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
			p := alices(t, profile, server, config(""))
			p.rt.Close()
			next := openPage(t, profile, server, config(dpop))
			assert.Equal(t, "alice", next.user())
			assert.Empty(t, ruleKey(next))
		})
	})
}

func TestOA42ATokenInTheAddressCannotBeBound(t *testing.T) {
	for kind, ok := range map[string]bool{"code": true, "code id_token": true, "token": false, "code id_token token": false} {
		profile := browsertest.NewProfile()
		server := browsertest.NewAuthServer(issuer, profile.Now)
		flow := strings.Replace(config(dpop+`"responseType":"`+kind+`",`), `"flow":"password"`, `"flow":"code"`, 1)
		_, err := newPage(profile.Open(origin+"/"), server, flow)
		assert.Equal(t, ok, err == nil, kind)
		if !ok {
			assert.Equal(t, errcode.ConfigInvalid, errcode.Of(err))
			assert.Contains(t, err.Error(), "auth.dpop")
		}
	}
}

func TestOA44ARefreshThatIsTriedAgainHasAProofOfItsOwn(t *testing.T) {
	boundWorld(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := alices(t, profile, server, config(dpop))
		var proofs []string
		server.Fault = func(req *browser.Request, form url.Values) (*browser.Response, error) {
			proofs = append(proofs, req.Headers["dpop"])
			if len(proofs) == 1 {
				return browsertest.JSON(503, ""), nil
			}
			return nil, nil
		}
		_, err := p.call("refresh", "{}")
		require.Error(t, err)
		_, err = p.call("refresh", "{}")
		require.NoError(t, err, "the server refuses a proof that it has seen")
		require.Len(t, proofs, 2)
		assert.NotEqual(t, proofs[0], proofs[1])
	})
}
