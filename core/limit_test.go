package core_test

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core"
	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
	"latchkey/core/errcode"
	"latchkey/core/strictjson"
)

// limited is a configuration with limits.
func limited(limits string) string { return config(`"limits":{` + limits + `},`) }

// warned notes each warning of a page: when it ends, from now.
func warned(profile *browsertest.Profile, p *page) (told func() []string) {
	var mu sync.Mutex
	var all []string
	p.heard = func(e strictjson.Value) {
		if e.Get("type").TextOr("") != "idle" {
			return
		}
		text := "called off"
		if at, ok := e.Get("endsAt").Int(); ok {
			text = time.UnixMilli(at).Sub(profile.Now()).Round(time.Second).String()
		}
		mu.Lock()
		defer mu.Unlock()
		all = append(all, text)
	}
	return func() []string {
		mu.Lock()
		defer mu.Unlock()
		return slices.Clone(all)
	}
}

func TestLimitsWhoeverDoesNothingIsSignedOutInAllTabs(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		server.Life = 0
		first := signedIn(t, profile, server, limited(`"idle":600`))
		second := openPage(t, profile, server, limited(`"idle":600`))
		warnings := warned(profile, first)
		time.Sleep(5 * time.Minute)
		second.tab.Signal(browser.Active)
		time.Sleep(9 * time.Minute)
		synctest.Wait()
		assert.Equal(t, []string{"1m0s"}, warnings())
		first.tab.Signal(browser.Active)
		synctest.Wait()
		assert.Equal(t, []string{"1m0s", "called off"}, warnings())
		assert.Equal(t, "alice", second.user())
		time.Sleep(10*time.Minute - time.Second)
		assert.Equal(t, "alice", second.user())
		time.Sleep(time.Second)
		synctest.Wait()
		ends := []string{first.takeEvents(), second.takeEvents()}
		for i := range ends {
			ends[i] = strings.ReplaceAll(strings.ReplaceAll(ends[i], "idle, ", ""), ", idle", "")
		}
		assert.ElementsMatch(t, []string{"expired, logout:expired", "expired (remote), logout:expired (remote)"}, ends)
		assert.Equal(t, []string{"refresh_token", "access_token"}, server.Revoked(), "as for a logout")
		assert.NotContains(t, profile.Storage().All(), "latchkey/1/id/shop//active")

		signIn(t, first, "alice")
		time.Sleep(9 * time.Minute)
		assert.Equal(t, "alice", first.user(), "the next one begins anew")
	})
}

func TestLimitsWhatIsNoActivity(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := signedIn(t, profile, server, limited(`"idle":7200`))
		hidden := openPage(t, profile, server, limited(`"idle":7200`))
		hidden.tab.Hide(true)
		for range 119 {
			time.Sleep(time.Minute)
			served(t, hidden)
		}
		assert.NotZero(t, server.Refreshes())
		_, err := p.call("refresh", "{}")
		require.NoError(t, err)
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Equal(t, "anonymous", p.user())
	})
}

// What all tabs share, and a sleep does not stop.
func TestLimitsASessionLastsNoLongerThanThat(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := signedIn(t, profile, server, limited(`"absolute":28800,"warning":300`))
		for range 8*60 - 6 {
			time.Sleep(time.Minute)
			p.tab.Signal(browser.Active)
			if server.Refreshes() > 0 {
				served(t, p)
			}
		}
		assert.NotZero(t, server.Refreshes(), "a refresh does not make it longer")
		p = openPage(t, profile, server, limited(`"absolute":28800,"warning":300`))
		warnings := warned(profile, p)
		assert.Equal(t, "alice", p.user())
		time.Sleep(time.Minute)
		synctest.Wait()
		assert.Equal(t, []string{"5m0s"}, warnings())
		assert.Contains(t, p.takeEvents(), "idle:absolute")
		p.tab.Signal(browser.Active)
		synctest.Wait()
		assert.Len(t, warnings(), 1, "nothing calls that off")
		time.Sleep(5 * time.Minute)
		synctest.Wait()
		assert.Equal(t, "anonymous", p.user())
		assert.Contains(t, p.takeEvents(), "logout:expired")
	})
}

