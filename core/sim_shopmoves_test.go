package core_test

import (
	"strings"
	"time"

	"latchkey/core/browser"
	"latchkey/core/errcode"
)

// restoring returns the pages that are.
func (s *shop) restoring() (pages []*page) {
	for _, p := range s.pages {
		if s.viewOf(p).mode() == "restoring" {
			pages = append(pages, p)
		}
	}
	return pages
}

// haste is how many of ten moves are of the tabs: fewer while something is there that
// does not last.
func (s *shop) haste(standard int) int {
	if s != nil && len(s.restoring()) > 0 {
		return 3
	}
	return standard
}

// move makes one thing happen. What there is to do for an agent, and for one who is
// acting for somebody, is done more often while they are there, and of what does not
// last everything as often.
func (s *shop) move(p *page) {
	mode := s.viewOf(p).mode()
	if short := s.restoring(); len(short) > 0 && s.rng.IntN(3) > 0 {
		p, mode = short[0], "restoring"
	}
	here := func(in string, more int) int {
		if mode == in {
			return more
		}
		return 0
	}
	moves := []thing{
		{36, func(p *page) { s.request(p, s.one("user", "user", "user", "user-or-client", "client", "agent")) }},
		{here("emulating", 20), func(p *page) { s.request(p, "user") }},
		{here("emulating", 10), func(*page) { s.expire(agents + "/ann") }},
		{4, func(p *page) { s.act(p, "refresh", "{}", nil) }},
		{6, func(p *page) { s.login(p, s.one("alice", "bob"), s.one("wonderland", "wonderland", "wrong")) }},
		{2, s.logout},
		{6 + here("none", 8), func(p *page) { s.agentLogin(p, s.one("wonderland", "wonderland", "wrong")) }},
		{3, func(p *page) { s.act(p, "agentLogout", "{}", nil) }},
		{5 + here("agent", 30) + here("emulating", 20), func(p *page) { s.act(p, "emulate", `{"userId":"`+s.one("c1", "c2")+`"}`, nil) }},
		{3, func(p *page) { s.act(p, "stopEmulating", "{}", nil) }},
		{here("agent", 8) + here("emulating", 8), s.comeBack},
		{2, func(*page) { s.fall(s.one("shop/alice", "shop/bob", agents+"/ann")) }},
		{3, s.signal},
		{13, func(*page) { s.pass(time.Duration(s.rng.IntN(15000)) * time.Millisecond) }},
	}
	for i := range moves[1:] {
		if mode == "restoring" {
			moves[i+1].weight = 4
		}
	}
	s.choose(p, moves)
}

// one is one of them.
func (s *shop) one(of ...string) string { return of[s.rng.IntN(len(of))] }

// comeBack has the customer's session need a refresh when the agent goes.
func (s *shop) comeBack(p *page) {
	if s.main.last == "" {
		return
	}
	s.note("the customer's token ends")
	s.profile.Jump(2 * s.server.Life)
	s.act(p, "agentLogout", "{}", nil)
}

func (s *shop) signal(p *page) {
	signal := browser.Resumed
	if s.rng.IntN(2) == 0 {
		signal = browser.Active
	}
	s.note("%s: signal %v", p.tab.Name, signal)
	s.sawIn(p, "a sign of life")
	p.tab.Signal(signal)
}

// act has the person do something; then is told what came of it.
func (s *shop) act(p *page, command, args string, then func(result string, err error)) {
	if !s.begin(p) {
		return
	}
	s.note("%s: %s %s", p.tab.Name, command, args)
	s.sawIn(p, command)
	called := command
	if v := s.viewOf(p); command == "logout" {
		switch {
		case v.agent:
			called = agentsOut
		case v.live:
			called = customersOut
		}
		s.sim.saw(called)
	}
	s.mu.Lock()
	s.running[called]++
	s.mu.Unlock()
	s.call(p, called, func() {
		result, err := p.call(command, args)
		s.mu.Lock()
		s.running[called]--
		s.mu.Unlock()
		if then != nil {
			then(result, err)
		}
	})
}

// has says that a command is done whatever else happens.
func (s *shop) has(command string) {
	if s != nil {
		s.ran[command] = s.step
	}
}

func (s *shop) credentials(p *page, command, user, password string, then func(err error)) {
	s.act(p, command, `{"username":"`+user+`","password":"`+password+`"}`, func(_ string, err error) {
		if p.tab.Dead() {
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		if password == "wrong" && err == nil {
			s.fail("%s: %s with a wrong password", p.tab.Name, command)
		}
		if then != nil {
			then(err)
		}
	})
}

// login is refused where an agent is there from its beginning to its end.
func (s *shop) login(p *page, user, password string) {
	before := s.viewOf(p)
	agent, _ := before.stamp("agent")
	if password == "wrong" {
		s.sawIn(p, "a wrong password")
	}
	s.credentials(p, "loginWithCredentials", user, password, func(err error) {
		p.mu.Lock()
		defer p.mu.Unlock()
		if now, _ := p.view.stamp("agent"); before.agent && p.view.agent && now == agent && errcode.Of(err) != errcode.AgentLoggedIn {
			s.fail("%s signed a customer in while an agent was there: %v", p.tab.Name, err)
		}
	})
}

func (s *shop) agentLogin(p *page, password string) {
	if password == "wrong" {
		s.sawIn(p, "an agent's wrong password")
	}
	s.credentials(p, "agentLogin", "ann", password, nil)
}

func (s *shop) logout(p *page) {
	s.mu.Lock()
	busy := s.busy[p] > 5
	s.mu.Unlock()
	if !busy {
		s.act(p, "logout", "{}", nil)
		p.forget()
	}
}

// owned calls change with the client and the user in "client/user".
func owned(who string, change func(client, user string)) {
	client, user, _ := strings.Cut(who, "/")
	change(client, user)
}

func (s *shop) expire(who string) {
	s.note("the server refuses the access tokens of %s", who)
	s.sim.saw("a refusal")
	s.saw("a refusal of " + kindOf(who))
	owned(who, s.server.ExpireOf)
}

func (s *shop) fall(who string) {
	s.note("the server ends the sessions of %s", who)
	s.saw("the end of " + kindOf(who))
	owned(who, s.server.RevokeOf)
}

// kindOf is whose the tokens are of an owner.
func kindOf(owner string) string {
	switch {
	case owner == "":
		return "nobody's"
	case strings.HasPrefix(owner, agents+"/"):
		return "the agent's"
	case owner == "shop/":
		return "the client's"
	}
	return "the customer's"
}
