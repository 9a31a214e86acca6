package sessiontest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core"
	"latchkey/core/browser/browsertest"
	"latchkey/core/errcode"
	"latchkey/core/strictjson"
)

// Tab is a page with a runtime, and what the data plane is to that: it sends the app's
// requests by the policy, and asks where the policy says so.
type Tab struct {
	*world
	tab *browsertest.Tab
	rt  *core.Runtime

	mu            sync.Mutex
	state, policy strictjson.Value
	events        []string
	errors        []string
	// told is all that the page may show: no policy is in it.
	told []string
}

var errChanged = errors.New("session_changed")

// result is what the caller of a request gets.
type result struct {
	user   string
	status int
	code   string
	err    error
}

// Call runs a command.
func (p *Tab) Call(name, args string) (string, error) {
	return p.call(context.Background(), name, args)
}

func (p *Tab) call(ctx context.Context, name, args string) (string, error) {
	got, err := p.caught(ctx, name, args)
	if err != nil {
		p.set(func() {
			p.told = append(p.told, err.Error(), errcode.JSON(err), fmt.Sprintf("%v %+v %#v", err, err, err))
		})
	}
	return got, err
}

// caught is what the bridge does: a panic's text may hold anything.
func (p *Tab) caught(ctx context.Context, name, args string) (got string, err error) {
	defer func() {
		if recover() != nil {
			err = errcode.New(errcode.RuntimeFailed, "the runtime stopped on an error")
		}
	}()
	return p.rt.Call(ctx, name, args)
}

// Browser is the tab that the page is in.
func (p *Tab) Browser() *browsertest.Tab { return p.tab }

func (p *Tab) set(change func()) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change()
}

func (p *Tab) start() error {
	_, err := p.Call("start", "{}")
	return err
}

// reload is the same page, loaded again.
func (p *Tab) reload() *Tab {
	p.Helper()
	p.rt.Close()
	return p.open()
}

func (p *Tab) publish(json string) {
	v, err := strictjson.Parse(json)
	if err != nil {
		panic("what is published is no JSON")
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tab.Dead() {
		return
	}
	p.state, p.policy = v.Get("state"), v.Get("policy")
	p.told = append(p.told, v.Get("state").JSON(), v.Get("events").JSON())
	for _, e := range v.Get("events").Items() {
		name := e.Get("type").TextOr("")
		if r := e.Get("reason").TextOr(""); r != "" {
			name += ":" + r
		}
		if remote, _ := e.Get("remote").Bool(); remote {
			name += " (remote)"
		}
		p.events = append(p.events, name)
		if code := e.Get("error").Get("code").TextOr(""); code != "" {
			p.errors = append(p.errors, code)
		}
	}
}

// takeEvents returns the events so far, and forgets them.
func (p *Tab) takeEvents() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := strings.Join(p.events, ", ")
	p.events = nil
	return all
}

func (p *Tab) takeErrors() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := p.errors
	p.errors = nil
	return all
}

func (p *Tab) user() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state.Get("userId").TextOr("")
}

// shown is all that the page knows of the session.
func (p *Tab) shown() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state.JSON() + " " + p.policy.JSON()
}

// policyNow is what a request goes by: the stamp, the rule for it, and who the page says
// is signed in.
func (p *Tab) policyNow() (stamp stamp, rule strictjson.Value, user string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	stamp.session = p.policy.Get("session").TextOr("")
	stamp.version, _ = p.policy.Get("version").Int()
	for _, r := range p.policy.Get("rules").Items() {
		if r.Get("as").TextOr("") == "user" {
			rule = r
		}
	}
	return stamp, rule, p.state.Get("userId").TextOr("")
}

func (p *Tab) stamp() stamp {
	s, _, _ := p.policyNow()
	return s
}

// stamp names the policy that a request was sent by.
type stamp struct {
	session string
	version int64
}

func (s stamp) String() string {
	return fmt.Sprintf(`"as":"user","session":%q,"version":%d`, s.session, s.version)
}

func (p *Tab) signIn(user string) {
	p.Helper()
	require.NoError(p, p.trySignIn(user))
	require.Equal(p, user, p.user())
}

func (p *Tab) trySignIn(user string) error {
	if p.SignIn != nil {
		return p.SignIn(p, user)
	}
	_, err := p.Call("loginWithCredentials", fmt.Sprintf(`{"username":%q,"password":%q}`, user, Password))
	return err
}

