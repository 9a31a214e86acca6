package core_test

import (
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
	"latchkey/core/strictjson"
)

const (
	orders = "https://orders.test"
	mail   = "urn:mail"
	two    = `"apiResources":["` + orders + `","` + mail + `"],`
)

// audiences is world with a server that gives tokens for both.
func audiences(t *testing.T, test func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer)) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		server.Resources = []string{orders, mail}
		test(t, profile, server)
	})
}

type ruleNow struct {
	session, authorization, dpop string
	version, until               int64
	hold                         bool
}

func (p *page) rule(resource string) ruleNow {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := ruleNow{session: p.session, version: p.version}
	for _, rule := range p.policy.Get("rules").Items() {
		if rule.Get("as").TextOr("") == "user "+resource {
			r.authorization = rule.Get("headers").Get("authorization").TextOr("")
			r.dpop = rule.Get("dpop").TextOr("")
			r.until, _ = rule.Get("validUntil").Int()
			r.hold, _ = rule.Get("hold").Bool()
		}
	}
	return r
}

// fetchOf sends a request to the API of a resource as web/src/fetch.ts does.
func (p *page) fetchOf(resource string) int {
	r := p.rule(resource)
	session := r.session
	stamp := func() string {
		return fmt.Sprintf(`"as":%q,"session":%q,"version":%d`, "user "+resource, session, r.version)
	}
	if r.hold || r.until != 0 && p.tab.Browser().Clock.Now().UnixMilli() >= r.until {
		if p.outcome("authorize", stamp(), "") != "send" {
			return 0
		}
		r = p.rule(resource)
	}
	_, status := p.server.APIOf(resource, r.authorization)
	if status != 401 || r.authorization == "" || p.outcome("refused", stamp(), `,"status":401`) != "retry" {
		return status
	}
	_, status = p.server.APIOf(resource, p.rule(resource).authorization)
	return status
}

// asked lists what the refreshes were for.
func asked(server *browsertest.AuthServer) (all []string) {
	for _, r := range server.Log() {
		if r.Grant == "refresh_token" {
			all = append(all, r.Resource)
		}
	}
	return all
}

func TestRFC8707ATokenForEachRuleFromOneSignIn(t *testing.T) {
	audiences(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		code := strings.Replace(config(two+`"resources":["https://main.test"],`), `"flow":"password"`, `"flow":"code"`, 1)
		p := openPage(t, profile, server, code)
		_, err := p.call("loginWithRedirect", "{}")
		require.NoError(t, err)
		sent := p.tab.Location().Assigned()[0]
		assert.Equal(t, []string{"https://main.test", orders, mail}, query(t, sent)["resource"])
		var exchanged []string
		server.Fault = func(_ *browser.Request, form url.Values) (*browser.Response, error) {
			if form.Get("grant_type") == "authorization_code" {
				exchanged = form["resource"]
			}
			return nil, nil
		}
		back := server.Authorize(sent, "alice")
		_, err = p.call("callback", `{"url":"`+back+`"}`)
		require.NoError(t, err)
		assert.Equal(t, []string{"https://main.test"}, exchanged, "the main token is for what it was for")
		assert.True(t, p.rule(orders).hold)
		assert.True(t, p.rule(mail).hold)
		assert.Equal(t, "login", p.takeEvents())
		state := p.state.JSON()

		assert.Equal(t, 200, p.fetchOf(orders))
		assert.Equal(t, 200, p.fetchOf(mail))
		assert.Equal(t, 200, p.fetchOf(orders))
		assert.Equal(t, []string{orders, mail}, asked(server), "each once")
		assert.Equal(t, state, p.state.JSON(), "the state is that of the main token")
		assert.Empty(t, p.takeEvents())
		_, status := server.API(p.rule(orders).authorization)
		assert.Equal(t, 401, status, "it is good for its own API only")

		// A reload has them all.
		next := openPage(t, profile, server, code)
		assert.Equal(t, p.rule(orders), next.rule(orders))
		assert.Equal(t, 200, next.fetchOf(mail))
		assert.Equal(t, 2, server.Refreshes())

		_, err = next.call("logout", "{}")
		require.NoError(t, err)
		assert.Equal(t, []string{"refresh_token", "access_token", "access_token", "access_token"}, server.Revoked())
		for key, value := range profile.Storage().All() {
			assert.NotContains(t, value, "at_", key)
		}
	})
}

func TestRFC8707TwoTabsAtOnceMakeOneRequestAToken(t *testing.T) {
	audiences(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		a := alices(t, profile, server, config(two))
		b := openPage(t, profile, server, config(two))
		var group sync.WaitGroup
		for range 5 {
			for _, p := range []*page{a, b} {
				for _, resource := range []string{orders, mail} {
					group.Go(func() { assert.Equal(t, 200, p.fetchOf(resource)) })
				}
			}
		}
		group.Wait()
		assert.ElementsMatch(t, []string{orders, mail}, asked(server))
		assert.Equal(t, 2, server.Answered("refresh_token", 200), "with the refresh token of the one before")
		synctest.Wait()
		assert.Equal(t, a.rule(orders), b.rule(orders))
	})
}

