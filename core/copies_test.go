package core_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/browser/browsertest"
)

// ofTabs is a configuration where each tab has a session of its own.
func ofTabs(more string) string {
	return strings.Replace(config(more), `"storage":"local"`, `"storage":"session"`, 1)
}

// startIn starts a page in a tab that is there.
func startIn(t *testing.T, tab *browsertest.Tab, server *browsertest.AuthServer, config string) *page {
	t.Helper()
	p, err := newPage(tab, server, config)
	require.NoError(t, err)
	t.Cleanup(p.rt.Close)
	_, err = p.call("start", "{}")
	require.NoError(t, err)
	return p
}

// A server that rotates strictly takes the second use of a refresh token for theft, and
// ends the session of the tab that was copied too.
func TestST24ACopyOfATabNeverSendsItsRefreshToken(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		server.Life = time.Hour
		first := startIn(t, profile.OpenApart(origin+"/"), server, ofTabs(""))
		signIn(t, first, "alice")
		copied := startIn(t, first.tab.Duplicate(), server, ofTabs(""))
		assert.Equal(t, "alice", copied.user(), "the access token is good")
		assert.Empty(t, copied.takeEvents())
		assert.NotEqual(t, first.tab.Storage().Value("latchkey/1/id/shop//tab"), copied.tab.Storage().Value("latchkey/1/id/shop//tab"))
		user, status, err := copied.fetch()
		require.NoError(t, err)
		assert.Equal(t, "alice", user)
		assert.Equal(t, 200, status)
		assert.NotContains(t, copied.tab.Storage().Value("latchkey/1/id/shop/"), `"refresh":`)
		assert.Contains(t, first.tab.Storage().Value("latchkey/1/id/shop/"), `"refresh":`)

		time.Sleep(2 * time.Hour)
		_, _, _ = copied.fetch()
		assert.Equal(t, "anonymous", copied.user())
		assert.Equal(t, "expired, logout:expired", copied.takeEvents())
		user, _, err = first.fetch()
		require.NoError(t, err)
		assert.Equal(t, "alice", user)
		assert.Equal(t, len(server.Log()), server.Answered("password", 200)+server.Answered("refresh_token", 200), "no token was refused")

		// It signs in again, and has a session as good as any.
		signIn(t, copied, "alice")
		time.Sleep(2 * time.Hour)
		user, _, err = copied.fetch()
		require.NoError(t, err)
		assert.Equal(t, "alice", user)
	})
}

func TestST24AReloadIsNoCopy(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		first := startIn(t, profile.OpenApart(origin+"/"), server, ofTabs(""))
		signIn(t, first, "alice")
		next := first.tab.Duplicate() // the same storage, and another document
		first.tab.Kill()
		reloaded := startIn(t, next, server, ofTabs(""))
		assert.Contains(t, reloaded.tab.Storage().Value("latchkey/1/id/shop/"), `"refresh":`)

		// A second session in the same page has the same name, and shares all.
		second := startIn(t, reloaded.tab, server, ofTabs(""))
		assert.Equal(t, "alice", second.user())
		assert.Contains(t, reloaded.tab.Storage().Value("latchkey/1/id/shop/"), `"refresh":`)
	})
}

// A page that is frozen while it takes its name has let the time for that go by.
func TestST24AReloadThatIsFrozenIsNoCopy(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		first := startIn(t, profile.OpenApart(origin+"/"), server, ofTabs(untraced))
		signIn(t, first, "alice")
		next := first.tab.Duplicate()
		first.tab.Kill()
		frozen := false
		synctest.Wait() // nothing runs beside this
		profile.Step = func(_ context.Context, tab *browsertest.Tab, what string) error {
			if tab == next && strings.HasPrefix(what, "lock "+simKey+"/tab/") && !frozen {
				frozen = true
				tab.Freeze()
				time.AfterFunc(3*time.Second, tab.Thaw)
			}
			return nil
		}
		reloaded := startIn(t, next, server, ofTabs(untraced))
		require.True(t, frozen, "the test has to meet the moment")
		assert.Contains(t, reloaded.tab.Storage().Value(simKey), `"refresh":`)
	})
}

