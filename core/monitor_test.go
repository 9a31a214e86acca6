package core_test

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
)

// says is one answer of the page that is watched.
type says struct {
	answer string
	stood  bool
	err    error
}

// watched is the server's page for check_session.
type watched struct {
	*windows
	// state is what the next answer of the authorization endpoint brings.
	state string
	next  chan says
	mu    sync.Mutex
	// asked is what was posted there, with the name of the tab.
	asked []string
}

func (w *watched) watch(ctx context.Context, tab *browsertest.Tab, url, message string) (string, bool, error) {
	w.mu.Lock()
	w.asked = append(w.asked, tab.Name+" "+url+" "+message)
	w.mu.Unlock()
	select {
	case s := <-w.next:
		return s.answer, s.stood, s.err
	case <-ctx.Done():
		return "", false, ctx.Err()
	}
}

func (w *watched) took() []string {
	synctest.Wait()
	w.mu.Lock()
	defer w.mu.Unlock()
	all := w.asked
	w.asked = nil
	return all
}

// monitored signs alice in at a server that can be watched.
func monitored(t *testing.T, test func(t *testing.T, p *page, w *watched, profile *browsertest.Profile)) {
	monitoredBy(t, issuer+"/check", test)
}

func monitoredBy(t *testing.T, address string, test func(t *testing.T, p *page, w *watched, profile *browsertest.Profile)) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		profile.Server = func(ctx context.Context, req *browser.Request) (*browser.Response, error) {
			answer, err := server.Serve(ctx, req)
			if err == nil && strings.HasSuffix(req.URL, "openid-configuration") {
				answer.Body = []byte(strings.Replace(string(answer.Body), "{", `{"check_session_iframe":"`+address+`",`, 1))
			}
			return answer, err
		}
		w := &watched{windows: &windows{server: server, user: "alice"}, state: "st.1", next: make(chan says)}
		profile.Window = func(ctx context.Context, kind, address string) (string, error) {
			back, err := w.show(ctx, kind, address)
			if w.state != "" && strings.Contains(back, "code=") {
				back += "&session_state=" + w.state
			}
			return back, err
		}
		profile.Watch = w.watch
		p := openPage(t, profile, server, monitoring())
		_, err := p.call("loginWithPopup", `{"window":1}`)
		require.NoError(t, err)
		p.takeEvents()
		synctest.Wait() // tab1 is the one that watches
		test(t, p, w, profile)
	})
}

func monitoring() string {
	return strings.Replace(byCode(), `"flow":"code"`, `"flow":"code","monitorSession":true`, 1)
}

// refusing is a server that answers with an error.
func refusing(fault string) func(context.Context, url.Values) (string, error) {
	return func(_ context.Context, sent url.Values) (string, error) {
		return answer(sent, url.Values{"error": {fault}}), nil
	}
}

// asks is what a tab posts for a session state.
func asks(tab, state string) []string { return []string{tab + " " + issuer + "/check shop " + state} }

func TestOP43AChangeAtTheServerIsCheckedSilently(t *testing.T) {
	monitored(t, func(t *testing.T, p *page, w *watched, profile *browsertest.Profile) {
		require.Equal(t, asks("tab1", "st.1"), w.took())
		session, _, _, _ := p.now()
		w.state = "st.2"
		w.next <- says{answer: "changed", stood: true}
		synctest.Wait()
		assert.Equal(t, "refresh", p.takeEvents())
		assert.Equal(t, "alice", p.user())
		same, _, _, _ := p.now()
		assert.Equal(t, session, same, "the session goes on")
		sent := w.shown[len(w.shown)-1]
		assert.Equal(t, "none", sent.Get("prompt"))
		assert.NotEmpty(t, sent.Get("id_token_hint"))
		assert.Equal(t, asks("tab1", "st.2"), w.took())

		// A reload goes on with what is stored.
		next := openPage(t, profile, p.server, monitoring())
		p.rt.Close()
		assert.Equal(t, "alice", next.user())
		assert.Equal(t, asks("tab2", "st.2"), w.took())
	})
}

func TestOP43WhoeverElseIsAtTheServerEndsTheSession(t *testing.T) {
	for name, user := range map[string]string{"nobody": "", "bob": "bob"} {
		t.Run(name, func(t *testing.T) {
			monitored(t, func(t *testing.T, p *page, w *watched, profile *browsertest.Profile) {
				other := openPage(t, profile, p.server, monitoring())
				w.set(func() { w.user = user })
				require.Len(t, w.took(), 1, "one tab asks")
				w.next <- says{answer: "changed", stood: true}
				synctest.Wait()
				assert.Equal(t, "logout:revoked", p.takeEvents())
				assert.Equal(t, "logout:revoked (remote)", other.takeEvents())
				for _, tab := range []*page{p, other} {
					assert.Equal(t, "anonymous", tab.user())
				}
				assert.Empty(t, w.took(), "there is nothing to watch")
			})
		})
	}
}

