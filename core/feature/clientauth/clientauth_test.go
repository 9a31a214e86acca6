package clientauth_test

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

	"latchkey/core"
	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
	"latchkey/core/errcode"
	"latchkey/core/feature/clientauth"
	"latchkey/core/strictjson"
)

const (
	issuer = "https://id.test"
	config = `{"clientTokens":true,"scheme":"oauth","key":"latchkey/1/id/shop/","issuer":"https://id.test/token","client":"shop","clientSecret":"s&t","redirectUri":"https://app.test/",
		"endpoints":{"token":"https://id.test/token"},"origin":"https://app.test","flow":"password","context":"","storage":"local","home":"/","login":"/login","logout":"/logout"}`
)

// page is what the data plane is to the core, for requests as the client.
type page struct {
	rt     *core.Runtime
	server *browsertest.AuthServer

	mu     sync.Mutex
	policy strictjson.Value
	state  strictjson.Value
	events []string
}

func world(t *testing.T, test func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer)) {
	synctest.Test(t, func(t *testing.T) {
		profile := browsertest.NewProfile()
		server := browsertest.NewAuthServer(issuer, profile.Now)
		profile.Server = server.Serve
		test(t, profile, server)
		time.Sleep(5 * time.Second)
	})
}

func open(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) *page {
	t.Helper()
	p := &page{server: server}
	rt, err := core.New(config, profile.Open("https://app.test/").Browser(), p.publish, clientauth.Install)
	require.NoError(t, err)
	t.Cleanup(rt.Close)
	p.rt = rt
	p.call(t, "start", "{}")
	return p
}

func (p *page) publish(json string) {
	v, err := strictjson.Parse(json)
	if err != nil {
		panic(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.policy, p.state = v.Get("policy"), v.Get("state")
	for _, e := range v.Get("events").Items() {
		p.events = append(p.events, strings.TrimSuffix(e.Get("type").TextOr("")+" "+e.Get("error").Get("code").TextOr(""), " "))
	}
}

func (p *page) call(t *testing.T, name, args string) string {
	t.Helper()
	result, err := p.rt.Call(context.Background(), name, args)
	assert.NoError(t, err)
	v, _ := strictjson.Parse(result)
	return v.Get("outcome").TextOr("")
}

func (p *page) told() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	told := p.events
	p.events = nil
	return told
}

// rule is the one of an as now.
func (p *page) rule(as string) (authorization, stamp string, ask bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	session, version := p.policy.Get("session"), p.policy.Get("version")
	for _, r := range p.policy.Get("rules").Items() {
		if r.Get("as").TextOr("") != as {
			continue
		}
		authorization = r.Get("headers").Get("authorization").TextOr("")
		if s := r.Get("session"); s.Kind() == strictjson.Text {
			session, version = s, r.Get("version")
		}
		hold, _ := r.Get("hold").Bool()
		until, limited := r.Get("validUntil").Int()
		ask = hold || limited && until <= p.server.Now().UnixMilli()
	}
	n, _ := version.Int()
	return authorization, fmt.Sprintf(`"as":%q,"session":%q,"version":%d`, as, session.TextOr(""), n), ask
}

// fetch sends a request, as web/src/fetch.ts and waiting.ts do, and returns the
// last status and what it carried.
func (p *page) fetch(t *testing.T, as string) (status int, carried string) {
	t.Helper()
	authorization, stamp, ask := p.rule(as)
	if ask {
		assert.Equal(t, "send", p.call(t, "authorize", "{"+stamp+"}"))
		authorization, stamp, _ = p.rule(as)
	}
	_, status = p.server.API(authorization)
	if status == 401 && authorization != "" && p.call(t, "refused", "{"+stamp+`,"status":401}`) == "retry" {
		authorization, _, _ = p.rule(as)
		_, status = p.server.API(authorization)
	}
	return status, strings.TrimPrefix(authorization, "Bearer ")
}

// together has every page send so many at once, all of which succeed.
func together(t *testing.T, n int, pages ...*page) {
	t.Helper()
	var group sync.WaitGroup
	for _, p := range pages {
		for range n {
			group.Go(func() {
				status, _ := p.fetch(t, "client")
				assert.Equal(t, 200, status)
			})
		}
	}
	group.Wait()
}

func TestS48OneTokenForAllCallsInAllTabs(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		var sent url.Values
		server.Fault = func(_ *browser.Request, form url.Values) (*browser.Response, error) {
			sent = form
			return nil, nil
		}
		pages := []*page{open(t, profile, server), open(t, profile, server), open(t, profile, server)}
		assert.Empty(t, server.Log(), "nothing is got before it is needed")
		together(t, 100, pages...)
		assert.Equal(t, 1, server.Answered("client_credentials", 200))
		assert.Equal(t, "s&t", sent.Get("client_secret"), "encoded once")
		synctest.Wait()
		for _, p := range pages {
			assert.Empty(t, p.told(), "whoever gets a token for itself has not signed in")
			assert.Equal(t, "anonymous", p.state.Get("status").TextOr(""))
		}
		late := open(t, profile, server)
		together(t, 1, late)
		assert.Len(t, server.Log(), 1)
	})
}

