package asm_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core"
	"latchkey/core/browser/browsertest"
	"latchkey/core/errcode"
	"latchkey/core/feature/asm"
	"latchkey/core/feature/clientauth"
	"latchkey/core/strictjson"
)

const (
	origin = "https://shop.test"
	server = "https://sap.test"
	key    = "latchkey/1/sap/mobile/spa"
)

// config is one of SAP Commerce by password; agent are the members of its option,
// and more is put in front.
func config(agent, more string) string {
	return `{` + more + `"scheme":"occ","key":"` + key + `","issuer":"` + server + `","client":"mobile","scope":"openid","redirectUri":"` + origin + `/","origin":"` + origin + `",
		"flow":"password","context":"spa","baseSite":"spa","storage":"local","home":"/","login":"/login","logout":"/logout","authorizeRevocation":true,
		"endpoints":{"token":"` + server + `/token","revocation":"` + server + `/revoke","authorization":"` + server + `/authorize"},"agent":{` + agent + `}}`
}

// story is one person's browser, and the server.
type story struct {
	t       *testing.T
	profile *browsertest.Profile
	server  *browsertest.AuthServer
	config  string
}

// tell runs test in a bubble.
func tell(t *testing.T, config string, test func(s *story)) {
	synctest.Test(t, func(t *testing.T) {
		profile := browsertest.NewProfile()
		auth := browsertest.NewAuthServer(server, profile.Now)
		profile.Server = auth.Serve
		test(&story{t, profile, auth, config})
		time.Sleep(5 * time.Second) // lets who still looks at the storage come to an end
	})
}

// page is what the data plane is to the core, as web/src/waiting.ts has it.
type page struct {
	*story
	tab *browsertest.Tab
	rt  *core.Runtime

	mu     sync.Mutex
	policy strictjson.Value
	state  strictjson.Value
	events []string
	// wrong are the requests that ran as somebody else than they were made as.
	wrong []string
}

// open opens a page in a new tab, as after a reload.
func (s *story) open() *page { return s.load(s.profile.Open(origin+"/"), "{}") }

func (s *story) load(tab *browsertest.Tab, start string) *page {
	s.t.Helper()
	p := &page{story: s, tab: tab}
	rt, err := core.New(s.config, tab.Browser(), p.publish, asm.Install, clientauth.Install)
	require.NoError(s.t, err)
	p.rt = rt
	s.t.Cleanup(func() {
		rt.Close()
		assert.Empty(s.t, p.wrong, "requests as the wrong subject")
	})
	_, err = p.call("start", start)
	require.NoError(s.t, err)
	return p
}

// reload is another page in this one's place.
func (s *story) reload(p *page) *page {
	p.tab.Kill()
	p.rt.Close()
	return s.open()
}

func (p *page) call(name, args string) (string, error) {
	return p.rt.Call(context.Background(), name, args)
}

// do calls, and waits for what comes of it in all tabs.
func (p *page) do(name, args string) {
	p.t.Helper()
	_, err := p.call(name, args)
	require.NoError(p.t, err)
	synctest.Wait()
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
	for _, e := range v.Get("events").Items() {
		name := e.Get("type").TextOr("")
		if r := e.Get("reason").TextOr(""); r != "" {
			name += ":" + r
		}
		if name == "idle" {
			name += ":called off"
			if ends, ok := e.Get("endsAt").Int(); ok {
				left := time.UnixMilli(ends).Sub(p.profile.Now()).Round(time.Second)
				name = "idle:" + left.String()
			}
		} else if from, to := e.Get("previousUserId").TextOr(""), e.Get("userId").TextOr(""); from != to {
			name += " " + from + ">" + to
		}
		if code := e.Get("error").Get("code").TextOr(""); code != "" {
			name += ":" + code
		}
		if remote, _ := e.Get("remote").Bool(); remote {
			name += " (remote)"
		}
		p.events = append(p.events, name)
	}
}

// mode is what the page shows.
func (p *page) mode() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	flag := func(name string) bool { b, _ := p.state.Get(name).Bool(); return b }
	mode := p.state.Get("status").TextOr("") + " " + p.state.Get("userId").TextOr("")
	if flag("isLoggedIn") != (p.state.Get("status").TextOr("") == "authenticated") {
		mode += " ?"
	}
	if flag("isAgent") {
		mode += " agent"
	}
	if flag("isEmulated") {
		mode += " emulated"
	}
	return mode
}

