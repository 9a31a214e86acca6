package core_test

import (
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"latchkey/core/session"
	"latchkey/core/strictjson"
)

// What follows is web/src/fetch.ts and web/src/waiting.ts over again: which
// credentials a request carries, when it waits, for what, and when it is sent
// again. All that is about bodies, headers and addresses is left out.

// view is what the data plane has adopted in one step.
type view struct {
	session string
	version int64
	rules   map[string]rule
	// user is the id that the page is shown.
	user                  string
	status                string
	agent, emulated, live bool
}

// rule is one of a policy.
type rule struct {
	authorization string
	session       string // "" is the policy's
	version       int64
	validUntil    int64
	hold, refused bool
}

func viewOf(state, policy strictjson.Value) view {
	v := view{rules: map[string]rule{}, user: state.Get("userId").TextOr(session.Anonymous), status: state.Get("status").TextOr("")}
	v.agent, _ = state.Get("isAgent").Bool()
	v.emulated, _ = state.Get("isEmulated").Bool()
	v.live, _ = state.Get("isLoggedIn").Bool()
	v.session = policy.Get("session").TextOr("")
	v.version, _ = policy.Get("version").Int()
	for _, item := range policy.Get("rules").Items() {
		r := rule{authorization: item.Get("headers").Get("authorization").TextOr(""), session: item.Get("session").TextOr("")}
		r.version, _ = item.Get("version").Int()
		r.validUntil, _ = item.Get("validUntil").Int()
		r.hold, _ = item.Get("hold").Bool()
		r.refused = item.Get("refused").Kind() != strictjson.Missing
		v.rules[item.Get("as").TextOr("")] = r
	}
	return v
}

// stamp says which session's credentials v has for requests as that, and of which
// state.
func (v view) stamp(as string) (session string, version int64) {
	if r := v.rules[as]; r.session != "" {
		return r.session, r.version
	}
	return v.session, v.version
}

// mode is what assisted service calls the state.
func (v view) mode() string {
	switch {
	case v.status == "restoring":
		return "restoring"
	case v.emulated:
		return "emulating"
	case v.agent:
		return "agent"
	}
	return "none"
}

// nobody is what a page shows and sends where it knows of nobody.
func nobody() view {
	return view{user: session.Anonymous, rules: map[string]rule{"client": {session: "client", hold: true}}}
}

// begin starts from what is stored, as web/src/session.ts does where there are
// clients and agents, and returns the arguments of the command "start". What the
// page can't know before the runtime is there holds all requests until start has
// ended.
func (p *page) begin(key string, stored func(string) string) (args string) {
	read := func(name string) strictjson.Value {
		v, _ := strictjson.Parse(stored(name))
		return v
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.view = nobody()
	if read(key+"/agent").Get("session").TextOr("") != "" {
		p.held = make(chan struct{})
		return "{}"
	}
	args = `{"session":"","version":0,"userId":"anonymous"}`
	if rec := read(key); rec.Kind() != strictjson.Missing {
		p.view = viewOf(rec.Get("state"), rec.Get("policy"))
		args = fmt.Sprintf(`{"session":%q,"version":%d,"userId":%q}`, p.view.session, p.view.version, p.view.user)
		if p.stale(p.view.rules["user"]) {
			args = fmt.Sprintf(`{"session":%q,"version":%d}`, p.view.session, p.view.version)
			p.view.user, p.view.live = session.Anonymous, false
		}
	}
	p.view.status = "" // it has not been told yet
	p.view.rules["client"] = nobody().rules["client"]
	if rec := read(key + "/client"); rec.Kind() != strictjson.Missing {
		p.view.rules["client"] = viewOf(rec.Get("state"), rec.Get("policy")).rules["client"]
	}
	return args
}

// begun says that start has ended.
func (p *page) begun() {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.held != nil {
		close(p.held)
		p.held = nil
	}
}

// forget has no request carry anything of the user's any more, as a logout does
// before it asks the core.
func (p *page) forget() {
	p.mu.Lock()
	defer p.mu.Unlock()
	v := p.view
	v.session, v.version, v.rules = "", 0, nobody().rules
	p.view = v
}

// plane is a page's part of it.
type plane struct {
	view view
	// held is closed when it is known who is there; nil where that is known.
	held chan struct{}
	// last is closed when the request that was called last has left.
	last   chan struct{}
	asking map[string]*question
}

// question is one that requests of this page wait for together.
type question struct {
	done    chan struct{}
	outcome string
}

// request is one that the app makes.
type request struct {
	// as is whose, as the page names it: "user-or-client" too.
	as string
	// path is the user's id in its address, "" where there is none there.
	path string
	// marked asks for the user's id in a header (S86).
	marked bool
	// name tells it from all others, where somebody wants to know.
	name string
	// seen, where it is set, is called each time that it leaves.
	seen func(message)
}

// message is a request on its way.
type message struct {
	request
	authorization string
	// id is whose the server is told that it is.
	id string
	// by is what the page knew then.
	by view
}

// by is whose a request is, as a policy's rules call it.
func (r request) by(v view) string {
	as := r.as
	if as == "user-or-client" {
		as = "client"
		if _, ok := v.rules["user"]; ok {
			as = "user"
		}
	}
	if as == "client" && r.path == session.Current {
		return "none" // AS-08
	}
	return as
}

// names tells whether the user's id goes along.
func (r request) names(v view) bool {
	return r.marked && r.by(v) != "client" && session.IsUser(v.user)
}

const (
	patience = 10 * time.Second // the page's option timeout
	retries  = 1
	// refusal is a 401 whose body says that it is one.
	refusal = 401
)

var errChanged = errors.New("session_changed")

// send sends a request as the page's fetch does.
func (p *page) send(r request) (user string, status int, err error) {
	p.mu.Lock()
	v, held, ahead := p.view, p.held, p.last
	as := r.by(v)
	rule, ok := v.rules[as]
	if held == nil && !ok {
		p.mu.Unlock()
		return p.leave(r, v, rule)
	}
	it := &sending{page: p, request: r, held: held, ahead: ahead, policy: v}
	if as != "client" {
		it.made, _ = v.stamp(as)
	}
	if held == nil && ahead == nil && !r.marked && !p.stale(rule) {
		p.mu.Unlock()
		user, status, err = p.leave(r, v, rule)
		if err != nil || status != refusal || !rule.refused {
			return user, status, err
		}
		it.made, _ = v.stamp(as)
		return it.proceed(status)
	}
	mine := make(chan struct{})
	p.last = mine
	p.mu.Unlock()
	var once sync.Once
	it.leave = func() {
		once.Do(func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			if p.last == mine {
				p.last = nil
			}
			close(mine)
		})
	}
	defer it.leave()
	return it.proceed(0)
}

