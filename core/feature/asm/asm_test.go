package asm_test

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

const (
	customer = "authenticated current"
	nobody   = "anonymous anonymous"
	idle     = "anonymous anonymous agent"
	asBob    = "authenticated c-bob agent emulated"
)

// both asserts that all pages show the same, and returns what they were told.
func both(t *testing.T, mode string, pages ...*page) (told []string) {
	t.Helper()
	for _, p := range pages {
		assert.Equal(t, mode, p.mode())
		told = append(told, p.told())
	}
	return told
}

func TestAS01AnAgentActsForACustomer(t *testing.T) {
	tell(t, config("", ""), func(s *story) {
		p, other := s.open(), s.open()
		p.agent("agent")
		assert.Equal(t, []string{"", ""}, both(t, idle, p, other))
		assert.Equal(t, "nobody for anonymous", p.fetch("user"))
		p.emulate("c-bob")
		assert.Equal(t, []string{"login:agent anonymous>c-bob", "login:agent anonymous>c-bob (remote)"}, both(t, asBob, p, other))
		for _, page := range []*page{p, other} {
			assert.Equal(t, "agent for c-bob", page.fetch("user"))
			assert.Equal(t, "agent for agents", page.fetch("agent"))
		}
		p.emulate("c-carol")
		assert.Equal(t, []string{"logout:agent c-bob>c-carol, login:agent c-bob>c-carol", "logout:agent c-bob>c-carol (remote), login:agent c-bob>c-carol (remote)"},
			both(t, "authenticated c-carol agent emulated", p, other))
		assert.Equal(t, "agent for c-carol", other.fetch("user"))
		p.emulate("c-carol")
		assert.Equal(t, []string{"", ""}, both(t, "authenticated c-carol agent emulated", p, other), "nothing is new")
	})
}

func TestAS01OnlySomebodyInParticularIsActedFor(t *testing.T) {
	tell(t, config("", ""), func(s *story) {
		p := s.open()
		p.refused(errcode.SessionExpired, "emulate", `{"userId":"c-bob"}`)
		p.agent("agent")
		for _, id := range []string{"", "anonymous", "current", "guest", "a b", "a\\nb", "ü", strings.Repeat("c", 256)} {
			p.refused(errcode.ConfigInvalid, "emulate", `{"userId":"`+id+`"}`)
		}
		assert.Equal(t, idle, p.mode())
	})
}

func TestAS02StoppingLeavesTheAgent(t *testing.T) {
	for _, stop := range []string{"stopEmulating", "logout"} {
		t.Run(stop, func(t *testing.T) {
			tell(t, config("", ""), func(s *story) {
				p := s.open()
				p.agent("agent")
				p.emulate("c-bob")
				other := s.open()
				both(t, asBob, p, other)
				p.do(stop, `{"returnTo":"/start"}`)
				assert.Equal(t, []string{"logout:agent c-bob>anonymous", "logout:agent c-bob>anonymous (remote)"}, both(t, idle, p, other))
				assert.Equal(t, "nobody for anonymous", other.fetch("user"))
				assert.Equal(t, "agent for agents", other.fetch("agent"))
				assert.Empty(t, s.server.Revoked(), "the token is the agent's")
				assert.NotContains(t, s.profile.Storage().Value(key+"/agent"), "c-bob")
				if stop == "logout" {
					assert.Equal(t, []string{"/start"}, p.tab.Location().Navigated())
				}
			})
		})
	}
}

func TestAS03TheCustomersOwnSessionStaysAsItIs(t *testing.T) {
	tell(t, config("", ""), func(s *story) {
		p := s.open()
		p.signIn("alice")
		other := s.open()
		both(t, customer, p, other)
		before := s.profile.Storage().Value(key)
		p.agent("agent")
		assert.Equal(t, []string{"logout:agent current>anonymous", "logout:agent current>anonymous (remote)"}, both(t, idle, p, other))
		assert.Equal(t, "nobody for anonymous", other.fetch("user"))
		p.emulate("c-bob")
		assert.Equal(t, "agent for c-bob", other.fetch("user"))
		both(t, asBob, p, other)
		assert.Equal(t, before, s.profile.Storage().Value(key))

		p, other = s.reload(p), s.reload(other)
		assert.Equal(t, []string{"", ""}, both(t, asBob, p, other), "a reload is no event")
		other.do("agentLogout", "{}")
		assert.Equal(t, []string{"logout:agent c-bob>current (remote), login:agent c-bob>current (remote)", "logout:agent c-bob>current, login:agent c-bob>current"}, both(t, customer, p, other))
		assert.Equal(t, "alice for alice", p.fetch("user"))
		assert.Equal(t, before, s.profile.Storage().Value(key))
		assert.Equal(t, []string{"refresh_token", "access_token"}, s.server.Revoked(), "the agent's, once")
		assert.Equal(t, "nobody for current", p.fetch("agent"))
	})
}