// While a page is in the back/forward cache it holds no lock: a copy may take its name.
func TestST24APageThatComesBackToFindACopy(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		first := startIn(t, profile.OpenApart(origin+"/"), server, ofTabs(""))
		signIn(t, first, "alice")
		other := first.tab.Duplicate()
		first.tab.Leave(true)
		synctest.Wait()
		copied := startIn(t, other, server, ofTabs(""))
		assert.Contains(t, copied.tab.Storage().Value("latchkey/1/id/shop/"), `"refresh":`)
		first.tab.Leave(false)
		_, err := first.call("look", "{}")
		require.NoError(t, err)
		assert.NotContains(t, first.tab.Storage().Value("latchkey/1/id/shop/"), `"refresh":`)
		assert.Equal(t, "alice", first.user())

		// One that finds its name free has lost nothing.
		copied.tab.Leave(true)
		synctest.Wait()
		copied.tab.Leave(false)
		_, err = copied.call("look", "{}")
		require.NoError(t, err)
		assert.Contains(t, copied.tab.Storage().Value("latchkey/1/id/shop/"), `"refresh":`)
	})
}

// Seed 5573: a copy had a name of its own before it had left the refresh token to the other tab. What
// had both, by a reload or as a copy of the copy, took the token for its own.
func TestSeed5573ACopyHasNoNameOfItsOwnBeforeItHasLeftTheToken(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		server.Life = time.Hour
		first := startIn(t, profile.OpenApart(origin+"/"), server, ofTabs(untraced))
		signIn(t, first, "alice")
		tab := first.tab.Duplicate()
		var next *browsertest.Tab
		named := false
		synctest.Wait() // nothing runs beside this
		profile.Step = func(_ context.Context, of *browsertest.Tab, what string) error {
			switch {
			case of != tab || next != nil:
			case what == "set "+simKey+"/tab":
				named = true
			case named:
				next = tab.Duplicate()
				tab.Kill()
			}
			return nil
		}
		copied, err := newPage(tab, server, ofTabs(untraced))
		require.NoError(t, err)
		_, _ = copied.call("start", "{}")
		copied.rt.Close()
		require.NotNil(t, next, "the test has to meet the moment")
		profile.Step = nil
		reloaded := startIn(t, next, server, ofTabs(untraced))
		time.Sleep(2 * time.Hour)
		for _, p := range []*page{reloaded, first} {
			_, _, _ = p.fetch()
		}
		assert.Equal(t, "alice", first.user())
		assert.Equal(t, len(server.Log()), server.Answered("password", 200)+server.Answered("refresh_token", 200), "no token was refused")
	})
}

// Seed 15705: a page that had come back, to find that a copy has its name, was asked to do something before it
// knew. It left a refresh token that was its own; and the other's it would have sent.
func TestSeed15705APageThatComesBackDoesNothingBeforeItKnowsItsName(t *testing.T) {
	come := func(t *testing.T, test func(server *browsertest.AuthServer, first, copied *page)) {
		world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
			server.Life = time.Hour
			first := startIn(t, profile.OpenApart(origin+"/"), server, ofTabs(untraced))
			signIn(t, first, "alice")
			first.tab.Leave(true)
			synctest.Wait()
			copied := startIn(t, first.tab.Duplicate(), server, ofTabs(untraced))
			first.tab.Leave(false)
			test(server, first, copied)
			assert.Equal(t, len(server.Log()), server.Answered("password", 200)+server.Answered("refresh_token", 200), "no token was refused")
		})
	}
	t.Run("somebody signs in", func(t *testing.T) {
		come(t, func(_ *browsertest.AuthServer, first, copied *page) {
			signIn(t, first, "bob")
			time.Sleep(2 * time.Hour)
			for p, user := range map[*page]string{first: "bob", copied: "alice"} {
				got, _, err := p.fetch()
				require.NoError(t, err)
				assert.Equal(t, user, got)
			}
		})
	})
	t.Run("the app asks for a refresh", func(t *testing.T) {
		come(t, func(server *browsertest.AuthServer, first, copied *page) {
			_, err := copied.call("refresh", "{}")
			require.NoError(t, err)
			_, err = first.call("refresh", "{}")
			assert.Equal(t, "interaction_required", code(err), "it has no refresh token any more")
			got, _, err := copied.fetch()
			require.NoError(t, err)
			assert.Equal(t, "alice", got)
			assert.Equal(t, 1, server.Refreshes())
		})
	})
}
