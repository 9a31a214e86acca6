package core_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/browser/browsertest"
	"latchkey/core/feature/asm"
	"latchkey/core/feature/clientauth"
)

// Seed 6722: a page that starts shows an agent, whose token is being renewed, and is asked to sign out.
// Meanwhile the agent goes in another tab. The customer who is back then has not asked for anything.
func TestSeed6722ALogoutIsOfWhomThePageShowedWhenItWasAsked(t *testing.T) {
	shopWorld(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		server.Life = 5 * time.Minute
		first := shopPage(t, profile, server)
		first.do(t, "loginWithCredentials", `{"username":"alice","password":"wonderland"}`)
		first.do(t, "agentLogin", ann)
		synctest.Wait()
		profile.Jump(6 * time.Minute)
		starting, err := newPage(profile.Open(origin+"/"), server, shopConfig(), clientauth.Install, asm.Install)
		require.NoError(t, err)
		t.Cleanup(starting.rt.Close)
		answer := make(chan struct{})
		synctest.Wait() // nothing runs beside this
		profile.Step = func(_ context.Context, tab *browsertest.Tab, what string) error {
			if tab == starting.tab && what == refreshAnswer+agents {
				<-answer
			}
			return nil
		}
		args := starting.begin(simKey, profile.Storage().Value)
		go func() {
			_, _ = starting.call("start", args)
			starting.begun()
		}()
		synctest.Wait()
		first.do(t, "emulate", `{"userId":"c1"}`)
		synctest.Wait()
		require.NotEmpty(t, starting.agentOf(), "the page shows the agent before it has started")
		left := make(chan error, 1)
		go func() {
			_, err := starting.call("logout", "{}")
			left <- err
		}()
		synctest.Wait()
		starting.forget()
		first.do(t, "agentLogout", "{}")
		close(answer)
		require.NoError(t, <-left)
		synctest.Wait()
		for _, p := range []*page{first, starting} {
			assert.Empty(t, p.agentOf())
			assert.Equal(t, "current", p.user(), "alice is still there")
			_, status, err := p.fetch()
			require.NoError(t, err)
			assert.Equal(t, 200, status)
		}
	})
}

// What a page showed, and what is there when its logout comes to it.
func TestALogoutEndsWhatThePageShowed(t *testing.T) {
	const (
		nobody   = `"userId":"anonymous","isLoggedIn":false,"isAgent":false,"isEmulated":false`
		customer = `"userId":"current","isLoggedIn":true,"isAgent":false,"isEmulated":false`
		agent    = `"userId":"anonymous","isLoggedIn":false,"isAgent":true,"isEmulated":false`
		forC1    = `"userId":"c1","isLoggedIn":true,"isAgent":true,"isEmulated":true`
	)
	tests := []struct {
		name, shown string
		// there are what has been done, and left what there is after the logout: whether
		// the agent, for whom, and whether the customer.
		there []string
		left  string
	}{
		{"the agent", agent, []string{"agentLogin"}, "no agent, customer"},
		{"an agent who has gone", agent, nil, "no agent, customer"},
		{"an agent who has begun to act", agent, []string{"agentLogin", "emulate c1"}, "no agent, customer"},
		{"whom the agent acts for", forC1, []string{"agentLogin", "emulate c1"}, "agent, customer"},
		{"whom the agent acts for no more", forC1, []string{"agentLogin"}, "agent, customer"},
		{"whom the agent acted for before another", forC1, []string{"agentLogin", "emulate c2"}, "agent for c2, customer"},
		{"whom an agent acted for who has gone", forC1, nil, "no agent, customer"},
		{"a customer", customer, nil, "no agent, no customer"},
		{"a customer whom an agent has come before", customer, []string{"agentLogin"}, "agent, no customer"},
		{"a customer before whom an agent acts", customer, []string{"agentLogin", "emulate c1"}, "agent for c1, no customer"},
		{"nobody, and a customer is there", nobody, nil, "no agent, no customer"},
		{"nobody, and an agent is there", nobody, []string{"agentLogin"}, "no agent, customer"},
		{"nobody, and an agent acts", nobody, []string{"agentLogin", "emulate c1"}, "agent, customer"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			shopWorld(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
				p, other := shopPage(t, profile, server), shopPage(t, profile, server)
				p.do(t, "loginWithCredentials", `{"username":"alice","password":"wonderland"}`)
				for _, do := range tt.there {
					switch command, who, _ := strings.Cut(do, " "); command {
					case "emulate":
						p.do(t, command, `{"userId":"`+who+`"}`)
					default:
						p.do(t, command, ann)
					}
				}
				synctest.Wait()
				p.forget()
				p.do(t, "logout", `{"state":{`+tt.shown+`}}`)
				synctest.Wait()
				for _, of := range []*page{p, other} {
					assert.Equal(t, tt.left, there(of))
				}
			})
		})
	}
}

// there says who is there, as a page knows it.
func there(p *page) string {
	p.mu.Lock()
	v := p.view
	p.mu.Unlock()
	text := "no agent"
	if v.agent {
		text = "agent"
	}
	if v.emulated {
		text += " for " + v.user
	}
	customers := p.server.Alive("alice")
	if customers {
		return text + ", customer"
	}
	return text + ", no customer"
}

// Alice's page is asked to sign out, and has not heard yet that it is bob by now.
func TestALogoutIsNeverSomebodyElses(t *testing.T) {
	alice := `{"state":{"userId":"alice","isLoggedIn":true,"isAgent":false,"isEmulated":false}}`
	for who, left := range map[string]string{"alice": "anonymous", "bob": "bob"} {
		t.Run(who, func(t *testing.T) {
			world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
				p, other := openPage(t, profile, server, config("")), openPage(t, profile, server, config(""))
				signIn(t, p, "alice")
				signIn(t, other, who)
				synctest.Wait()
				p.do(t, "logout", alice)
				synctest.Wait()
				assert.Equal(t, []string{left, left}, []string{p.user(), other.user()})
				assert.Equal(t, left == "bob", server.Alive("bob"))
			})
		})
	}
}