// asleep is a machine that was: timers have not noticed.
func (s *story) asleep(d time.Duration) { s.profile.Jump(d) }

func TestS83ACustomersSessionThatHasEndedMeanwhileIsRenewed(t *testing.T) {
	tell(t, config(`"idleTimeout":60000`, ""), func(s *story) {
		p := s.open()
		p.signIn("alice")
		p.agent("agent")
		p.emulate("c-bob")
		other := s.open()
		p.told()
		s.asleep(2 * time.Hour)
		// The answer takes its time.
		gate := make(chan struct{})
		s.server.Fault = func(req *browser.Request, form url.Values) (*browser.Response, error) {
			if form.Get("grant_type") == "refresh_token" && form.Get("client_id") == "mobile" {
				<-gate
			}
			return nil, nil
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			_, err := p.call("agentLogout", "{}")
			assert.NoError(t, err)
			assert.Equal(t, customer, p.mode(), "known when the call is over")
		}()
		synctest.Wait()
		both(t, "restoring anonymous", p, other)
		var answer string
		asked := make(chan struct{})
		go func() { defer close(asked); answer = p.fetch("user") }()
		synctest.Wait()
		close(gate)
		<-done
		<-asked
		synctest.Wait()
		both(t, customer, p, other)
		assert.Equal(t, "alice for alice", other.fetch("user"))
		assert.Equal(t, "alice for alice", answer)
	})
}

func TestS83WhatIsToldOfACustomerWhoIsBack(t *testing.T) {
	tests := map[string]struct {
		death      bool
		mode, told string
	}{
		"renewed":        {false, customer, "logout:agent c-bob>anonymous, login:agent anonymous>current"},
		"ended for good": {true, nobody, "logout:agent c-bob>anonymous, expired current>anonymous, logout:expired current>anonymous"},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tell(t, config(`"idleTimeout":60000`, ""), func(s *story) {
				p := s.open()
				p.signIn("alice")
				p.agent("agent")
				p.emulate("c-bob")
				other := s.open()
				p.told()
				s.asleep(2 * time.Hour)
				if tt.death {
					s.server.RevokeAll()
				}
				p.do("agentLogout", "{}")
				told := both(t, tt.mode, p, other)
				assert.Equal(t, tt.told, strings.ReplaceAll(told[0], " (remote)", ""), "by whichever tab")
				// The other tab may hear of the one or of the other first.
				assert.Equal(t, 1, strings.Count(told[1], "logout:agent c-bob>"), told[1])
				logins := strings.Count(told[1], "login:agent c-bob>current") + strings.Count(told[1], "login:agent anonymous>current")
				assert.Equal(t, !tt.death, logins == 1, told[1])
				assert.Equal(t, 1, s.server.Refreshes(), "one for both tabs")
			})
		})
	}
}

func TestAS04AnAgentsTokenIsRefreshed(t *testing.T) {
	tell(t, config("", ""), func(s *story) {
		p := s.open()
		p.signIn("alice")
		p.agent("agent")
		p.emulate("c-bob")
		p.told()
		s.server.Expire()
		assert.Equal(t, "agent for c-bob", p.fetch("user"))
		assert.Equal(t, "refresh", p.told())
		p.do("stopEmulating", "{}")
		p.told()
		s.server.Expire()
		assert.Equal(t, "agent for agents", p.fetch("agent"))
		assert.Empty(t, p.told(), "the page's user has no tokens that could be new")
	})
}

