package core_test

import (
	"strings"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"latchkey/core/browser/browsertest"
)

// What a page showed, and what is there when its logout comes to it. Seed 6722: an agent had
// gone in another tab meanwhile, and the customer was signed out instead.
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
