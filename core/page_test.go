package core_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core"
	"latchkey/core/browser/browsertest"
	"latchkey/core/session"
	"latchkey/core/strictjson"
)

const (
	origin = "https://app.test"
	issuer = "https://id.test"
)

// page is what the data plane is to the core: it holds the policy, sends the
// app's requests by it, and asks where the policy says so.
type page struct {
	tab    *browsertest.Tab
	server *browsertest.AuthServer
	rt     *core.Runtime
	// beforeSend is called with each request that is about to leave.
	beforeSend func(as string)
	// wire, where it is set, takes requests to the API, and watch sees what is
	// published.
	wire  func(message) (user string, status int, err error)
	watch func(view)
	// heard, where it is set, hears each event.
	heard func(strictjson.Value)

	mu sync.Mutex
	plane
	session string
	version int64
	policy  strictjson.Value
	state   strictjson.Value
	events  []string
	errors  []string
	// who is signed in by what the page shows, nil where it shows nothing yet; untold are
	// changes of that for which there was no event.
	who    *string
	told   map[string]bool // since then
	untold []string
}

// config is a configuration, with more members put in front.
func config(more string) string {
	return `{` + more + `"scheme":"oidc","key":"latchkey/1/id/shop/","issuer":"` + issuer + `","client":"shop","scope":"openid","redirectUri":"` + origin + `/callback",
		"origin":"` + origin + `","flow":"password","context":"","storage":"local","home":"/","login":"/login","logout":"/logout"}`
}

func newPage(tab *browsertest.Tab, server *browsertest.AuthServer, config string, features ...core.Feature) (*page, error) {
	p := &page{tab: tab, server: server}
	p.asking = map[string]*question{}
	rt, err := core.New(config, tab.Browser(), p.publish, features...)
	p.rt = rt
	return p, err
}

// openPage opens a page in a new tab, as after a reload.
func openPage(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer, config string) *page {
	t.Helper()
	p, err := newPage(profile.Open(origin+"/"), server, config)
	require.NoError(t, err)
	t.Cleanup(func() {
		p.rt.Close()
		assert.Empty(t, p.takeUntold())
	})
	_, err = p.call("start", "{}")
	require.NoError(t, err)
	return p
}

func (p *page) call(name, args string) (string, error) {
	switch {
	case name == "start":
		v, _ := strictjson.Parse(args)
		if user, ok := v.Get("userId").Text(); ok {
			p.mu.Lock()
			p.who = &user
			p.mu.Unlock()
		}
	case name == "logout" && args == "{}":
		// As web/src/session.ts does, which has shown it.
		args = p.shown()
	}
	return p.rt.Call(context.Background(), name, args)
}

// shown are the arguments of a logout: the page's state, or what it has taken from storage.
func (p *page) shown() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch {
	case p.state.Kind() != strictjson.Missing:
		return `{"state":` + p.state.JSON() + `}`
	case p.who != nil:
		return fmt.Sprintf(`{"state":{"userId":%q,"isLoggedIn":%t}}`, *p.who, *p.who != session.Anonymous)
	}
	return "{}"
}

func (p *page) publish(json string) {
	v, err := strictjson.Parse(json)
	if err != nil {
		panic(err)
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.tab.Dead() {
		return
	}
	p.state, p.policy = v.Get("state"), v.Get("policy")
	p.session = p.policy.Get("session").TextOr("")
	p.version, _ = p.policy.Get("version").Int()
	p.view = viewOf(p.state, p.policy)
	if p.watch != nil {
		p.watch(p.view)
	}
	p.compare(v.Get("events").Items())
	for _, e := range v.Get("events").Items() {
		if p.heard != nil {
			p.heard(e)
		}
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

// compare holds who is shown now against the events that say so. Called with mu held.
func (p *page) compare(events []strictjson.Value) {
	if p.told == nil {
		p.told = map[string]bool{}
	}
	for _, e := range events {
		p.told[e.Get("type").TextOr("")] = true
	}
	if p.view.status == "restoring" {
		return // it is not known
	}
	is := session.Anonymous
	if p.view.live {
		is = p.view.user
	}
	was, told := p.who, p.told
	p.who, p.told = &is, nil
	if was == nil || *was == is {
		return
	}
	if *was != session.Anonymous && !told["logout"] || is != session.Anonymous && !told["login"] {
		p.untold = append(p.untold, fmt.Sprintf("%s after %s", is, *was))
	}
}

func (p *page) takeUntold() (all []string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	all, p.untold = p.untold, nil
	return all
}

func (p *page) now() (session string, version int64, authorization string, validUntil int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, rule := range p.policy.Get("rules").Items() {
		authorization = rule.Get("headers").Get("authorization").TextOr("")
		validUntil, _ = rule.Get("validUntil").Int()
	}
	return p.session, p.version, authorization, validUntil
}

func (p *page) user() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.state.Get("userId").TextOr("")
}

// takeEvents returns the events so far, and forgets them.
func (p *page) takeEvents() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := strings.Join(p.events, ", ")
	p.events = nil
	return all
}

// codes are those of the errors that the page has heard of.
func (p *page) codes() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return slices.Clone(p.errors)
}

func (p *page) outcome(command string, stamp, more string) string {
	result, err := p.call(command, "{"+stamp+more+"}")
	if err != nil {
		return "error"
	}
	v, _ := strictjson.Parse(result)
	return v.Get("outcome").TextOr("")
}

func signIn(t *testing.T, p *page, user string) {
	t.Helper()
	_, err := p.call("loginWithCredentials", `{"username":"`+user+`","password":"wonderland"}`)
	require.NoError(t, err)
	require.Equal(t, user, p.user())
}

// alices opens a page and signs alice in there.
func alices(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer, config string) *page {
	t.Helper()
	p := openPage(t, profile, server, config)
	signIn(t, p, "alice")
	return p
}