func TestAS04AnAgentsDeadSessionEndsTheAgentOnly(t *testing.T) {
	for _, refused := range []string{"user", "agent"} {
		t.Run(refused, func(t *testing.T) {
			tell(t, config("", ""), func(s *story) {
				p := s.open()
				p.signIn("alice")
				p.agent("agent")
				p.emulate("c-bob")
				other := s.open()
				p.told()
				s.server.Expire()
				s.server.Fault = func(_ *browser.Request, form url.Values) (*browser.Response, error) {
					if form.Get("grant_type") != "refresh_token" || form.Get("refresh_token") == s.record("").Get("tokens").Get("refresh").TextOr("") {
						return nil, nil
					}
					return browsertest.JSON(401, `{"error":"invalid_token","error_description":"Invalid refresh token (expired): `+form.Get("refresh_token")+`"}`), nil
				}
				answer := p.fetch(refused)
				synctest.Wait()
				assert.Equal(t, map[string]string{"user": "session_changed", "agent": "401"}[refused], answer)
				assert.Equal(t, []string{"expired:agent c-bob>current, logout:agent c-bob>current, login:agent c-bob>current",
					"expired:agent c-bob>current (remote), logout:agent c-bob>current (remote), login:agent c-bob>current (remote)"}, both(t, customer, p, other))
				assert.Equal(t, "alice for alice", p.fetch("user"))
				assert.Equal(t, "alice for alice", s.reload(other).fetch("user"))
			})
		})
	}
}

func TestAS05WhatIsStoredOfAnAgentIsJudgedAgain(t *testing.T) {
	for id, mode := range map[string]string{
		"current": idle, "anonymous": idle, "guest": idle, "a b": idle, "": idle, `x\r\ny`: idle, strings.Repeat("c", 256): idle,
		"c-carol": "authenticated c-carol agent emulated",
	} {
		t.Run(id[:min(len(id), 12)], func(t *testing.T) {
			tell(t, config("", ""), func(s *story) {
				p := s.open()
				p.signIn("alice")
				p.agent("agent")
				p.emulate("c-bob")
				stored := s.profile.Storage().Value(key + "/agent")
				require.Contains(t, stored, `"acts":{"for":"c-bob"`)
				p.tab.Kill()
				s.profile.Storage().Put(key+"/agent", strings.Replace(stored, `"acts":{"for":"c-bob"`, `"acts":{"for":"`+id+`"`, 1))
				p = s.open()
				both(t, mode, p)
				assert.Contains(t, []string{"nobody for anonymous", "agent for c-carol"}, p.fetch("user"), "by the agent's token, or none")
				p.do("agentLogout", "{}")
				both(t, customer, p)
			})
		})
	}
	t.Run("a customer's record is no agent's", func(t *testing.T) {
		tell(t, config(`"clientId":"desk"`, ""), func(s *story) {
			p := s.open()
			p.signIn("alice")
			p.tab.Kill()
			s.profile.Storage().Put(key+"/agent", s.profile.Storage().Value(key))
			p = s.open()
			both(t, customer, p)
			assert.Empty(t, s.profile.Storage().Value(key+"/agent"))
		})
	})
	t.Run("a customer acts for nobody", func(t *testing.T) {
		tell(t, config("", ""), func(s *story) {
			p := s.open()
			p.signIn("alice")
			p.tab.Kill()
			s.profile.Storage().Put(key, strings.Replace(s.profile.Storage().Value(key), `"tokens":`, `"acts":{"for":"c-bob","since":1},"tokens":`, 1))
			p = s.open()
			both(t, customer, p)
			assert.Equal(t, "alice for alice", p.fetch("user"))
		})
	})
}

func TestAS06AllTabsShowTheSameMode(t *testing.T) {
	tell(t, config("", ""), func(s *story) {
		pages := []*page{s.open(), s.open(), s.open()}
		step := func(i int, mode string, act func(p *page), answer string) {
			t.Helper()
			act(pages[i])
			both(t, mode, pages...)
			for _, p := range pages {
				assert.Equal(t, answer, p.fetch("user"))
			}
			pages[2] = s.reload(pages[2])
			both(t, mode, pages...)
		}
		step(0, customer, func(p *page) { p.signIn("alice") }, "alice for alice")
		step(1, idle, func(p *page) { p.agent("agent") }, "nobody for anonymous")
		step(0, asBob, func(p *page) { p.emulate("c-bob") }, "agent for c-bob")
		step(2, idle, func(p *page) { p.do("stopEmulating", "{}") }, "nobody for anonymous")
		step(1, "authenticated c-alice agent emulated", func(p *page) { p.emulate("c-alice") }, "agent for c-alice")
		step(2, customer, func(p *page) { p.do("agentLogout", "{}") }, "alice for alice")
		step(0, nobody, func(p *page) { p.do("logout", "{}") }, "nobody for anonymous")
	})
}

