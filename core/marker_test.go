package core_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
)

// marked has the backend set a cookie that the page may read, as storefronts' middlewares
// do: whose the session is, or just that there is one.
func marked(t *testing.T, j *jar, test func(t *testing.T, profile *browsertest.Profile, open func() *page)) {
	t.Helper()
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		profile.Server = func(ctx context.Context, req *browser.Request) (*browser.Response, error) {
			answer, err := j.serve(ctx, req)
			j.mu.Lock()
			defer j.mu.Unlock()
			if err == nil && req.Method == "POST" && answer.Status < 300 && !j.blocked {
				j.mark(profile)
			}
			return answer, err
		}
		j.mark(profile)
		test(t, profile, func() *page {
			return openPage(t, profile, server, cookieConfig(withRefresh+`"marker":"user",`))
		})
	})
}

// mark is called with mu held.
func (j *jar) mark(profile *browsertest.Profile) {
	all := "other=1"
	if j.cookie != "" {
		all += "; user=" + j.cookie
	}
	profile.SetCookies(all)
}

func TestCK05AMarkerSaysWhetherToAsk(t *testing.T) {
	t.Run("without one nobody is asked about, nor written down", func(t *testing.T) {
		j := &jar{}
		marked(t, j, func(t *testing.T, profile *browsertest.Profile, open func() *page) {
			assert.Equal(t, "anonymous", open().user())
			profile.SetCookies("user=anonymous")
			assert.Equal(t, "anonymous", open().user())
			assert.Empty(t, j.take())
			assert.Empty(t, profile.Storage().All())
		})
	})
	t.Run("with one the session is found, once for all tabs, and told to nobody", func(t *testing.T) {
		j := &jar{cookie: "alice"}
		marked(t, j, func(t *testing.T, _ *browsertest.Profile, open func() *page) {
			var group sync.WaitGroup
			pages := make([]*page, 5)
			for i := range pages {
				group.Go(func() { pages[i] = open() })
			}
			group.Wait()
			assert.Equal(t, "GET /session", j.take())
			for _, p := range pages {
				assert.Equal(t, "alice", p.user())
				assert.Empty(t, p.takeEvents())
			}
		})
	})
	t.Run("a page that has shown nobody by then is told", func(t *testing.T) {
		j := &jar{}
		marked(t, j, func(t *testing.T, profile *browsertest.Profile, open func() *page) {
			p, err := newPage(profile.Open(origin+"/"), open().server, cookieConfig(withRefresh+`"marker":"user",`))
			require.NoError(t, err)
			t.Cleanup(p.rt.Close)
			// Another tab's sign-in has been answered, and is not written down yet.
			j.set(func() {
				j.cookie = "alice"
				j.mark(profile)
			})
			p.do(t, "start", `{"session":"","version":0,"userId":"anonymous"}`)
			assert.Equal(t, []string{"alice", "login (remote)"}, []string{p.user(), p.takeEvents()})
		})
	})
	t.Run("one that was left is taken away", func(t *testing.T) {
		j := &jar{cookie: "alice"}
		marked(t, j, func(t *testing.T, profile *browsertest.Profile, open func() *page) {
			j.set(func() { j.cookie = "" })
			assert.Equal(t, "anonymous", open().user())
			assert.Equal(t, "GET /session", j.take())
			assert.Equal(t, "other=1", profile.Cookies())
			open()
			assert.Empty(t, j.take())
		})
	})
	t.Run("one that can't be taken away is asked about once", func(t *testing.T) {
		j := &jar{cookie: "alice"}
		marked(t, j, func(t *testing.T, profile *browsertest.Profile, open func() *page) {
			j.set(func() { j.cookie = "" })
			profile.PinCookies(true)
			open()
			assert.Equal(t, "GET /session", j.take())
			assert.Equal(t, "anonymous", open().user())
			assert.Empty(t, j.take())
		})
	})
	t.Run("the end of a session takes it away, and is told once", func(t *testing.T) {
		j := &jar{}
		marked(t, j, func(t *testing.T, profile *browsertest.Profile, open func() *page) {
			p, other := open(), open()
			signIn(t, p, "alice")
			synctest.Wait()
			assert.Contains(t, profile.Cookies(), "user=alice")
			j.set(func() { j.old, j.dead = true, true })
			for range 2 {
				_, status := j.fetch(p)
				assert.Equal(t, 401, status)
			}
			synctest.Wait()
			assert.Equal(t, "other=1", profile.Cookies())
			all := p.takeEvents() + "; " + other.takeEvents()
			assert.Equal(t, 2, strings.Count(all, "logout:expired"), all)
			j.take()
			open()
			assert.Empty(t, j.take())
		})
	})
}