func TestRFC8707EachEndsOnItsOwn(t *testing.T) {
	audiences(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := alices(t, profile, server, config(two))
		require.Equal(t, 200, p.fetchOf(orders))
		require.Equal(t, 200, p.fetchOf(mail))
		before := p.rule(mail).authorization
		p.takeEvents()

		// Refused: that one only is renewed, by whatever version the caller knows.
		server.ExpireFor(orders)
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() { assert.Equal(t, 200, p.fetchOf(orders)) })
		}
		group.Wait()
		assert.Equal(t, []string{orders, mail, orders}, asked(server))
		assert.Equal(t, before, p.rule(mail).authorization)

		// A refresh of the main token keeps the others.
		session, version, _, _ := p.now()
		require.Equal(t, 200, p.fetchOf(mail))
		_, err := p.call("refresh", "{}")
		require.NoError(t, err)
		assert.Equal(t, "refresh", p.takeEvents())
		assert.Equal(t, before, p.rule(mail).authorization)
		assert.Equal(t, []string{orders, mail, orders, ""}, asked(server))

		// Refused, as known from before the record moved on for another's sake.
		server.ExpireFor(mail)
		assert.Equal(t, "retry", p.outcome("refused", fmt.Sprintf(`"as":"user %s","session":%q,"version":%d`, mail, session, version), `,"status":401`))
		assert.Equal(t, []string{orders, mail, orders, "", mail}, asked(server), "it is not taken for a new one")
		assert.Equal(t, 200, p.fetchOf(mail))

		// Over by its time: when it is needed, not before.
		server.Life = 3 * time.Hour
		time.Sleep(time.Minute)
		_, err = p.call("refresh", "{}")
		require.NoError(t, err)
		n := server.Refreshes()
		time.Sleep(2 * time.Hour)
		assert.Equal(t, n, server.Refreshes(), "nobody needs them")
		assert.Equal(t, 200, p.fetchOf(orders))
		assert.Equal(t, n+1, server.Refreshes())
		assert.Equal(t, "alice", p.user())
	})
}

func TestRFC8707TheMainTokenEndsOnItsOwn(t *testing.T) {
	audiences(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := alices(t, profile, server, config(two))
		session, version, _, _ := p.now()
		require.Equal(t, 200, p.fetchOf(orders))
		server.Expire()
		assert.Equal(t, "retry", p.outcome("refused", stamp(session, version), `,"status":401`))
		assert.Equal(t, []string{orders, ""}, asked(server), "what moved the record on was not for this one")
	})
}

func TestRFC8707LogoutWhileATokenIsOnItsWay(t *testing.T) {
	audiences(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := alices(t, profile, server, config(two))
		answer := make(chan struct{})
		server.Fault = func(_ *browser.Request, form url.Values) (*browser.Response, error) {
			if form.Get("resource") != "" {
				<-answer
			}
			return nil, nil
		}
		done := make(chan int)
		go func() { done <- p.fetchOf(orders) }()
		synctest.Wait()
		_, err := p.call("logout", `{"revoke":false}`)
		require.NoError(t, err)
		assert.Equal(t, 0, <-done, "it was made as somebody who is not there any more")
		close(answer)
		synctest.Wait()
		assert.Equal(t, "anonymous", p.user())
		assert.Equal(t, "login, logout:user", p.takeEvents())
		assert.Equal(t, []string{"refresh_token", "access_token"}, server.Revoked(), "what came too late is given back")
		for key, value := range profile.Storage().All() {
			assert.NotContains(t, value, "at_", key)
		}
	})
}

func TestRFC8707AServerThatHasNoSuchTarget(t *testing.T) {
	audiences(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		server.Resources = []string{mail}
		p := alices(t, profile, server, config(two))
		p.takeEvents()
		for range 3 {
			assert.Equal(t, 401, p.fetchOf(orders), "as it is")
		}
		assert.Equal(t, "error", p.takeEvents(), "said once")
		assert.Equal(t, []string{"server_error"}, p.codes())
		assert.Equal(t, []string{orders}, asked(server), "asked once")
		assert.Equal(t, 200, p.fetchOf(mail))
		assert.Equal(t, 401, p.fetchOf(orders))
		_, err := p.call("refresh", "{}")
		require.NoError(t, err)
		assert.Equal(t, []string{orders, mail, ""}, asked(server))
		_, err = p.call("accessToken", `{"resource":"`+orders+`"}`)
		assert.ErrorContains(t, err, "invalid_target")
		assert.Equal(t, "alice", p.user())

		// The next session asks again.
		_, err = p.call("logout", `{}`)
		require.NoError(t, err)
		server.Resources = []string{orders}
		signIn(t, p, "bob")
		assert.Equal(t, 200, p.fetchOf(orders))
	})
}