func TestAS06APageThatHasShownACustomerIsToldOfTheAgent(t *testing.T) {
	tests := map[string]struct{ shown, mode, told string }{
		"who was signed in":     {`"userId":"current"`, asBob, "logout:agent current>c-bob (remote), login:agent current>c-bob (remote)"},
		"when there was nobody": {`"userId":"anonymous"`, asBob, "login:agent anonymous>c-bob (remote)"},
		"that it showed itself": {`"userId":"c-bob"`, asBob, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tell(t, config("", ""), func(s *story) {
				p := s.open()
				p.signIn("alice")
				p.agent("agent")
				p.emulate("c-bob")
				stamp := s.record("")
				version, _ := stamp.Get("generation").Int()
				late := s.load(s.profile.Open(origin+"/"), `{"session":"`+stamp.Get("session").TextOr("")+`","version":`+string(rune('0'+version))+`,`+tt.shown+`}`)
				assert.Equal(t, []string{tt.told}, both(t, tt.mode, late))
			})
		})
	}
}

func TestAS07ARevocationCarriesTheAccessTokenWhereItShould(t *testing.T) {
	tell(t, config("", ""), func(s *story) {
		var seen []string
		s.server.Fault = func(req *browser.Request, form url.Values) (*browser.Response, error) {
			with := "without"
			if req.Headers["authorization"] != "" {
				with = "with"
			}
			seen = append(seen, strings.TrimPrefix(req.URL, server)+" "+form.Get("token_type_hint")+" "+with)
			return nil, nil
		}
		p := s.open()
		p.agent("agent")
		p.do("agentLogout", "{}")
		assert.Equal(t, []string{"/token  without", "/revoke refresh_token with", "/revoke access_token with"}, seen)
	})
}

func TestAS08TheClientsTokenIsItsOwnWhileAnAgentIsThere(t *testing.T) {
	tell(t, config("", `"clientTokens":true,`), func(s *story) {
		p := s.open()
		held := func() bool {
			for _, rule := range p.policy.Get("rules").Items() {
				if rule.Get("as").TextOr("") == "client" {
					return rule.Get("session").TextOr("") == "client"
				}
			}
			return false
		}
		for _, act := range []func(){func() {}, func() { p.signIn("alice") }, func() { p.agent("agent") }, func() { p.emulate("c-bob") }, func() { p.do("agentLogout", "{}") }} {
			act()
			assert.True(t, held())
		}
	})
}

func TestAS09ARequestInFlightNeverGoesOnAsAnother(t *testing.T) {
	// Whose the request is, what happens while it is under way and refused, and how it
	// ends.
	tests := []struct {
		name, as string
		setup    func(p *page)
		change   func(p *page)
		want     string
	}{
		{"another customer", "user", bob, func(p *page) { p.emulate("c-carol") }, "session_changed"},
		{"the same customer again", "user", bob, func(p *page) { p.do("stopEmulating", "{}"); p.emulate("c-bob") }, "session_changed"},
		{"no customer", "user", bob, func(p *page) { p.do("stopEmulating", "{}") }, "401"},
		{"the customer themselves", "user", bob, func(p *page) { p.do("agentLogout", "{}") }, "session_changed"},
		{"another agent for the same", "user", bob, func(p *page) { p.agent("agent2"); p.emulate("c-bob") }, "session_changed"},
		{"an agent comes", "user", alice, func(p *page) { p.agent("agent") }, "401"},
		{"an agent comes and acts", "user", alice, func(p *page) { p.agent("agent"); p.emulate("c-bob") }, "session_changed"},
		{"an agent comes and goes", "user", alice, func(p *page) { p.agent("agent"); p.emulate("c-bob"); p.do("agentLogout", "{}") }, "alice for alice"},
		{"the agent's own request", "agent", bob, func(p *page) { p.emulate("c-carol") }, "agent for agents"},
		{"the agent's own request, another agent", "agent", bob, func(p *page) { p.agent("agent2") }, "session_changed"},
		{"the agent's own request, no agent", "agent", bob, func(p *page) { p.do("agentLogout", "{}") }, "401"},
	}
	for _, tt := range tests {
		for _, where := range []string{"here", "in another tab"} {
			t.Run(tt.name+" "+where, func(t *testing.T) {
				tell(t, config("", ""), func(s *story) {
					p := s.open()
					other := s.open()
					p.signIn("alice")
					tt.setup(p)
					by := p
					if where != "here" {
						by = other
					}
					assert.Equal(t, tt.want, p.fetch(tt.as, func() { s.server.Expire(); tt.change(by) }))
				})
			})
		}
	}
}

