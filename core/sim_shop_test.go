package core_test

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
	"latchkey/core/errcode"
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

// clientSend is one request for a client's token.
type clientSend struct {
	tab          *browsertest.Tab
	token        string // "" where there was none
	over, stored bool
	taken        bool // another has taken its turn, and need not know of it
}

// openShop makes s one.
func (s *sim) openShop() {
	s.shop = &shop{sim: s, agent: newBook(s.profile.Storage(), simKey+"/agent", "agent's "), running: map[string]int{}, ran: map[string]int{}, bad: map[string]bool{}, robbed: map[*browsertest.Tab]bool{}, signedIn: map[*browsertest.Tab]int{}}
	s.server.NoIDToken = true
}

// served is called with each answer of the server.
func (s *shop) served(req *browser.Request, answer *browser.Response) {
	if answer.Status == 200 && strings.Contains(req.Body, "client_credentials") {
		v, _ := strictjson.Parse(string(answer.Body))
		s.mu.Lock()
		defer s.mu.Unlock()
		s.clients[len(s.clients)-1].token = v.Get("access_token").TextOr("")
	}
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
	switch {
	case s.broken:
	case b == s.agent:
		s.idle, s.began, s.agentSince = false, s.profile.Now(), 0
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

// emulation looks at whom the agent acts for: that changes only where somebody asked
// for it.
func (s *shop) emulation() {
	acts := s.stored(s.agent.key).Get("acts").JSON()
	if acts == s.acts {
		return
	}
	if !s.broken && !s.recently("emulate", "stopEmulating", "logout", agentsOut) && s.agent.changed != s.step {
		s.fail("the agent acts for %s instead of %s, and nobody asked for it", acts, s.acts)
	}
	s.acts = acts
}

func (s *shop) clientToken() string {
	return s.stored(simKey + "/client").Get("tokens").Get("access").TextOr("")
}

// good tells whether the API takes the client's token, and the tabs believe so.
func (s *shop) good(token string) bool {
	_, status := s.server.API("Bearer " + token)
	until, _ := s.stored(simKey + "/client").Get("tokens").Get("expiresAt").Int()
	return status == 200 && s.profile.Now().UnixMilli() < until
}

// sending is called when a client's token is about to be asked for.
func (s *shop) sending(tab *browsertest.Tab) {
	for _, before := range s.clients {
		switch {
		case s.robbed[tab] || before.tab.Dead() || before.tab.Frozen() || before.taken || s.broken:
		case !before.over:
			s.fail("%s asks for a client's token while %s does", tab.Name, before.tab.Name)
		case before.token != "" && !before.stored:
			s.fail("%s asks for a client's token, and %s has thrown one away", tab.Name, before.tab.Name)
		}
	}
	if token := s.clientToken(); token != "" && s.good(token) && !s.bad[token] && !s.broken && !s.robbed[tab] {
		s.fail("%s asks for a client's token, and there is one", tab.Name)
	}
	s.clients = append(s.clients, &clientSend{tab: tab, taken: s.robbed[tab]})
	delete(s.robbed, tab)
}

// taken says that a tab's turn to ask for a client's token is another's.
func (s *shop) taken(of func(*browsertest.Tab) bool) {
	for _, send := range s.clients {
		send.taken = send.taken || of(send.tab)
	}
}

// answered is called when a tab has, or will never have, an answer.
func (s *shop) answered(tab *browsertest.Tab, what string, ok bool) {
	if what != clientAnswer {
		return
	}
	for _, send := range s.clients {
		if send.tab == tab && !send.over {
			send.over = true
			if !ok {
				send.token = ""
			}
		}
	}
}

// agree holds what the tabs believe in the end against what is stored.
func (s *shop) agree() {
	stored := func(key string) view {
		v := s.stored(key)
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
	brief := func(v view) string {
		text := fmt.Sprintf("%s %s %s", v.status, v.mode(), v.user)
		for _, as := range []string{"user", "agent", "client"} {
			if r, ok := v.rules[as]; ok {
				r.session, r.version = v.stamp(as)
				r.validUntil = 0 // an agent's ends no later than their limit, of which each tab knows by what it saw last
				text += fmt.Sprintf(", %s %+v", as, r)
			}
		}
		return text
	}
	for _, p := range s.pages {
		if v := s.viewOf(p); brief(v) != brief(want) {
			s.fail("in the end %s has\n%s\nand stored is\n%s", p.tab.Name, brief(v), brief(want))
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
