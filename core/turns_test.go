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

// tabsOf opens two tabs of alice's, whose access token the server refuses from now on.
func tabsOf(t *testing.T, change func(*browsertest.Profile, *browsertest.AuthServer), test func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer, a, b *page)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		profile := browsertest.NewProfile()
		server := browsertest.NewAuthServer(issuer, profile.Now)
		profile.Server = server.Serve
		if change != nil {
			change(profile, server)
		}
		a := alices(t, profile, server, config(""))
		b := openPage(t, profile, server, config(""))
		server.Expire()
		a.takeEvents()
		// What is written down beside all that is done with.
		time.Sleep(time.Second)
		synctest.Wait()
		test(t, profile, server, a, b)
		time.Sleep(time.Minute) // what a dead tab waits for ends by its deadline
	})
}

// freezeAt freezes a tab when it comes to an operation that begins like this, once.
func freezeAt(profile *browsertest.Profile, tab *browsertest.Tab, operation string) {
	var once sync.Once // steps are taken beside each other
	profile.Step = func(_ context.Context, other *browsertest.Tab, what string) error {
		if other == tab && strings.HasPrefix(what, operation) {
			once.Do(tab.Freeze)
		}
		return nil
	}
}

func TestRR10AFrozenTabIsTakenOverFrom(t *testing.T) {
	tests := []struct {
		name, at string
		// asked is how often the server is asked for tokens.
		asked int
	}{
		{"as it gets the lock", "held", 1},
		{"before it has read again", "get " + simKey, 1},
		{"before it has written down what it does", "get " + simKey + "/attempt", 1},
		{"before it sends", "set " + simKey + "/attempt", 1},
		{"before it has the answer", "answer " + issuer + "/token", 2},
		{"before it has stored it", "lock " + simKey + "/write", 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tabsOf(t, func(_ *browsertest.Profile, server *browsertest.AuthServer) { server.Grace = time.Minute }, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer, a, b *page) {
				before := len(server.Log())
				freezeAt(profile, a.tab, tt.at)
				first := make(chan int, 1)
				go func() {
					_, status, _ := a.fetch()
					first <- status
				}()
				synctest.Wait()
				require.True(t, a.tab.Frozen(), "the test has to meet the moment")
				begun := profile.Now()
				user, status, err := b.fetch()
				require.NoError(t, err)
				assert.Equal(t, 200, status)
				assert.Equal(t, "alice", user)
				assert.LessOrEqual(t, profile.Now().Sub(begun), 5*time.Second)
				_, version, _, _ := b.now()
				// What it gets, and does, counts for nothing any more.
				time.Sleep(time.Second)
				a.tab.Thaw()
				assert.Equal(t, 200, <-first)
				synctest.Wait()
				_, now, _, _ := b.now()
				assert.Equal(t, version, now)
				assert.Equal(t, tt.asked, refreshesIn(server.Log()[before:]))
				assert.Equal(t, []string{"alice", "alice"}, []string{a.user(), b.user()})
				assert.NotContains(t, a.takeEvents()+b.takeEvents(), "logout")
			})
		})
	}
}

// The time of a turn is the wall clock's, which somebody may set back while the tab is frozen.
func TestSeed266027AClockThatIsSetBackGivesNoTurnBack(t *testing.T) {
	tabsOf(t, func(*browsertest.Profile, *browsertest.AuthServer) {}, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer, a, b *page) {
		before := len(server.Log())
		freezeAt(profile, a.tab, "set "+simKey+"/attempt")
		first := make(chan int, 1)
		go func() {
			_, status, _ := a.fetch()
			first <- status
		}()
		synctest.Wait()
		require.True(t, a.tab.Frozen(), "the test has to meet the moment")
		_, status, err := b.fetch()
		require.NoError(t, err)
		assert.Equal(t, 200, status)
		profile.Jump(-8 * time.Minute)
		a.tab.Thaw()
		assert.Equal(t, 200, <-first)
		synctest.Wait()
		assert.Equal(t, 1, refreshesIn(server.Log()[before:]))
		assert.NotContains(t, a.takeEvents()+b.takeEvents(), "logout")
	})
}

