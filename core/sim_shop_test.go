package core_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"latchkey/core/browser/browsertest"
	"latchkey/core/feature/asm"
	"latchkey/core/feature/clientauth"
	"latchkey/core/session"
	"latchkey/core/strictjson"
)

const (
	agents = "desk" // the agents' client at the server

	clientSent   = "send " + issuer + "/token client_credentials shop"
	clientAnswer = "answer " + issuer + "/token client_credentials shop"

	customerIn = "answer " + issuer + "/token password shop"

	agentsOut    = "a logout where an agent is shown"
	customersOut = "a logout where a customer is shown"

	idleTimeout = 10 * time.Minute
)

// shopConfig is that of an app for SAP Commerce, with client tokens and agents.
func shopConfig() string {
	return `{"scheme":"occ","baseSite":"toys","key":"` + simKey + `","issuer":"` + issuer + `","client":"shop","clientSecret":"secret","scope":"",
		"redirectUri":"` + origin + `/callback","origin":"` + origin + `","flow":"password","context":"","storage":"local","home":"/","login":"/login","logout":"/logout",
		"endpoints":{"token":"` + issuer + `/token","revocation":"` + issuer + `/revoke"},"clientTokens":true,"authorizeRevocation":true,"agent":{"clientId":"` + agents + `"}}`
}

// shop is a simulation with an agent, customers whom they act for, and the client's
// own token. Beside the invariants of a sim, a request is only ever answered as whom
// it was made as, as nobody, or not at all; and:
//
//   - what a page shows and the credentials it has for requests are of the same;
//   - a page that shows an agent has nothing of the customer's own;
//   - the one session's end is never the other's, and while the agent is there the
//     customer's own becomes nobody else's;
//   - of all tabs one asks for a client's token at a time, when there is need, and
//     what it gets is used;
//   - in the end all tabs agree on the mode, the user and all credentials;
//   - whom an agent acts for changes only where somebody asks for it.
//
// A customer's own session may be renewed behind the agent, but its access token goes
// nowhere. The page is the one of requests_test.go; what a browser's storage event
// does before the runtime is there is left out of it.
//
// It sees what it is there for. With these bugs planted by hand, of 200 schedules with
// an agent something was found in
//
//	125  the data plane compares the policy's session, not the rule's
//	 82  Record.Past compares only Session
//	 16  the commit of a refresh drops Acts
//	 15  the data plane sends what waited without comparing
//	  2  the commit of a refresh brings the old Acts back
//	  2  acting names the session without a number of its own
//	  1  what was sent as the client goes on as a person
//
// and in at least one of these: the layer leaves the customer's rules beside the
// agent's; the agent's end ends the customer; the agent's tokens are renewed by the
// shop's client; no refresh lock, or no read under it; a client's token is thrown
// away; allowed looks at nothing, or only at what its tab knows; restoring for ever;
// tabs read the main record only; the idle timer ends whoever is there.
type shop struct {
	*sim
	agent *book

	step int
	// requests counts them: two that wait for the same have names, so that which is first
	// is not up to chance.
	requests int
	acts     string // for whom the agent acts, and since when
	// moving is the tab that something has just happened in, signedIn when each got
	// the answer to a customer's password, and agentSince when the agent's sign-in was
	// known to all who look.
	moving     *browsertest.Tab
	signedIn   map[*browsertest.Tab]int
	agentSince int
	// running are the commands under way, and ran when one last was.
	running, ran map[string]int
	// idle says that the agent's session was old enough to end for want of activity.
	idle    bool
	began   time.Time
	clients []*clientSend
	// bad are client tokens that were of no use once.
	bad map[string]bool
	// robbed are tabs whose turn to ask for one was taken: nothing holds them back, as
	// such a token is not spent by asking.
	robbed map[*browsertest.Tab]bool
}

// openShop makes s one.
func (s *sim) openShop() {
	s.shop = &shop{sim: s, agent: newBook(s.profile.Storage(), simKey+"/agent", "agent's "), running: map[string]int{}, ran: map[string]int{}, bad: map[string]bool{}, robbed: map[*browsertest.Tab]bool{}, signedIn: map[*browsertest.Tab]int{}}
	s.server.NoIDToken = true
}

func (s *shop) open(tab *browsertest.Tab) {
	p, err := newPage(tab, s.server, strings.Replace(shopConfig(), `{`, `{`+untraced, 1), clientauth.Install, asm.Install)
	if err != nil {
		s.fail("%v", err)
		return
	}
	p.wire = func(m message) (string, int, error) { return s.wire(p, m) }
	p.watch = func(v view) { s.shown(p, v) }
	s.pages = append(s.pages, p)
	args := p.begin(simKey, s.profile.Storage().Value)
	s.act(p, "start", args, func(string, error) { p.begun() })
}

func (s *shop) viewOf(p *page) view {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.view
}