func (p *Tab) logout() {
	p.Helper()
	_, err := p.Call("logout", "{}")
	require.NoError(p, err)
}

// outcome asks about a request.
func (p *Tab) outcome(command string, s stamp, more string) string {
	got, err := p.Call(command, "{"+s.String()+more+"}")
	if err != nil {
		return "giveup"
	}
	v, _ := strictjson.Parse(got)
	return v.Get("outcome").TextOr("")
}

func (p *Tab) refusal(s stamp) string {
	return p.outcome("refused", s, fmt.Sprintf(`,"status":%d`, p.Refusal.Status))
}

// observe tells the runtime of an answer's headers.
func (p *Tab) observe(s stamp, status int, headers map[string]string) {
	p.Helper()
	var o strictjson.Object
	for name, value := range headers {
		o.String(name, value)
	}
	_, err := p.Call("observed", fmt.Sprintf(`{%s,"status":%d,"headers":%s}`, s, status, o.Done()))
	require.NoError(p, err)
}

// fetch sends a request of the page's user, as web/src/waiting.ts does.
func (p *Tab) fetch() result {
	by, rule, user := p.policyNow()
	made := by.session
	for first := true; ; first = false {
		if p.asksFirst(rule) {
			if p.outcome("authorize", by, "") == "changed" {
				return result{err: errChanged}
			}
			by, rule, user = p.policyNow()
		}
		if made != "" && by.session != made && by.session != "" {
			return result{err: errChanged}
		}
		got := p.api(request(rule))
		if made != "" && got.User != "" && got.User != user {
			p.Errorf("a request of %s's went as %s", user, got.User)
		}
		if seen := captured(rule, got.Headers); len(seen) > 0 {
			p.observe(by, got.Status, seen)
		}
		r := result{user: got.User, status: got.Status, code: got.Code}
		if !refuses(rule, got) || !first {
			return r
		}
		switch p.refusal(by) {
		case "changed":
			return result{err: errChanged}
		case "retry":
			by, rule, user = p.policyNow()
		default:
			return r
		}
	}
}

// later is fetch beside the test.
func (p *Tab) later() chan result {
	done := make(chan result, 1)
	go func() { done <- p.fetch() }()
	return done
}

// now is the result of a request that waits for nothing any more.
func (w *world) now(done chan result) result {
	w.Helper()
	synctest.Wait()
	select {
	case r := <-done:
		return r
	default:
		require.Fail(w, "the request still waits")
		return result{}
	}
}

// many sends requests from all tabs at once.
func many(tabs []*Tab, n int, check func(*Tab, result)) {
	var group sync.WaitGroup
	for _, p := range tabs {
		for range n {
			group.Go(func() { check(p, p.fetch()) })
		}
	}
	group.Wait()
	synctest.Wait() // whoever waits may have its answer a moment before the page is told
}

// asksFirst tells whether the core must be asked before a request is sent by a rule.
func (p *Tab) asksFirst(rule strictjson.Value) bool {
	hold, _ := rule.Get("hold").Bool()
	until, _ := rule.Get("validUntil").Int()
	return hold || until != 0 && p.profile.Now().UnixMilli() >= until
}

func request(rule strictjson.Value) Request {
	r := Request{Headers: map[string]string{}, Cookies: rule.Get("credentials").TextOr("") == "include"}
	for _, name := range rule.Get("headers").Names() {
		r.Headers[name] = rule.Get("headers").Get(name).TextOr("")
	}
	return r
}

func captured(rule strictjson.Value, headers map[string]string) map[string]string {
	seen := map[string]string{}
	for _, name := range rule.Get("capture").Items() {
		if value, ok := headers[name.TextOr("")]; ok {
			seen[name.TextOr("")] = value
		}
	}
	return seen
}

func refuses(rule strictjson.Value, got Answer) bool {
	refused := rule.Get("refused")
	codes := refused.Get("codes").Items()
	return slices.ContainsFunc(refused.Get("status").Items(), func(v strictjson.Value) bool {
		n, _ := v.Int()
		return int(n) == got.Status
	}) && (len(codes) == 0 || slices.ContainsFunc(codes, func(v strictjson.Value) bool { return v.TextOr("") == got.Code }))
}

// is tells what the page has been told, and whom it knows.
func (p *Tab) is(user, events string) {
	p.Helper()
	assert.Equal(p, []string{user, events}, []string{p.user(), p.takeEvents()})
}
