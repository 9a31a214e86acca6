package core_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"testing"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
	"latchkey/core/strictjson"
)

// cookieConfig is one of a backend with cookies, with more members put in front.
func cookieConfig(more string) string {
	return `{"scheme":"cookies","key":"latchkey/1/app/cookies/","issuer":"` + origin + `/session","client":"cookies","origin":"` + origin + `","flow":"password","context":"",
		"storage":"local","home":"/","login":"/login","logout":"/logout",
		"backend":{` + more + `"login":{"url":"` + origin + `/login","username":"email","password":"word"},"logout":"` + origin + `/logout","session":"` + origin + `/session"}}`
}

const withRefresh = `"refresh":"` + origin + `/refresh",`

// jar is a backend, and the browser's cookies of it.
type jar struct {
	mu sync.Mutex
	// cookie is whose session it is, "" for none; old says that its time is over.
	cookie string
	old    bool
	// blocked has the browser keep no cookies.
	blocked bool
	// dead has nothing renewed.
	dead bool
	// csrf is what unsafe requests have to show in x-csrf-token; "" is nothing.
	csrf string
	// answer is what the session's endpoint says of somebody.
	answer string
	fault  func(path string) (*browser.Response, error)
	log    []string
	bodies []string
}

func (j *jar) serve(_ context.Context, req *browser.Request) (*browser.Response, error) {
	j.mu.Lock()
	defer j.mu.Unlock()
	path := strings.TrimPrefix(req.URL, origin)
	j.log = append(j.log, req.Method+" "+path)
	if !req.Credentials {
		return browsertest.JSON(400, `{}`), nil
	}
	if j.fault != nil {
		if answer, err := j.fault(path); answer != nil || err != nil {
			return answer, err
		}
	}
	if req.Method == "POST" && j.csrf != "" && req.Headers["x-csrf-token"] != j.csrf {
		return browsertest.JSON(419, `{"message":"csrf"}`), nil
	}
	set := func(who string) {
		if !j.blocked {
			j.cookie, j.old = who, false
		}
	}
	switch path {
	case "/csrf":
		return browsertest.JSON(200, `{"token":"`+j.csrf+`"}`), nil
	case "/login":
		j.bodies = append(j.bodies, req.Body)
		v, _ := strictjson.Parse(req.Body)
		if v.Get("word").TextOr("") != "wonderland" {
			return browsertest.JSON(401, `{"code":"WRONG","message":"no such user"}`), nil
		}
		set(v.Get("email").TextOr(""))
	case "/logout":
		j.cookie = ""
	case "/refresh":
		if j.cookie == "" || j.dead {
			j.cookie = ""
			return browsertest.JSON(401, `{}`), nil
		}
		set(j.cookie)
	case "/session":
		if j.cookie == "" || j.old {
			return browsertest.JSON(200, "null"), nil
		}
		if j.answer != "" {
			return browsertest.JSON(200, j.answer), nil
		}
		return browsertest.JSON(200, fmt.Sprintf(`{"session":{"token":"hidden"},"user":{"id":%q,"name":"N","accessToken":"hidden"}}`, j.cookie)), nil
	}
	return browsertest.JSON(200, `{}`), nil
}

// take returns what was asked for since the last time.
func (j *jar) take() string {
	j.mu.Lock()
	defer j.mu.Unlock()
	all := strings.Join(j.log, ", ")
	j.log = nil
	return all
}

func (j *jar) set(change func()) {
	j.mu.Lock()
	defer j.mu.Unlock()
	change()
}

// fetch asks the API that knows the cookie, as the data plane does.
func (j *jar) fetch(p *page) (user string, status int) {
	p.mu.Lock()
	made := p.session
	p.mu.Unlock()
	for attempt := 0; ; attempt++ {
		p.mu.Lock()
		stamp := fmt.Sprintf(`"as":"user","session":%q,"version":%d`, p.session, p.version)
		rules := p.policy.Get("rules").Items()
		p.mu.Unlock()
		j.mu.Lock()
		user = j.cookie
		old := j.old
		j.mu.Unlock()
		switch {
		case rules[0].Get("credentials").TextOr("") != "include":
			return "no cookies sent", 401
		case user != "" && !old:
			return user, 200
		case attempt == 1 || made == "" || rules[0].Get("refused").Kind() != strictjson.Obj:
			return "", 401
		}
		switch p.outcome("refused", stamp, `,"status":401`) {
		case "retry":
		case "changed":
			return "changed", 0
		default:
			return "", 401
		}
	}
}

func cookied(t *testing.T, config string, test func(t *testing.T, p *page, j *jar, open func() *page)) {
	t.Helper()
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		j := &jar{}
		profile.Server = j.serve
		open := func() *page { return openPage(t, profile, server, config) }
		test(t, open(), j, open)
	})
}