// Every timer may have slept: then the first to know is whoever comes first.
func TestLimitsASleepIsNoWayAround(t *testing.T) {
	limits := map[string]string{"idle": `"idle":600`, "absolute": `"absolute":600`}
	for name, wake := range map[string]func(t *testing.T, p *page){
		"the page is told":       func(_ *testing.T, p *page) { p.tab.Signal(browser.Resumed) },
		"the person comes first": func(_ *testing.T, p *page) { p.tab.Signal(browser.Active) },
		"nothing but time":       func(*testing.T, *page) { time.Sleep(time.Minute) },
		"a request": func(t *testing.T, p *page) {
			session, version, _, until := p.now()
			assert.LessOrEqual(t, until, p.tab.Browser().Clock.Now().UnixMilli(), "it has to ask")
			assert.Equal(t, "send", p.outcome("authorize", stamp(session, version), ""))
		},
		"another page": func(t *testing.T, p *page) {
			assert.Equal(t, "anonymous", openPage(t, p.tab.Profile(), p.server, config(`"limits":{"idle":600,"absolute":600},`)).user())
		},
	} {
		for which, limit := range limits {
			t.Run(name+", "+which, func(t *testing.T) {
				world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
					p := signedIn(t, profile, server, limited(limit))
					p.tab.Hide(true)
					synctest.Wait()
					sleeps(profile, 11*time.Minute)
					p.tab.Hide(name != "nothing but time" && name != "the page is told")
					if name == "nothing but time" {
						time.Sleep(time.Millisecond)
					}
					wake(t, p)
					synctest.Wait()
					assert.Equal(t, "anonymous", p.user())
					assert.Equal(t, []string{"refresh_token", "access_token"}, server.Revoked())
				})
			})
		}
	}
}

// The policy says until when it is good by what its tab knew; who asks hears what the
// others know.
func TestLimitsAPolicyThatIsOverIsRenewedByASign(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p, other := signedIn(t, profile, server, limited(`"idle":600`)), openPage(t, profile, server, limited(`"idle":600`))
		for range 3 {
			time.Sleep(8 * time.Minute)
			other.tab.Signal(browser.Active)
			synctest.Wait()
		}
		_, _, _, before := p.now()
		served(t, p)
		_, _, _, until := p.now()
		assert.Greater(t, until, before)
		assert.LessOrEqual(t, until, profile.Now().Add(10*time.Minute).UnixMilli())
		assert.Zero(t, server.Refreshes())
	})
}

func TestLimitsForWhoeverWasSignedInBefore(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		server.Life = 0
		p := alices(t, profile, server, config(""))
		p.tab.Kill()
		// A record of before there was such a time.
		key := "latchkey/1/id/shop/"
		text := profile.Storage().Value(key)
		if i := strings.Index(text, `"began":`); i >= 0 {
			text = text[:i] + text[i+strings.Index(text[i:], ",")+1:]
			profile.Storage().Put(key, text)
		}
		time.Sleep(time.Hour)
		p = openPage(t, profile, server, limited(`"idle":600,"absolute":7200`))
		assert.Equal(t, "alice", p.user(), "nobody knows how long they were away")
		time.Sleep(5 * time.Minute)
		p = openPage(t, profile, server, limited(`"idle":600,"absolute":3600`))
		assert.Equal(t, "anonymous", p.user())
		assert.Equal(t, errcode.SessionExpired, errcode.Of(second(p.call("refresh", "{}"))))
	})
}

func second(_ string, err error) error { return err }

func TestLimitsAreMoreThanNothing(t *testing.T) {
	for _, name := range []string{"idle", "absolute", "warning"} {
		_, err := core.ParseConfig(limited(`"` + name + `":0`))
		assert.Equal(t, errcode.ConfigInvalid, errcode.Of(err))
		assert.Contains(t, errcode.JSON(err), "limits."+name)
	}
}