func TestS49ManyRefusedTogetherTakeOneNewToken(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		pages := []*page{open(t, profile, server), open(t, profile, server)}
		together(t, 1, pages...)
		_, old, _ := pages[0].rule("client")
		server.Expire()
		together(t, 50, pages...)
		assert.Equal(t, 2, server.Answered("client_credentials", 200))
		// One that was refused late is sent again with the token that is there.
		assert.Equal(t, "retry", pages[0].call(t, "refused", "{"+old+`,"status":401}`))
		assert.Len(t, server.Log(), 2)
	})
}

func TestS48ATokenThatIsOverIsReplacedBeforeItIsSent(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := open(t, profile, server)
		_, first := p.fetch(t, "client")
		profile.Jump(2 * time.Hour)
		time.Sleep(time.Minute)
		assert.Len(t, server.Log(), 1, "and not before it is needed")
		status, second := p.fetch(t, "client")
		assert.Equal(t, 200, status)
		assert.NotEqual(t, first, second)
		assert.Len(t, server.Log(), 2)
	})
}

func TestS48AFailedLoadHoldsNobodyAndIsTriedAgain(t *testing.T) {
	tests := []struct {
		name string
		how  func() (*browser.Response, error)
		told []string
	}{
		{"an error of the server", func() (*browser.Response, error) { return browsertest.JSON(500, `{}`), nil }, []string{"error server_error"}},
		{"no such grant", func() (*browser.Response, error) {
			return browsertest.JSON(400, `{"error":"unsupported_grant_type"}`), nil
		}, []string{"error server_error"}},
		{"no network", func() (*browser.Response, error) { return nil, browser.ErrNetwork }, nil},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
				asked := 0
				server.Fault = func(*browser.Request, url.Values) (*browser.Response, error) {
					asked++
					return tt.how()
				}
				p := open(t, profile, server)
				var told []string
				for range 4 {
					began := profile.Now()
					for range 10 {
						status, carried := p.fetch(t, "client")
						assert.Equal(t, 401, status)
						assert.Empty(t, carried)
					}
					assert.Equal(t, began, profile.Now(), "nobody waits for the next attempt")
					told = append(told, p.told()...)
					time.Sleep(20 * time.Second)
				}
				assert.Equal(t, 4, asked, "one for each pause")
				assert.Equal(t, tt.told, told, "once")
				server.Fault = nil
				status, _ := p.fetch(t, "client")
				assert.Equal(t, 200, status)
				assert.Empty(t, p.told())
			})
		})
	}
}

func TestS48AServerThatHangsHoldsARequestForTheTimeoutAtMost(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		profile.Server = func(ctx context.Context, _ *browser.Request) (*browser.Response, error) {
			<-ctx.Done()
			return nil, ctx.Err()
		}
		p := open(t, profile, server)
		began := profile.Now()
		status, _ := p.fetch(t, "client")
		assert.Equal(t, 401, status)
		assert.LessOrEqual(t, profile.Now().Sub(began), 10*time.Second)
	})
}

func TestRR43TheUsersAndTheClientsTokenAreRenewedEachByItsOwnGrant(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := open(t, profile, server)
		p.call(t, "loginWithCredentials", `{"username":"alice","password":"wonderland"}`)
		together(t, 1, p)
		status, user := p.fetch(t, "user")
		assert.Equal(t, 200, status)
		server.Expire()
		status, renewed := p.fetch(t, "user")
		assert.Equal(t, 200, status)
		assert.NotEqual(t, user, renewed)
		assert.Equal(t, 1, server.Refreshes())
		assert.Equal(t, 1, server.Answered("client_credentials", 200), "the client's was not asked for")
		together(t, 1, p)
		assert.Equal(t, 1, server.Refreshes())
		assert.Equal(t, 2, server.Answered("client_credentials", 200))
		assert.Equal(t, []string{"login", "refresh"}, p.told())

		_, client := p.fetch(t, "client")
		p.call(t, "logout", "{}")
		assert.Equal(t, []string{"logout"}, p.told())
		status, after := p.fetch(t, "client")
		assert.Equal(t, 200, status)
		assert.Equal(t, client, after, "a logout is the user's")
	})
}

func TestS48ATokenWithoutAnEndIsSentUntilItIsRefused(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		server.Life = 0
		p := open(t, profile, server)
		together(t, 1, p)
		profile.Jump(1000 * time.Hour)
		together(t, 5, p)
		assert.Len(t, server.Log(), 1)
	})
}

func TestWithoutTheFeatureItsOptionIsRefused(t *testing.T) {
	profile := browsertest.NewProfile()
	_, err := core.New(config, profile.Open("https://app.test/").Browser(), func(string) {})
	assert.Equal(t, errcode.NotSupported, errcode.Of(err))
	assert.ErrorContains(t, err, "clientTokens")
}

func TestWithoutTheOptionThereIsNoRule(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := &page{server: server}
		rt, err := core.New(strings.Replace(config, `"clientTokens":true`, `"clientTokens":false`, 1), profile.Open("https://app.test/").Browser(), p.publish, clientauth.Install)
		require.NoError(t, err)
		defer rt.Close()
		p.rt = rt
		p.call(t, "start", "{}")
		authorization, _, ask := p.rule("client")
		assert.Empty(t, authorization)
		assert.False(t, ask)
		assert.Equal(t, "send", p.call(t, "authorize", `{"as":"client","session":"client","version":0}`))
		assert.Empty(t, server.Log())
	})
}