// owner is whose token is in a header.
func (s *shop) owner(authorization string) string {
	_, token, _ := strings.Cut(authorization, " ")
	return s.server.Owner(token)
}

// subject is whom a request is made as: whose credentials it carries, and whom it
// is about.
type subject struct{ owner, id string }

func (u subject) String() string { return fmt.Sprintf("%q for %q", u.owner, u.id) }

// subjectOf is whom a request would be made as now.
func (s *shop) subjectOf(r request, v view) (u subject) {
	u.id = r.path
	rule, ok := v.rules[r.by(v)]
	switch {
	case !ok:
		return u
	case rule.hold:
		u.owner = "shop/"
	default:
		u.owner = s.owner(rule.authorization)
	}
	if r.names(v) {
		u.id = v.user
	}
	return u
}

// request has the app call its API.
func (s *shop) request(p *page, as string) {
	if !s.begin(p) {
		return
	}
	p.mu.Lock()
	v, held := p.view, p.held != nil
	p.mu.Unlock()
	s.requests++
	r := request{as: as, name: fmt.Sprintf("%s %d", as, s.requests)}
	switch {
	case as == "client" && s.rng.IntN(4) == 0:
		r.path = session.Current
	case strings.HasPrefix(as, "user"):
		switch s.rng.IntN(3) {
		case 0:
			r.path = v.user
		case 1:
			r.marked = true
		}
	}
	made := s.subjectOf(r, v)
	s.note("%s: request %d as %s, by %s, held %t", p.tab.Name, s.requests, as, made, held)
	s.sawIn(p, "a request as "+as)
	// Whose it is is known when it leaves for the first time: it may be the user's, if
	// there is one by then.
	open := held || as == "user-or-client" && r.by(v) == "client"
	r.seen = func(m message) {
		owner := s.owner(m.authorization)
		if open {
			open, made.owner = false, owner
			if r.marked {
				made.id = m.id
			}
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		switch {
		case owner == "" || p.tab.Dead():
		case owner != made.owner || m.id != made.id:
			s.fail("wrong subject: a request of %s's made by %s was sent by %s", p.tab.Name, made, subject{owner, m.id})
		case owner == "shop/" && m.id == session.Current:
			s.fail("AS-08: the client asked for what is the user's own")
		case m.by.agent && kindOf(owner) == "the customer's":
			s.fail("wrong subject: a request of a customer's was sent while an agent was there")
		}
	}
	s.call(p, "a request as "+as, func() { _, _, _ = p.send(r) })
}

// wire takes a request to the API, and its answer back.
func (s *shop) wire(p *page, m message) (user string, status int, err error) {
	for _, way := range []string{"send", "answer"} {
		if p.tab.Dead() {
			return "", 0, errLost
		}
		if err := s.sim.step(context.Background(), p.tab, way+" api "+m.name); err != nil {
			return "", 0, err
		}
		if way == "send" {
			user, status = s.server.API(m.authorization)
		}
	}
	return user, status, nil
}

// shown holds what a page is shown against what it has for its requests.
func (s *shop) shown(p *page, v view) {
	s.mu.Lock()
	defer s.mu.Unlock()
	owner := func(as string) string { return kindOf(s.owner(v.rules[as].authorization)) }
	_, users := v.rules["user"]
	_, agent := v.rules["agent"]
	want := "nobody's"
	switch {
	case v.emulated:
		want = "the agent's"
	case !v.agent && (v.live || v.status == "restoring"):
		want = "the customer's"
	}
	switch {
	case owner("user") != want || users != (want != "nobody's"):
		s.fail("%s shows %s, and has %s credentials for the user's requests", p.tab.Name, v.mode(), owner("user"))
	case agent != v.agent || agent && owner("agent") != "the agent's":
		s.fail("%s shows %s, and has %s credentials for the agent's requests", p.tab.Name, v.mode(), owner("agent"))
	case v.emulated != session.IsUser(v.user):
		s.fail("%s shows %s, and %q", p.tab.Name, v.mode(), v.user)
	case !v.rules["client"].hold && owner("client") != "the client's":
		s.fail("%s has %s credentials for the client's requests", p.tab.Name, owner("client"))
	}
}

// happened is told of each operation.
func (s *shop) happened(op *operation) {
	if s == nil {
		return
	}
	s.moving = op.tab
	switch {
	case op.what == customerIn:
		s.signedIn[op.tab] = s.step
	case strings.HasPrefix(op.what, "lock "+s.agent.key+"/at/") && s.agentSince == 0:
		s.agentSince = s.step // whoever reads from here on knows of the agent
	}
}

// recently tells whether one of the commands is, or was a moment ago, under way.
func (s *shop) recently(commands ...string) bool {
	return slices.ContainsFunc(commands, func(c string) bool { return s.running[c] > 0 || s.ran[c] >= s.step-2 })
}

// mayEnd tells whether the server has ended what a session came of, or whether the
// agent was away for too long.
func (s *shop) mayEnd(b *book) bool {
	return s != nil && (s.server.Fallen(b.refresh) || b == s.agent && s.idle)
}

// changed is called with each change of who is there.
func (s *shop) changed(b *book, session, ended string) {
	if s == nil {
		return
	}
	b.changed = s.step
	if b == s.agent {
		s.idle, s.began, s.agentSince = false, s.profile.Now(), 0
	}
	switch {
	case s.astray[s.mover]:
	case b == s.agent:
		if ended == "user" && !s.recently("logout", agentsOut, "agentLogout") {
			s.fail("the agent was signed out though nobody asked for it")
		}
	case ended == "user" && !s.recently("logout", customersOut):
		s.fail("the customer was signed out though nobody asked for it")
	case session != "" && s.agent.last != "" && s.agentSince != 0 && s.agentSince < s.signedIn[s.moving]:
		s.fail("%s signed a customer in though an agent was there", s.moving.Name)
	}
}

// check holds the invariants of a shop against what is stored.
func (s *shop) check() {
	s.step++
	for c, n := range s.running {
		if n > 0 {
			s.ran[c] = s.step
		}
	}
	s.look(s.agent)
	s.emulation()
	if s.agent.last != "" {
		active := s.began
		whose, text, _ := strings.Cut(s.profile.Storage().Value(simKey+"/agent/active"), " ")
		if ms, err := strconv.ParseInt(text, 10, 64); err == nil && whose == s.agent.last {
			active = time.UnixMilli(ms)
		}
		s.idle = s.idle || !s.profile.Now().Before(active.Add(idleTimeout))
	}
	token := s.clientToken()
	for _, send := range s.clients {
		send.stored = send.stored || send.token == token
	}
	if token != "" && !s.good(token) {
		s.bad[token] = true
	}
}

// forgets is told that nothing is stored any more.
func (s *shop) forgets() {
	if s != nil {
		s.acts, s.idle, s.agentSince = s.stored(s.agent.key).Get("acts").JSON(), false, 0
		// A token that is on its way, or is about to be asked for, is for a record that is no more.
		s.taken(func(*browsertest.Tab) bool { return true })
		for _, p := range s.pages {
			s.robbed[p.tab] = true
		}
	}
}

// emulation looks at whom the agent acts for: that changes only where somebody asked
// for it.
func (s *shop) emulation() {
	acts := s.stored(s.agent.key).Get("acts").JSON()
	if acts == s.acts {
		return
	}
	if !s.astray[s.mover] && !s.recently("emulate", "stopEmulating", "logout", agentsOut) && s.agent.changed != s.step {
		s.fail("the agent acts for %s instead of %s, and nobody asked for it", acts, s.acts)
	}
	s.acts = acts
}

// agree holds what the tabs believe in the end against what is stored.
func (s *shop) agree() {
	stored := func(key string) view {
		v := s.stored(key)
		if key == simKey && s.profile.Storage().Value(key) == s.planted {
			v = strictjson.Value{} // rubbish is taken away under a lock, and stays where there is none
		}
		return viewOf(v.Get("state"), v.Get("policy"))
	}
	want := stored(simKey)
	if agent := stored(simKey + "/agent"); agent.agent {
		want = agent
	}
	if want.status == "" {
		want.status = "anonymous"
	}
	want.rules["client"] = nobody().rules["client"]
	if client, ok := stored(simKey + "/client").rules["client"]; ok {
		want.rules["client"] = client
	}
	brief := func(v view, sawClear bool) string {
		text := fmt.Sprintf("%s %s %s", v.status, v.mode(), v.user)
		for _, as := range []string{"user", "agent", "client"} {
			if r, ok := v.rules[as]; ok {
				r.session, r.version = v.stamp(as)
				if as == "client" && sawClear {
					// The client's token is in no session, and its stamps begin anew: one of before may look like one of after, and is as good.
					r.authorization = ""
				}
				r.validUntil = 0 // an agent's ends no later than their limit, of which each tab knows by what it saw last
				text += fmt.Sprintf(", %s %+v", as, r)
			}
		}
		return text
	}
	for _, p := range s.pages {
		old := s.sawClear[p.tab]
		if v := s.viewOf(p); !s.astray[p.tab] && brief(v, old) != brief(want, old) {
			s.fail("in the end %s has\n%s\nand stored is\n%s", p.tab.Name, brief(v, old), brief(want, old))
		}
	}
}

// sawIn and saw count what happens to one tab, or to all, in the mode that it is in.
func (s *shop) sawIn(p *page, event string) {
	v := s.viewOf(p)
	if s.seen == nil || v.status == "" {
		return // it has not been told yet
	}
	s.seenMu.Lock()
	defer s.seenMu.Unlock()
	s.seen.add(event, v.mode())
}

func (s *shop) saw(event string) {
	if s == nil {
		return
	}
	for _, p := range s.pages {
		s.sawIn(p, event)
	}
}