// A tab that is frozen for a moment in each of its turns, before it has sent, gives up after four: it
// may have been taken over from, and who asks can't wait for ever.
func TestRR10WhoeverLosesFourTurnsSaysSo(t *testing.T) {
	tabsOf(t, nil, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer, a, b *page) {
		before, turns, often := len(server.Log()), 0, 10
		profile.Step = func(_ context.Context, tab *browsertest.Tab, what string) error {
			if tab != a.tab {
				return nil
			}
			switch {
			case what == "lock "+simKey+"/refresh":
				turns++
			case what == "digest" && turns <= often:
				a.tab.Freeze()
				time.AfterFunc(3*time.Second, a.tab.Thaw)
			}
			return nil
		}
		_, err := a.call("refresh", "{}")
		assert.Equal(t, "timeout", code(err))
		assert.Equal(t, 4, turns)
		assert.Zero(t, refreshesIn(server.Log()[before:]), "a turn that is over is none to send in")
		// It waits, and what was never sent is nothing that anybody is in doubt about.
		_, status, err := a.fetch()
		require.NoError(t, err)
		assert.Equal(t, 401, status, "the server's own word, at once")
		assert.Equal(t, 4, turns)
		often = 0
		time.Sleep(2 * time.Second)
		_, status, err = a.fetch()
		require.NoError(t, err)
		assert.Equal(t, 200, status)
		assert.Equal(t, 5, turns)
		assert.Equal(t, 1, refreshesIn(server.Log()[before:]))
		synctest.Wait()
		said, err := b.call("trace", "{}")
		require.NoError(t, err)
		assert.NotContains(t, said, `"trigger":"doubt"`)
		assert.NotContains(t, a.takeEvents()+b.takeEvents(), "logout")
	})
}

// Seed 25783: who waited had asked for a sign of life, and the holder was gone a moment later; the turn of who
// had got the lock then was taken, as nobody had answered.
func TestSeed25783WhoHasJustGotTheLockIsNotTakenOverFrom(t *testing.T) {
	tabsOf(t, nil, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer, a, b *page) {
		c := openPage(t, profile, server, config(""))
		synctest.Wait()
		before, stolen := len(server.Log()), false
		profile.Step = func(_ context.Context, tab *browsertest.Tab, what string) error {
			switch {
			case tab == a.tab && strings.HasPrefix(what, "set "+simKey+"/attempt"):
				tab.Freeze()
			case tab == b.tab && strings.HasPrefix(what, "lock "+simKey+"/refresh/over"):
				time.AfterFunc(100*time.Millisecond, func() {
					a.tab.Kill()
					go func() { _, _, _ = c.fetch() }()
				})
			case tab == b.tab && strings.HasPrefix(what, "steal "):
				stolen = true
			case tab == c.tab && strings.HasPrefix(what, "answer "):
				time.Sleep(time.Second)
			}
			return nil
		}
		go func() { _, _, _ = a.fetch() }()
		synctest.Wait()
		require.True(t, a.tab.Frozen())
		_, status, err := b.fetch()
		require.NoError(t, err)
		assert.Equal(t, 200, status)
		assert.False(t, stolen)
		assert.Equal(t, 1, refreshesIn(server.Log()[before:]))
	})
}