func alice(*page) {}

func bob(p *page) { p.agent("agent"); p.emulate("c-bob") }

func TestAS09WhomTheAgentActsForMayChangeDuringARefresh(t *testing.T) {
	for name, change := range map[string]func(p *page){
		"emulate another": func(p *page) { p.emulate("c-carol") },
		"stop":            func(p *page) { p.do("stopEmulating", "{}") },
	} {
		t.Run(name, func(t *testing.T) {
			tell(t, config("", ""), func(s *story) {
				p, other := s.open(), s.open()
				p.signIn("alice")
				bob(p)
				s.server.Expire()
				gate := make(chan struct{})
				s.server.Fault = func(_ *browser.Request, form url.Values) (*browser.Response, error) {
					if form.Get("grant_type") == "refresh_token" {
						<-gate
					}
					return nil, nil
				}
				var all sync.WaitGroup
				answers := make(chan string, 2)
				for _, page := range []*page{p, other} {
					all.Go(func() { answers <- page.fetch("user") })
				}
				synctest.Wait()
				change(other)
				close(gate)
				all.Wait()
				synctest.Wait()
				for range 2 {
					assert.Contains(t, []string{"session_changed", "401"}, <-answers)
				}
				assert.Equal(t, 1, s.server.Refreshes())
				s.server.Fault = nil
				// The refresh token that came is the one that is kept.
				s.server.Expire()
				assert.Equal(t, "agent for agents", p.fetch("agent"))
				assert.Equal(t, "agent for agents", other.fetch("agent"))
				assert.Equal(t, 2, s.server.Refreshes())
			})
		})
	}
}

func TestS81AnAgentWhoFailsChangesNothing(t *testing.T) {
	tell(t, config("", ""), func(s *story) {
		p, other := s.open(), s.open()
		p.signIn("alice")
		both(t, customer, p, other)
		before := s.profile.Storage().All()
		var during []string
		s.server.Fault = func(*browser.Request, url.Values) (*browser.Response, error) {
			during = append(during, p.mode(), p.fetch("user"))
			return nil, nil
		}
		p.refused(errcode.InvalidCredentials, "agentLogin", `{"username":"agent","password":"wrong"}`)
		assert.Equal(t, []string{customer, "alice for alice"}, during, "while it is under way")
		s.server.Fault = func(*browser.Request, url.Values) (*browser.Response, error) { return nil, browser.ErrNetwork }
		p.refused(errcode.NetworkError, "agentLogin", `{"username":"agent","password":"wonderland"}`)
		assert.Equal(t, []string{"", ""}, both(t, customer, p, other))
		assert.Equal(t, before, s.profile.Storage().All())
		assert.Equal(t, "alice for alice", p.fetch("user"))
	})
}

func TestS81AnAgentHasTheirOwnClient(t *testing.T) {
	for agent, want := range map[string]string{
		"": "mobile shh", `"clientId":"mobile"`: "mobile shh", `"clientId":"desk"`: "desk ", `"clientId":"desk","clientSecret":"own"`: "desk own",
	} {
		tell(t, config(agent, `"clientSecret":"shh",`), func(s *story) {
			var seen []string
			s.server.Fault = func(_ *browser.Request, form url.Values) (*browser.Response, error) {
				seen = append(seen, form.Get("client_id")+" "+form.Get("client_secret"))
				return nil, nil
			}
			p := s.open()
			p.agent("agent")
			assert.Equal(t, []string{want}, seen, agent)
		})
	}
}