// told returns the events so far, and forgets them.
func (p *page) told() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := strings.Join(p.events, ", ")
	p.events = nil
	return all
}

// rule is what a request of an as carries now, and the user's id that goes into its
// address.
func (p *page) rule(as string) (session string, version int64, authorization string, until int64, user string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	session = p.policy.Get("session").TextOr("")
	version, _ = p.policy.Get("version").Int()
	for _, rule := range p.policy.Get("rules").Items() {
		if rule.Get("as").TextOr("") != as {
			continue
		}
		authorization = rule.Get("headers").Get("authorization").TextOr("")
		until, _ = rule.Get("validUntil").Int()
		if s, ok := rule.Get("session").Text(); ok {
			session = s
			version, _ = rule.Get("version").Int()
		}
	}
	user = p.state.Get("userId").TextOr("")
	if p.state.Get("status").TextOr("") == "restoring" {
		user = "current" // as a page has it that does not wait until somebody is known
	}
	return session, version, authorization, until, user
}

func (p *page) outcome(command, as, session string, version int64) string {
	result, err := p.call(command, fmt.Sprintf(`{"as":%q,"session":%q,"version":%d,"status":401}`, as, session, version))
	if err != nil {
		return "error"
	}
	v, _ := strictjson.Parse(result)
	return v.Get("outcome").TextOr("")
}

// fetch sends a request to the user's part of the API, or to the agents', and
// returns "actor for subject", or what it failed with. under is done while it is
// under way.
func (p *page) fetch(as string, under ...func()) string {
	made, version, authorization, until, user := p.rule(as)
	session := made
	if authorization != "" && until != 0 && p.profile.Now().UnixMilli() >= until {
		if p.outcome("authorize", as, session, version) == "changed" {
			return "session_changed"
		}
		session, version, authorization, _, _ = p.rule(as)
		if authorization != "" && session != made {
			return "session_changed"
		}
	}
	for attempt := 0; ; attempt++ {
		if attempt == 0 {
			for _, f := range under {
				f()
			}
		}
		actor, status := p.server.API(authorization)
		if status == 200 {
			return p.ran(as, actor, user)
		}
		if authorization == "" {
			return "nobody for " + user
		}
		if attempt > 0 {
			return "401"
		}
		switch p.outcome("refused", as, session, version) {
		case "changed":
			return "session_changed"
		case "retry":
			session, version, authorization, _, _ = p.rule(as)
			if session != made {
				return "session_changed"
			}
		default:
			return "401"
		}
	}
}

// ran notes whose credentials a request had, which the server judges by.
func (p *page) ran(as, actor, user string) string {
	agent := strings.HasPrefix(actor, "agent")
	emulated := user != "current"
	if as == "agent" && agent {
		return actor + " for agents"
	}
	if as == "agent" || agent != emulated || user == "anonymous" {
		p.mu.Lock()
		p.wrong = append(p.wrong, as+": "+actor+" for "+user)
		p.mu.Unlock()
	}
	if user == "current" {
		user = actor
	}
	return actor + " for " + user
}

func (p *page) signIn(user string) {
	p.t.Helper()
	p.do("loginWithCredentials", `{"username":"`+user+`","password":"wonderland"}`)
}

func (p *page) agent(name string) {
	p.t.Helper()
	p.do("agentLogin", `{"username":"`+name+`","password":"wonderland"}`)
}

func (p *page) emulate(id string) {
	p.t.Helper()
	p.do("emulate", `{"userId":"`+id+`"}`)
}

// record is what is stored of the customer, or of the agent.
func (s *story) record(of string) strictjson.Value {
	v, _ := strictjson.Parse(s.profile.Storage().Value(key + of))
	return v
}

// refused is that a call fails with a code.
func (p *page) refused(code errcode.Code, name, args string) {
	p.t.Helper()
	_, err := p.call(name, args)
	assert.Equal(p.t, code, errcode.Of(err), name)
	synctest.Wait()
}