// stale tells whether the core must be asked before a request is sent by a rule.
func (p *page) stale(r rule) bool {
	return r.hold || r.validUntil != 0 && p.tab.Browser().Clock.Now().UnixMilli() >= r.validUntil
}

// leave is the native fetch.
func (p *page) leave(r request, by view, with rule) (user string, status int, err error) {
	m := message{request: r, authorization: with.authorization, id: r.path, by: by}
	if with != (rule{}) && r.names(by) {
		m.id = by.user
	}
	if p.beforeSend != nil {
		p.beforeSend(by.session)
	}
	if r.seen != nil {
		r.seen(m)
	}
	if p.wire != nil {
		return p.wire(m)
	}
	user, status = p.server.API(m.authorization)
	return user, status, nil
}

// sending is a request that waits, or was refused.
type sending struct {
	page *page
	request
	held, ahead chan struct{}
	policy      view
	// made is the session that it was made in. A client is nobody, and may be somebody
	// before it is sent.
	made  string
	leave func()
}

// wait tells whether something happens before the page's patience ends.
func wait(event chan struct{}) bool {
	timer := time.NewTimer(patience)
	defer timer.Stop()
	select {
	case <-event:
		return true
	case <-timer.C:
		return false
	}
}

// whole returns what is closed when both are; nil ones are.
func whole(a, b chan struct{}) chan struct{} {
	done := make(chan struct{})
	go func() {
		for _, one := range []chan struct{}{a, b} {
			if one != nil {
				<-one
			}
		}
		close(done)
	}()
	return done
}

// ask asks the core about the request's rule, once for all that wait for the same
// answer. It is "" where none came.
func (it *sending) ask(command, more string) string {
	p := it.page
	as := it.by(it.policy)
	session, version := it.policy.stamp(as)
	facts := fmt.Sprintf(`"as":%q,"session":%q,"version":%d`, as, session, version) + more
	p.mu.Lock()
	q := p.asking[command+facts]
	if q == nil {
		q = &question{done: make(chan struct{})}
		p.asking[command+facts] = q
		go func() {
			outcome := p.outcome(command, facts, "")
			p.mu.Lock()
			defer p.mu.Unlock()
			q.outcome = strings.TrimPrefix(outcome, "error")
			delete(p.asking, command+facts)
			close(q.done)
		}()
	}
	p.mu.Unlock()
	if !wait(q.done) {
		return ""
	}
	return q.outcome
}

// now is what the page knows.
func (it *sending) now() (view, rule, bool) {
	it.page.mu.Lock()
	defer it.page.mu.Unlock()
	v := it.page.view
	r, ok := v.rules[it.by(v)]
	return v, r, ok
}

// proceed is web/src/waiting.ts; status is a refusal's, or 0.
func (it *sending) proceed(status int) (user string, _ int, err error) {
	p := it.page
	if (it.held != nil || it.ahead != nil) && !wait(whole(it.held, it.ahead)) {
		return p.leave(it.request, it.policy, rule{})
	}
	for left := retries; ; left-- {
		var with rule
		var ok bool
		if status != 0 {
			with = it.policy.rules[it.by(it.policy)]
		} else {
			it.policy, with, ok = it.now()
			if ok && p.stale(with) {
				outcome := it.ask("authorize", "")
				if outcome == "changed" {
					return "", 0, errChanged
				}
				it.policy, with, ok = it.now()
				ok = ok && outcome != ""
			}
			session, _ := it.policy.stamp(it.by(it.policy))
			switch {
			case !ok:
				with = rule{}
			case it.made != "" && it.made != session:
				return "", 0, errChanged
			default:
				it.made = session
			}
			if it.leave != nil {
				it.leave()
			}
			if user, status, err = p.leave(it.request, it.policy, with); err != nil {
				return user, status, err
			}
		}
		if status != refusal || !with.refused {
			return user, status, nil
		}
		if left == 0 {
			return user, status, nil
		}
		switch it.ask("refused", `,"status":401`) {
		case "changed":
			return "", 0, errChanged
		case "retry":
			status = 0
		default:
			return user, status, nil
		}
	}
}

// fetch sends a request of the user's, and returns whom the API took it for.
func (p *page) fetch() (user string, status int, err error) { return p.send(request{as: "user"}) }