func TestS81NobodyElseSignsInWhileAnAgentIsThere(t *testing.T) {
	credentials := `{"username":"bob","password":"wonderland"}`
	t.Run("by password", func(t *testing.T) {
		tell(t, config("", ""), func(s *story) {
			p, other := s.open(), s.open()
			p.agent("agent")
			for _, page := range []*page{p, other} {
				page.refused(errcode.AgentLoggedIn, "loginWithCredentials", credentials)
			}
			// The other tab has not heard of it yet.
			p.do("agentLogout", "{}")
			s.profile.Step = func(_ context.Context, tab *browsertest.Tab, operation string) error {
				if tab == other.tab && operation == "note" {
					return assert.AnError
				}
				return nil
			}
			p.agent("agent")
			assert.Equal(t, nobody, other.mode())
			other.refused(errcode.AgentLoggedIn, "loginWithCredentials", credentials)
			assert.Equal(t, []string{""}, both(t, idle, other))
		})
	})
	t.Run("by password, under way", func(t *testing.T) {
		tell(t, config("", ""), func(s *story) {
			p := s.open()
			asked := false
			s.server.Fault = func(_ *browser.Request, form url.Values) (*browser.Response, error) {
				if form.Get("username") == "bob" && !asked {
					asked = true
					p.agent("agent")
				}
				return nil, nil
			}
			p.refused(errcode.AgentLoggedIn, "loginWithCredentials", credentials)
			both(t, idle, p)
			assert.Equal(t, []string{"refresh_token", "access_token"}, s.server.Revoked())
			p.do("agentLogout", "{}")
			both(t, nobody, p)
		})
	})
	code := strings.Replace(config(`"flow":"password"`, ""), `"flow":"password","context"`, `"flow":"code","context"`, 1)
	t.Run("by redirect", func(t *testing.T) {
		for _, late := range []bool{false, true} {
			tell(t, code, func(s *story) {
				p := s.open()
				_, err := p.call("loginWithRedirect", `{"returnTo":"/"}`)
				require.NoError(t, err)
				back := s.server.Authorize(p.tab.Location().Assigned()[0], "bob")
				other := s.open()
				if late {
					s.server.Fault = func(_ *browser.Request, form url.Values) (*browser.Response, error) {
						if form.Get("grant_type") == "authorization_code" {
							other.agent("agent")
						}
						return nil, nil
					}
				} else {
					other.agent("agent")
				}
				returned := s.load(s.profile.Open(back), `{"callback":"`+back+`"}`)
				synctest.Wait()
				assert.Equal(t, []string{"error:agent_logged_in"}, both(t, idle, returned))
				other.refused(errcode.AgentLoggedIn, "loginWithRedirect", `{"returnTo":"/"}`)
				other.refused(errcode.AgentLoggedIn, "loginWithPopup", `{"window":1}`)
				other.refused(errcode.AgentLoggedIn, "loginSilently", `{}`)
				s.server.Fault = nil
				other.do("agentLogout", "{}")
				both(t, nobody, returned, other)
			})
		}
	})
}

func TestS81AnAgentSignsInByRedirect(t *testing.T) {
	tell(t, config(`"flow":"code"`, `"clientSecret":"shh",`), func(s *story) {
		p := s.open()
		p.signIn("alice")
		p.refused(errcode.ConfigInvalid, "agentLogin", `{"username":"agent","password":"wonderland"}`)
		_, err := p.call("agentLoginWithRedirect", `{"returnTo":"/desk"}`)
		require.NoError(t, err)
		address := p.tab.Location().Assigned()[0]
		sent, err := url.Parse(address)
		require.NoError(t, err)
		assert.Equal(t, "login", sent.Query().Get("prompt"), "the server must not take the customer for the agent")
		assert.Equal(t, "asm_client", sent.Query().Get("client_id"))
		both(t, customer, p)

		// What somebody else has at hand is no answer.
		forged := s.load(s.profile.Open(origin+"/"), `{"callback":"`+origin+`/?code=x&state=lk.b.forged"}`)
		assert.Equal(t, []string{"error:state_mismatch"}, both(t, customer, forged))

		back := s.server.Authorize(address, "agent")
		returned := s.load(s.profile.Open(back), `{"callback":"`+back+`"}`)
		synctest.Wait()
		told := both(t, idle, returned, p, forged)
		assert.Equal(t, []string{"logout:agent current>anonymous", "logout:agent current>anonymous (remote)", "logout:agent current>anonymous (remote)"}, told)
		assert.Equal(t, []string{"/desk"}, returned.tab.Location().Navigated())
		assert.Equal(t, "agent for agents", returned.fetch("agent"))

		// The same address again changes nothing.
		again := s.load(s.profile.Open(back), `{"callback":"`+back+`"}`)
		assert.Equal(t, []string{""}, both(t, idle, again))
		again.do("agentLogout", "{}")
		both(t, customer, again, returned, p)
	})
}