func TestCK05AMarkerThatIsAnotherOneThanTheRecords(t *testing.T) {
	t.Run("none, and no cookies either: the session ends at the start, and says why", func(t *testing.T) {
		j := &jar{}
		marked(t, j, func(t *testing.T, profile *browsertest.Profile, open func() *page) {
			p := open()
			signIn(t, p, "alice")
			p.rt.Close()
			j.set(func() { j.cookie = "" })
			profile.SetCookies("other=1")
			j.take()
			again := open()
			assert.Equal(t, []string{"anonymous", "POST /refresh", "expired, logout:expired"}, []string{again.user(), j.take(), again.takeEvents()})
			assert.Empty(t, open().takeEvents()+j.take())
		})
	})
	t.Run("none, but cookies: they are renewed, once for all", func(t *testing.T) {
		j := &jar{}
		marked(t, j, func(t *testing.T, profile *browsertest.Profile, open func() *page) {
			p := open()
			signIn(t, p, "alice")
			p.rt.Close()
			profile.SetCookies("other=1")
			j.take()
			assert.Equal(t, []string{"alice", "alice"}, []string{open().user(), open().user()})
			assert.Equal(t, "POST /refresh, GET /session", j.take())
			assert.Contains(t, profile.Cookies(), "user=alice")
		})
	})
	t.Run("none, as the backend does not set it any more: that is asked about once", func(t *testing.T) {
		j := &jar{}
		marked(t, j, func(t *testing.T, profile *browsertest.Profile, open func() *page) {
			p := open()
			signIn(t, p, "alice")
			p.rt.Close()
			j.set(func() { j.blocked = true })
			profile.SetCookies("other=1")
			j.take()
			assert.Equal(t, []string{"alice", "alice"}, []string{open().user(), open().user()})
			assert.Equal(t, "POST /refresh, GET /session", j.take())
		})
	})
	t.Run("somebody else's: theirs begins", func(t *testing.T) {
		j := &jar{}
		marked(t, j, func(t *testing.T, profile *browsertest.Profile, open func() *page) {
			p := open()
			signIn(t, p, "alice")
			j.set(func() {
				j.cookie = "bob"
				j.mark(profile)
			})
			p.takeEvents()
			assert.Equal(t, "bob", open().user())
			synctest.Wait()
			assert.Equal(t, "logout:switched (remote), login (remote)", p.takeEvents())
		})
	})
	t.Run("what can't be asked ends nothing", func(t *testing.T) {
		j := &jar{}
		marked(t, j, func(t *testing.T, profile *browsertest.Profile, open func() *page) {
			p := open()
			signIn(t, p, "alice")
			p.rt.Close()
			profile.SetCookies("other=1")
			j.set(func() { j.fault = func(string) (*browser.Response, error) { return nil, browser.ErrNetwork } })
			assert.Equal(t, "alice", open().user())
		})
	})
}

func TestCK08AMarkerAfterALogout(t *testing.T) {
	t.Run("it goes at once, also without a network; and a new one is a new session", func(t *testing.T) {
		j := &jar{}
		marked(t, j, func(t *testing.T, profile *browsertest.Profile, open func() *page) {
			p := open()
			signIn(t, p, "alice")
			j.set(func() { j.fault = func(string) (*browser.Response, error) { return nil, browser.ErrNetwork } })
			_, err := p.call("logout", "{}")
			require.NoError(t, err)
			assert.Equal(t, "other=1", profile.Cookies())
			j.set(func() { j.fault = nil })
			j.take()
			assert.Equal(t, []string{"anonymous", ""}, []string{open().user(), j.take()}, "the backend's session is alive, and is not taken up")
			// Signed in by a form, or a callback, of the backend's own.
			synctest.Wait()
			j.set(func() {
				j.cookie = "bob"
				j.mark(profile)
			})
			p.takeEvents()
			assert.Equal(t, []string{"bob", "GET /session"}, []string{open().user(), j.take()})
			synctest.Wait()
			assert.Equal(t, "login (remote)", p.takeEvents())
		})
	})
	t.Run("one that could not be taken away brings nobody back", func(t *testing.T) {
		j := &jar{}
		marked(t, j, func(t *testing.T, profile *browsertest.Profile, open func() *page) {
			p := open()
			signIn(t, p, "alice")
			profile.PinCookies(true)
			j.set(func() { j.fault = func(string) (*browser.Response, error) { return nil, browser.ErrNetwork } })
			_, err := p.call("logout", "{}")
			require.NoError(t, err)
			j.set(func() { j.fault = nil })
			j.take()
			assert.Equal(t, []string{"anonymous", ""}, []string{open().user(), j.take()})
			_, err = p.call("loginSilently", "{}")
			require.NoError(t, err)
			assert.Equal(t, "alice", p.user())
		})
	})
}