// Seed 491103: who has just taken a turn over, has looked, and freezes for less than a second, may still send: the next one
// waits that out, or sends nothing if it has no time for that.
func TestSeed491103WhoTakesOverFromATurnThatHasJustBegunLetsItPass(t *testing.T) {
	for _, tt := range []struct {
		name, config string
		// asked is how often c asks the server for tokens.
		asked int
	}{
		{"in time", "", 1},
		{"out of time", `"timeout":2750,`, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			tabsOf(t, nil, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer, a, b *page) {
				c := openPage(t, profile, server, config(tt.config))
				synctest.Wait()
				before := len(server.Log())
				var mu sync.Mutex // steps are taken beside each other
				stolen := map[*browsertest.Tab]bool{}
				asked := 0
				profile.Step = func(_ context.Context, tab *browsertest.Tab, what string) error {
					mu.Lock()
					defer mu.Unlock()
					switch {
					case tab == a.tab && strings.HasPrefix(what, "set "+simKey+"/attempt"):
						tab.Freeze()
					case strings.HasPrefix(what, "steal "):
						stolen[tab] = true
					case tab == b.tab && what == "digest" && stolen[tab] && !stolen[c.tab]:
						tab.Freeze()
					case tab == c.tab && strings.HasPrefix(what, "send "+issuer+"/token"):
						asked++
					case tab == c.tab && strings.HasPrefix(what, "answer "+issuer+"/token"):
						b.tab.Thaw()
					}
					return nil
				}
				go func() { _, _, _ = a.fetch() }()
				synctest.Wait()
				require.True(t, a.tab.Frozen())
				var others sync.WaitGroup
				others.Go(func() {
					_, status, err := b.fetch()
					assert.NoError(t, err)
					assert.Equal(t, 200, status)
				})
				synctest.Wait()
				time.Sleep(50 * time.Millisecond) // c comes after b
				_, _, err := c.fetch()
				assert.NoError(t, err)
				assert.Equal(t, tt.asked, asked)
				b.tab.Thaw()
				others.Wait()
				assert.Len(t, stolen, 2, "both have taken over")
				assert.Equal(t, 1, refreshesIn(server.Log()[before:]))
				assert.Equal(t, []string{"alice", "alice"}, []string{b.user(), c.user()})
				a.tab.Kill()
			})
		})
	}
}

func refreshesIn(log []browsertest.TokenRequest) (n int) {
	for _, asked := range log {
		if asked.Grant == "refresh_token" {
			n++
		}
	}
	return n
}

// Where there are no locks, or they never come, a lease in storage does.
func TestRR12RR13WithoutLocksTabsStillTakeTurns(t *testing.T) {
	for name, locking := range map[string]browsertest.Locking{"no locks": browsertest.NoLocks, "locks that never call back": browsertest.DeafLocks} {
		t.Run(name, func(t *testing.T) {
			tabsOf(t, func(profile *browsertest.Profile, _ *browsertest.AuthServer) { profile.Locking = locking }, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer, a, b *page) {
				for range 3 {
					server.Expire()
					before, begun := len(server.Log()), profile.Now()
					got := make(chan int, 2)
					for _, p := range []*page{a, b} {
						go func() {
							_, status, _ := p.fetch()
							got <- status
						}()
					}
					assert.Equal(t, []int{200, 200}, []int{<-got, <-got})
					assert.Equal(t, 1, refreshesIn(server.Log()[before:]))
					assert.LessOrEqual(t, profile.Now().Sub(begun), 15*time.Second)
				}
				assert.NotContains(t, a.takeEvents()+b.takeEvents(), "logout")
				assert.Empty(t, profile.Storage().Value(simKey+"/lease"), "it is given back")
			})
		})
	}
}