func TestRFC8707WithoutARefreshToken(t *testing.T) {
	audiences(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		server.NoRefreshToken = true
		p := alices(t, profile, server, config(two))
		p.takeEvents()
		n := len(server.Log())
		assert.Equal(t, 401, p.fetchOf(orders))
		assert.Equal(t, 401, p.fetchOf(orders))
		assert.Equal(t, "error", p.takeEvents())
		assert.Equal(t, []string{"not_supported"}, p.codes())
		assert.Len(t, server.Log(), n)
		_, status, _ := p.fetch()
		assert.Equal(t, 200, status, "the main one is as good as before")
		assert.Equal(t, "alice", p.user())
	})
}

func TestRFC8707ARefreshTokenThatIsRefusedEndsTheSession(t *testing.T) {
	audiences(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := alices(t, profile, server, config(two))
		p.takeEvents()
		server.RevokeAll()
		assert.Equal(t, 401, p.fetchOf(orders))
		assert.Equal(t, "expired, logout:expired", p.takeEvents())
	})
}

func TestRFC8707ATroubledServerPutsOffThatTokenOnly(t *testing.T) {
	audiences(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := alices(t, profile, server, config(two))
		p.takeEvents()
		tries := 0
		server.Fault = func(_ *browser.Request, form url.Values) (*browser.Response, error) {
			if form.Get("resource") != orders {
				return nil, nil
			}
			tries++
			return browsertest.JSON(503, ""), nil
		}
		assert.Equal(t, 401, p.fetchOf(orders))
		assert.Equal(t, 200, p.fetchOf(mail), "the pause is the other's")
		assert.Equal(t, 401, p.fetchOf(orders))
		assert.Equal(t, 1, tries, "the record that moves on ends no pause")
		server.Fault = nil
		time.Sleep(2 * time.Second)
		assert.Equal(t, 200, p.fetchOf(orders))
		assert.Empty(t, p.takeEvents())
	})
}

func TestRFC8707AccessTokenOfAResource(t *testing.T) {
	audiences(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := openPage(t, profile, server, config(two))
		_, err := p.call("accessToken", `{"resource":"`+orders+`"}`)
		assert.ErrorContains(t, err, "nobody is signed in")
		signIn(t, p, "alice")
		get := func(more string) string {
			result, err := p.call("accessToken", `{"resource":"`+orders+`"`+more+`}`)
			require.NoError(t, err)
			v, _ := strictjson.Parse(result)
			return v.Get("token").TextOr("")
		}
		first := get("")
		assert.Equal(t, "Bearer "+first, p.rule(orders).authorization)
		assert.Equal(t, first, get(`,"minValidity":60`))
		assert.NotEqual(t, first, get(`,"minValidity":4000`))
		assert.Equal(t, []string{orders, orders}, asked(server))
		_, err = p.call("accessToken", `{"resource":"https://other.test"}`)
		assert.ErrorContains(t, err, "api rule")
		assert.Equal(t, "send", p.outcome("authorize", fmt.Sprintf(`"as":"user https://other.test","session":%q,"version":%d`, p.session, p.version), ""))
		assert.Equal(t, 2, server.Refreshes(), "what no rule names is never asked for")
	})
}

func TestRFC8707WithDPoPEachIsBound(t *testing.T) {
	boundWorld(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		server.Resources = []string{orders, mail}
		p := alices(t, profile, server, config(dpop+two))
		assert.Equal(t, 200, p.fetchOf(orders))
		r := p.rule(orders)
		assert.Equal(t, profile.ProofKey(), r.dpop)
		assert.True(t, strings.HasPrefix(r.authorization, "DPoP "))
		assert.Empty(t, p.rule(mail).dpop, "there is nothing to prove yet")
	})
}

func TestRFC8707ARuleThatIsNewerThanTheSession(t *testing.T) {
	// Found with oidc-provider: asked for a resource that the sign-in had not named,
	// it refuses, and the refresh token is spent.
	audiences(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		signIn(t, openPage(t, profile, server, config("")), "alice")
		p := openPage(t, profile, server, config(two))
		assert.NotEqual(t, 200, p.fetchOf(orders))
		assert.NotEqual(t, 200, p.fetchOf(orders))
		assert.Zero(t, server.Refreshes(), "nothing is asked")
		assert.Equal(t, []string{"interaction_required"}, p.codes(), "once")
		assert.Equal(t, "alice", p.user())
		signIn(t, p, "alice")
		assert.Equal(t, 200, p.fetchOf(orders))
	})
}