func TestS82AnAgentTakesTheOtherAgentsPlace(t *testing.T) {
	tell(t, config("", ""), func(s *story) {
		p, other := s.open(), s.open()
		p.signIn("alice")
		bob(p)
		p.told()
		other.told()
		p.agent("agent2")
		assert.Equal(t, []string{"logout:agent c-bob>anonymous", "logout:agent c-bob>anonymous (remote)"}, both(t, idle, p, other))
		assert.Equal(t, "agent2 for agents", other.fetch("agent"))
	})
}

func TestS82ALogoutWithoutACustomerSignsTheAgentOut(t *testing.T) {
	tell(t, config("", ""), func(s *story) {
		p, other := s.open(), s.open()
		p.signIn("alice")
		p.agent("agent")
		p.told()
		other.told()
		p.do("logout", `{"returnTo":"/bye"}`)
		assert.Equal(t, []string{"login:agent anonymous>current", "login:agent anonymous>current (remote)"}, both(t, customer, p, other))
		assert.Equal(t, []string{"/bye"}, p.tab.Location().Navigated())
		p.do("logout", "{}")
		both(t, nobody, p, other)
	})
}

func TestS82ThePagesUserHasNoTokenButTheAgents(t *testing.T) {
	tell(t, config("", ""), func(s *story) {
		p := s.open()
		p.signIn("alice")
		own, err := p.call("accessToken", "{}")
		require.NoError(t, err)
		p.agent("agent")
		p.refused(errcode.SessionExpired, "accessToken", "{}")
		p.refused(errcode.SessionExpired, "refresh", "{}")
		p.emulate("c-bob")
		its, err := p.call("accessToken", "{}")
		require.NoError(t, err)
		assert.NotEqual(t, own, its)
		p.refused(errcode.NotSupported, "idToken", "{}")
		p.refused(errcode.NotSupported, "userInfo", "{}")
		p.do("refresh", "{}")
		assert.Equal(t, "agent for c-bob", p.fetch("user"))
		assert.Equal(t, 1, s.server.Refreshes())
	})
}

func TestS60AnAgentOfSpartacusIsTakenOver(t *testing.T) {
	tell(t, config("", `"adopt":true,`), func(s *story) {
		token := func(user string) string {
			answer, _ := s.server.Serve(t.Context(), &browser.Request{URL: server + "/token", Body: "grant_type=password&client_id=mobile&password=wonderland&username=" + user})
			access, _, _ := strings.Cut(strings.TrimPrefix(string(answer.Body), `{"access_token":"`), `"`)
			return `{"access_token":"` + access + `","token_type":"bearer"}`
		}
		s.profile.Storage().Put("spartacus⚿⚿auth", `{"token":`+token("agent")+`,"userId":"c-bob"}`)
		s.profile.Storage().Put("spartacus⚿⚿asm", `{"tokenTarget":"CSAgent","emulatedUserToken":`+token("alice")+`}`)
		p := s.open()
		assert.Equal(t, []string{""}, both(t, asBob, p))
		assert.Equal(t, "agent for c-bob", p.fetch("user"))
		assert.Empty(t, s.profile.Storage().Value("spartacus⚿⚿auth")+s.profile.Storage().Value("spartacus⚿⚿asm"))
		p = s.reload(p)
		p.do("agentLogout", "{}")
		assert.Equal(t, "alice for alice", p.fetch("user"))
	})
}

func TestNothingOfAnAgentIsLeftAfterClose(t *testing.T) {
	tell(t, config("", ""), func(s *story) {
		p, other := s.open(), s.open()
		bob(p)
		other.told()
		other.rt.Close()
		before := s.profile.Storage().All()
		other.tab.Signal(browser.Active)
		other.tab.Signal(browser.Resumed)
		p.tab.Kill()
		time.Sleep(time.Hour)
		assert.Equal(t, before, s.profile.Storage().All(), "nobody is there to sign anybody out")
		assert.Empty(t, other.told())
	})
}