// Found by a test that froze a tab often: one that was frozen while it looked whether the locks are sound took
// them for deaf, for good, and went on without beside all others.
func TestRR13WhoStoodStillDoesNotTakeTheLocksForDeaf(t *testing.T) {
	tabsOf(t, nil, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer, a, b *page) {
		looked, leased := false, false
		profile.Step = func(_ context.Context, tab *browsertest.Tab, what string) error {
			switch {
			case tab == b.tab && strings.HasPrefix(what, "answer "):
				time.Sleep(6 * time.Second) // whoever waits for its turn looks
			case tab == a.tab && strings.HasPrefix(what, "lock "+simKey+"/sound/") && !looked:
				looked = true
				tab.Freeze()
				time.AfterFunc(3*time.Second, tab.Thaw)
			case strings.HasSuffix(what, "/lease"):
				leased = true
			}
			return nil
		}
		go func() { _, _, _ = b.fetch() }()
		synctest.Wait()
		served(t, a)
		require.True(t, looked, "the test has to meet the moment")
		server.Expire()
		served(t, a)
		assert.False(t, leased)
	})
}

// A lease of a tab that is gone is over when its time is.
func TestRR12ALeaseThatNobodyGivesBackEnds(t *testing.T) {
	tabsOf(t, func(profile *browsertest.Profile, _ *browsertest.AuthServer) { profile.Locking = browsertest.NoLocks }, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer, a, b *page) {
		killed := make(chan struct{})
		profile.Step = func(_ context.Context, tab *browsertest.Tab, what string) error {
			if tab == a.tab && strings.HasPrefix(what, "send ") && !tab.Dead() {
				tab.Kill()
				close(killed)
			}
			return nil
		}
		go func() { _, _, _ = a.fetch() }()
		<-killed
		require.NotEmpty(t, profile.Storage().Value(simKey+"/lease"))
		_, status, err := b.fetch()
		require.NoError(t, err)
		assert.Equal(t, 200, status)
	})
}

// RR-24: a pause is everybody's, so that an outage sees one request a step, and not one for each tab.
func TestRR24OneRequestAStepForAllTabs(t *testing.T) {
	tabsOf(t, nil, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer, a, b *page) {
		asked := 0
		server.Fault = func(_ *browser.Request, form url.Values) (*browser.Response, error) {
			if form.Get("grant_type") != "refresh_token" {
				return nil, nil
			}
			asked++
			return browsertest.JSON(503, ""), nil
		}
		for range 10 {
			for _, p := range []*page{a, b} {
				_, status, err := p.fetch()
				require.NoError(t, err)
				assert.Equal(t, 401, status, "the server's own word, at once")
			}
		}
		assert.Equal(t, 1, asked)
		_, err := b.call("refresh", "{}")
		assert.Equal(t, "server_error", code(err), "who asks goes past the pause")
		assert.Equal(t, 2, asked)
		_, _, _ = a.fetch()
		assert.Equal(t, 2, asked)
		time.Sleep(10 * time.Second)
		server.Fault = nil
		_, status, err := a.fetch()
		require.NoError(t, err)
		assert.Equal(t, 200, status)
		assert.NotContains(t, a.takeEvents()+b.takeEvents(), "logout")
	})
}

// A slow server is not a frozen tab: whoever waits hears that the other one lives.
func TestRR10WhoeverIsAliveIsNotTakenOverFrom(t *testing.T) {
	tabsOf(t, nil, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer, a, b *page) {
		before := len(server.Log())
		profile.Step = func(_ context.Context, tab *browsertest.Tab, what string) error {
			if strings.HasPrefix(what, "answer "+issuer+"/token") {
				time.Sleep(9 * time.Second)
			}
			return nil
		}
		first := make(chan int, 1)
		go func() {
			_, status, _ := a.fetch()
			first <- status
		}()
		synctest.Wait()
		_, status, err := b.fetch()
		require.NoError(t, err)
		assert.Equal(t, []int{200, 200}, []int{status, <-first})
		assert.Equal(t, 1, refreshesIn(server.Log()[before:]))
	})
}