// A page that has said "unchanged" once gets the server's cookies, and so does
// the silent check.
func TestOP43NobodyIsBelievedOnlyWhereTheServerWasSeenToKnowUs(t *testing.T) {
	t.Run("never seen", func(t *testing.T) {
		monitored(t, func(t *testing.T, p *page, w *watched, _ *browsertest.Profile) {
			w.took()
			w.set(func() { w.user = "" })
			w.next <- says{answer: "changed"}
			assert.Empty(t, w.took(), "the watch is over")
			assert.Empty(t, p.takeEvents())
			assert.Equal(t, "alice", p.user())
		})
	})
	t.Run("seen before the person went away", func(t *testing.T) {
		monitored(t, func(t *testing.T, p *page, w *watched, _ *browsertest.Profile) {
			w.took()
			p.tab.Hide(true)
			w.next <- says{answer: "unchanged", stood: true}
			assert.Empty(t, w.took(), "nobody looks")
			w.set(func() { w.user = "" })
			p.tab.Hide(false)
			p.tab.Signal(browser.Resumed)
			assert.Equal(t, asks("tab1", "st.1"), w.took())
			w.next <- says{answer: "changed"}
			synctest.Wait()
			assert.Equal(t, "logout:revoked", p.takeEvents())
		})
	})
}

func TestOP43WhatCannotBeWatchedEndsNothing(t *testing.T) {
	tests := []struct {
		name  string
		say   says
		back  string // the error of the silent check
		state string
	}{
		{name: "an error of the page", say: says{answer: "error", stood: true}},
		{name: "no answers, or no frames", say: says{err: browser.ErrNoWindow}},
		{name: "a server that wants to ask the person", say: says{answer: "changed", stood: true}, back: "interaction_required"},
		{name: "a server in trouble", say: says{answer: "changed", stood: true}, back: "server_error"},
		{name: "a change that brings the same state", say: says{answer: "changed", stood: true}, state: "st.1"},
		{name: "a change that brings no state", say: says{answer: "changed", stood: true}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			monitored(t, func(t *testing.T, p *page, w *watched, _ *browsertest.Profile) {
				w.took()
				w.state = tt.state
				if tt.back != "" {
					w.set(func() { w.back = refusing(tt.back) })
				}
				w.next <- tt.say
				assert.Empty(t, w.took())
				p.tab.Signal(browser.Resumed)
				assert.Empty(t, w.took(), "nor later")
				assert.Equal(t, "alice", p.user())
				assert.NotContains(t, p.takeEvents(), "logout")
			})
		})
	}
	t.Run("a state that is never good", func(t *testing.T) {
		monitored(t, func(t *testing.T, p *page, w *watched, _ *browsertest.Profile) {
			w.took()
			w.state = "st.2"
			w.next <- says{answer: "changed"}
			require.Equal(t, asks("tab1", "st.2"), w.took())
			shown := len(w.shown)
			w.next <- says{answer: "changed"}
			assert.Empty(t, w.took())
			assert.Len(t, w.shown, shown, "it is not checked for ever")
			assert.Equal(t, "alice", p.user())
		})
	})
	t.Run("the network is away at the check, and back later", func(t *testing.T) {
		monitored(t, func(t *testing.T, p *page, w *watched, profile *browsertest.Profile) {
			w.took()
			w.set(func() { w.back = silence })
			serve := profile.Server
			profile.Server = func(context.Context, *browser.Request) (*browser.Response, error) { return nil, browser.ErrNetwork }
			w.next <- says{answer: "changed", stood: true}
			time.Sleep(time.Minute)
			assert.Empty(t, w.took())
			assert.Equal(t, "alice", p.user())
			w.set(func() { profile.Server, w.back = serve, nil })
			p.tab.Signal(browser.Resumed)
			assert.Equal(t, asks("tab1", "st.1"), w.took())
		})
	})
	for name, address := range map[string]string{"no page": "", "a page that is a script": "javascript:alert(1)"} {
		t.Run(name, func(t *testing.T) {
			monitoredBy(t, address, func(t *testing.T, p *page, w *watched, _ *browsertest.Profile) {
				assert.Empty(t, w.took())
				assert.Equal(t, "alice", p.user())
			})
		})
	}
}

func TestOP43AWatchEndsWithItsSession(t *testing.T) {
	monitored(t, func(t *testing.T, p *page, w *watched, profile *browsertest.Profile) {
		other := openPage(t, profile, p.server, monitoring())
		require.Equal(t, asks("tab1", "st.1"), w.took())
		p.tab.Kill()
		p.rt.Close()
		assert.Equal(t, asks("tab2", "st.1"), w.took(), "another tab goes on")
		_, err := other.call("refresh", "{}")
		require.NoError(t, err)
		assert.Empty(t, w.took(), "new tokens are the same session")
		_, err = other.call("logout", `{"atServer":false}`)
		require.NoError(t, err)
		synctest.Wait()
		select {
		case w.next <- says{answer: "changed", stood: true}:
			t.Fatal("somebody still asks")
		default:
		}
	})
}

func TestOP43NobodyIsWatchedUnlessAskedFor(t *testing.T) {
	monitored(t, func(t *testing.T, p *page, w *watched, profile *browsertest.Profile) {
		p.rt.Close()
		w.took()
		other := openPage(t, profile, p.server, byCode())
		assert.Equal(t, "alice", other.user())
		assert.Empty(t, w.took())
	})
}