// RR-17: what a strict server does with the token of a tab that died is no riddle to who is
// signed out by it.
func TestRR17AnEndInDoubtSaysSo(t *testing.T) {
	tabsOf(t, nil, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer, a, b *page) {
		profile.Step = func(_ context.Context, tab *browsertest.Tab, what string) error {
			if tab == a.tab && strings.HasPrefix(what, "answer "+issuer+"/token") {
				tab.Kill()
			}
			return nil
		}
		before := len(server.Log())
		go func() { _, _, _ = a.fetch() }()
		synctest.Wait()
		require.True(t, a.tab.Dead())
		_, status, err := b.fetch()
		require.NoError(t, err)
		assert.Equal(t, 401, status)
		assert.Equal(t, 2, refreshesIn(server.Log()[before:]), "it is tried once")
		synctest.Wait()
		said, err := b.call("trace", "{}")
		require.NoError(t, err)
		assert.Contains(t, said, `"trigger":"doubt"`)
		assert.Equal(t, "anonymous", b.user())
	})
}

// A tab that freezes with the write lock holds nobody up for long, and what it does when it thaws
// it decides by what is there then.
func TestRR10TheWriteLockOfAFrozenTabIsTaken(t *testing.T) {
	tabsOf(t, nil, func(t *testing.T, profile *browsertest.Profile, _ *browsertest.AuthServer, a, b *page) {
		has, froze := false, false
		profile.Step = func(_ context.Context, tab *browsertest.Tab, what string) error {
			switch {
			case tab != a.tab || froze:
			case what == "lock "+simKey+"/write":
				has = true
			case has:
				froze = true
				tab.Freeze()
			}
			return nil
		}
		left := make(chan error, 1)
		go func() {
			_, err := a.call("logout", "{}")
			left <- err
		}()
		synctest.Wait()
		require.True(t, a.tab.Frozen(), "the test has to meet the moment")
		begun := profile.Now()
		signIn(t, b, "bob")
		assert.LessOrEqual(t, profile.Now().Sub(begun), 5*time.Second)
		made, version, _, _ := b.now()
		a.tab.Thaw()
		require.NoError(t, <-left)
		synctest.Wait()
		assert.Equal(t, []string{"bob", "bob"}, []string{a.user(), b.user()}, "the logout was alice's: it was decided by what was there")
		still, now, _, _ := b.now()
		assert.NotEmpty(t, made)
		assert.Equal(t, made, still)
		assert.Equal(t, version, now)
	})
}

// Seed 72023: a tab that was frozen in the line for the write lock had waited long enough when it thawed, and
// went on without: beside whoever had the lock.
func TestSeed72023WhoStoodStillInLineStaysInLine(t *testing.T) {
	tabsOf(t, nil, func(t *testing.T, profile *browsertest.Profile, _ *browsertest.AuthServer, a, b *page) {
		holds, writes := make(chan struct{}), make(chan struct{})
		locked := false
		profile.Step = func(_ context.Context, tab *browsertest.Tab, what string) error {
			switch {
			case tab == a.tab && what == "lock "+simKey+"/write":
				locked = true
			case tab == a.tab && locked && what == "set "+simKey:
				locked = false
				close(holds)
				<-writes
			}
			return nil
		}
		in := func(p *page, user string, done chan error) {
			_, err := p.call("loginWithCredentials", `{"username":"`+user+`","password":"wonderland"}`)
			done <- err
		}
		first, second := make(chan error, 1), make(chan error, 1)
		go in(a, "alice", first)
		<-holds
		go in(b, "bob", second)
		synctest.Wait()
		b.tab.Freeze()
		time.Sleep(1500 * time.Millisecond)
		_, before, _, _ := b.now()
		// Its time in line is over as it thaws, and the one before it is about to write.
		time.AfterFunc(time.Second, b.tab.Thaw)
		time.AfterFunc(time.Second+50*time.Millisecond, func() { close(writes) })
		require.NoError(t, <-first)
		require.NoError(t, <-second)
		synctest.Wait()
		_, after, _, _ := b.now()
		assert.Equal(t, before+2, after, "two sign-ins are two generations")
		assert.Equal(t, []string{"bob", "bob"}, []string{a.user(), b.user()})
	})
}
