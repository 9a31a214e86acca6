package core_test

import (
	"context"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
	"latchkey/core/strictjson"
)

func TestRR03ARequestDuringARefreshGoesOnceWithTheNewToken(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := alices(t, profile, server, config(untraced))
		profile.Jump(2 * time.Hour) // its token is known to be over
		answer := make(chan struct{})
		synctest.Wait() // nothing runs beside this
		profile.Step = func(_ context.Context, _ *browsertest.Tab, what string) error {
			if strings.HasPrefix(what, refreshAnswer) {
				<-answer
			}
			return nil
		}
		go func() { _, _ = p.call("refresh", "{}") }()
		synctest.Wait()
		var mu sync.Mutex
		var sent []string
		done := make(chan int, 1)
		go func() {
			_, status, err := p.send(request{as: "user", seen: func(m message) {
				mu.Lock()
				defer mu.Unlock()
				sent = append(sent, m.authorization)
			}})
			assert.NoError(t, err)
			done <- status
		}()
		synctest.Wait()
		mu.Lock()
		assert.Empty(t, sent)
		mu.Unlock()
		close(answer)
		assert.Equal(t, 200, <-done)
		assert.Equal(t, []string{"Bearer at_2"}, sent)
		assert.Equal(t, 1, server.Refreshes())
	})
}

// The first tab is frozen with its answer on the way. It thaws, and is done, between the two
// looks that the second one takes before it sends.
func TestSeed2653WhoTakesOverReadsTheAttemptFirst(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		first := alices(t, profile, server, config(untraced))
		second := openPage(t, profile, server, config(untraced))
		var mu sync.Mutex
		var stolen bool
		var looks int
		synctest.Wait() // nothing runs beside this
		profile.Step = func(_ context.Context, tab *browsertest.Tab, what string) error {
			mu.Lock()
			defer mu.Unlock()
			switch {
			case tab == first.tab && strings.HasPrefix(what, refreshAnswer):
				tab.Freeze()
			case tab == second.tab && strings.HasPrefix(what, "steal "):
				stolen = true
			case tab == second.tab && stolen && (what == "get "+simKey || what == "get "+simKey+"/attempt"):
				if looks++; looks == 2 {
					first.tab.Thaw()
					mu.Unlock()
					time.Sleep(100 * time.Millisecond)
					mu.Lock()
				}
			}
			return nil
		}
		go func() { _, _ = first.call("refresh", "{}") }()
		synctest.Wait()
		require.True(t, first.tab.Frozen())
		_, err := second.call("refresh", "{}")
		require.NoError(t, err)
		time.Sleep(time.Minute)
		assert.True(t, stolen)
		assert.Equal(t, 1, server.Answered("refresh_token", 200))
		assert.Equal(t, 1, server.Refreshes())
		assert.Equal(t, "alice", second.user())
	})
}

// Generations begin anew where a storage was cleared. The second tab had not looked while it was empty, and
// took the new session for one of before its own.
func TestSeed6221WhoSignsInAfterTheStorageWasClearedIsSeenByAll(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		first := openPage(t, profile, server, config(untraced))
		second := openPage(t, profile, server, config(untraced))
		signIn(t, first, "alice")
		signIn(t, first, "bob")
		synctest.Wait()
		require.Equal(t, "bob", second.user())
		second.takeEvents()
		profile.Storage().Clear()
		signIn(t, first, "alice")
		require.Equal(t, int64(1), generationOf(t, profile))
		time.Sleep(2 * time.Second) // it waits for a moment for what it knows of to be there
		assert.Equal(t, []string{"alice", "alice"}, []string{first.user(), second.user()})
		assert.Equal(t, "logout:switched (remote), login (remote)", second.takeEvents())
		user, _, err := second.fetch()
		require.NoError(t, err)
		assert.Equal(t, "alice", user)
	})
}

// Two tabs come to the same rubbish, and one of them has somebody sign in before the other one has removed it.
func TestSeed19651RubbishIsRemovedOnlyWhereItStillIs(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		first := openPage(t, profile, server, config(untraced))
		profile.Storage().Put(simKey, "{")
		second, err := newPage(profile.Open(origin+"/"), server, config(untraced))
		require.NoError(t, err)
		t.Cleanup(second.rt.Close)
		signedIn := make(chan struct{})
		synctest.Wait()      // nothing runs beside this
		var read atomic.Bool // steps are taken beside each other
		profile.Step = func(_ context.Context, tab *browsertest.Tab, what string) error {
			switch {
			case tab == second.tab && what == "get "+simKey:
				read.Store(true)
			case tab == second.tab && read.Load():
				<-signedIn
			}
			return nil
		}
		started := make(chan struct{})
		go func() {
			_, _ = second.call("start", "{}")
			close(started)
		}()
		synctest.Wait()
		signIn(t, first, "alice")
		close(signedIn)
		<-started
		synctest.Wait()
		assert.Equal(t, "alice", second.user())
		assert.Equal(t, int64(1), generationOf(t, profile))
		assert.NotContains(t, first.takeEvents(), "logout")
	})
}

// The first tab is frozen before it knows that it has got the lock, and thaws when the second
// one has taken its turn and looked around: it must not send as well.
func TestSeed13511WhoLostItsTurnUnawaresDoesNotSend(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		first := alices(t, profile, server, config(untraced))
		second := openPage(t, profile, server, config(untraced))
		var mu sync.Mutex
		var got, stolen, thawed bool
		synctest.Wait() // nothing runs beside this
		profile.Step = func(_ context.Context, tab *browsertest.Tab, what string) error {
			mu.Lock()
			defer mu.Unlock()
			switch {
			case tab == first.tab && what == "lock "+simKey+"/refresh":
				got = true
			case tab == first.tab && what == "held" && got && !stolen:
				tab.Freeze() // the lock is its own, and it is not told
			case tab == second.tab && strings.HasPrefix(what, "steal "):
				stolen = true
			case tab == second.tab && what == "digest" && stolen && !thawed:
				thawed = true
				first.tab.Thaw()
				mu.Unlock()
				time.Sleep(100 * time.Millisecond)
				mu.Lock()
			}
			return nil
		}
		go func() { _, _ = first.call("refresh", "{}") }()
		synctest.Wait()
		require.True(t, first.tab.Frozen())
		_, err := second.call("refresh", "{}")
		require.NoError(t, err)
		time.Sleep(time.Minute)
		assert.True(t, thawed)
		assert.Equal(t, 1, server.Refreshes())
		assert.Equal(t, "alice", first.user())
	})
}

// Each has an agent of its own, as the storage is full.
func TestSeed1816TabsWithoutACommonStorageComeToRest(t *testing.T) {
	shopWorld(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		profile.Storage().Fail(nil, browser.ErrQuota)
		first, second := shopPage(t, profile, server), shopPage(t, profile, server)
		var mu sync.Mutex
		notes := 0
		synctest.Wait() // nothing runs beside this
		profile.Step = func(_ context.Context, _ *browsertest.Tab, what string) error {
			mu.Lock()
			defer mu.Unlock()
			if what == "note" {
				notes++
			}
			if notes > 200 {
				return browser.ErrNetwork // it is clear by then
			}
			return nil
		}
		first.do(t, "agentLogin", ann)
		second.do(t, "agentLogin", ann)
		synctest.Wait()
		time.Sleep(time.Minute)
		mu.Lock()
		defer mu.Unlock()
		assert.NotEqual(t, first.agentOf(), second.agentOf())
		assert.Less(t, notes, 50)
	})
}

func TestRR46ACallFromWithinTheRefreshEventEnds(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := alices(t, profile, server, config(untraced))
		done := make(chan error, 2)
		within := false
		p.heard = func(e strictjson.Value) {
			if e.Get("type").TextOr("") != "refresh" || within {
				return // the refresh from within has an event too
			}
			within = true
			for _, command := range []string{"accessToken", "refresh"} {
				go func() {
					_, err := p.call(command, "{}")
					done <- err
				}()
			}
		}
		_, err := p.call("refresh", "{}")
		require.NoError(t, err)
		assert.NoError(t, <-done)
		assert.NoError(t, <-done)
	})
}

// A record of format 1 as its first writer had it: what came since may be missing.
func TestST06AnOlderRecordIsRead(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := alices(t, profile, server, config(untraced))
		v, err := strictjson.Parse(profile.Storage().Value(simKey))
		require.NoError(t, err)
		p.rt.Close()
		var old, tokens strictjson.Object
		for _, name := range []string{"format", "issuer", "client", "context", "session", "generation"} {
			old.Raw(name, v.Get(name).JSON())
		}
		for _, name := range []string{"access", "refresh", "type", "issuedAt", "expiresAt", "subject"} {
			tokens.Raw(name, v.Get("tokens").Get(name).JSON())
		}
		old.Raw("tokens", tokens.Done())
		profile.Storage().Put(simKey, old.Done())
		p = openPage(t, profile, server, config(untraced))
		assert.Equal(t, "alice", p.user())
		_, err = p.call("refresh", "{}")
		require.NoError(t, err)
		assert.Equal(t, int64(2), generationOf(t, profile))
		assert.Empty(t, p.codes())
	})
}

func generationOf(t *testing.T, profile *browsertest.Profile) int64 {
	v, err := strictjson.Parse(profile.Storage().Value(simKey))
	require.NoError(t, err)
	n, _ := v.Get("generation").Int()
	return n
}

// One tab refreshes as alice while the other signs bob in, whichever is first.
func TestST16WhatTwoTabsWriteAtOnceIsNeverMixed(t *testing.T) {
	for _, slow := range []string{"refresh_token", "password"} {
		world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
			first := alices(t, profile, server, config(untraced))
			second := openPage(t, profile, server, config(untraced))
			synctest.Wait() // nothing runs beside this
			profile.Step = func(_ context.Context, _ *browsertest.Tab, what string) error {
				if strings.HasPrefix(what, "answer") && strings.Contains(what, slow) {
					time.Sleep(time.Second)
				}
				return nil
			}
			var group sync.WaitGroup
			group.Go(func() { _, _ = first.call("refresh", "{}") })
			group.Go(func() { signIn(t, second, "bob") })
			group.Wait()
			synctest.Wait()
			v, err := strictjson.Parse(profile.Storage().Value(simKey))
			require.NoError(t, err)
			tokens := v.Get("tokens")
			access, refresh := tokens.Get("access").TextOr(""), tokens.Get("refresh").TextOr("")
			assert.Equal(t, "shop/bob", server.Owner(access), slow)
			assert.Equal(t, strings.TrimPrefix(access, "at_"), strings.TrimPrefix(refresh, "rt_"), "of one answer")
			assert.Equal(t, "bob", first.user())
		})
	}
}

func TestLD04TenThousandTabsAndOneExpiry(t *testing.T) {
	tabs := 10_000
	if raced || runtime.GOOS == "js" || testing.Short() {
		tabs = 300
	}
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		pages := make([]*page, tabs)
		pages[0] = openPage(t, profile, server, config(untraced))
		signIn(t, pages[0], "alice")
		for i := range pages[1:] {
			pages[i+1] = openPage(t, profile, server, config(untraced))
		}
		server.Expire()
		began := time.Now()
		var group sync.WaitGroup
		for _, p := range pages {
			group.Go(func() {
				user, status, err := p.fetch()
				assert.NoError(t, err)
				assert.Equal(t, 200, status)
				assert.Equal(t, "alice", user)
			})
		}
		group.Wait()
		assert.LessOrEqual(t, time.Since(began), 2*time.Second)
		assert.Equal(t, 1, server.Refreshes())
		for _, p := range pages {
			p.rt.Close()
		}
	})
}

func TestLD06AThousandRequestsInTwentyTabsThroughAnOutage(t *testing.T) {
	each := 1000
	if raced || runtime.GOOS == "js" || testing.Short() {
		each = 50
	}
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		pages := []*page{openPage(t, profile, server, config(untraced))}
		signIn(t, pages[0], "alice")
		for len(pages) < 20 {
			pages = append(pages, openPage(t, profile, server, config(untraced)))
		}
		var mu sync.Mutex
		asked, down := 0, true
		profile.Server = func(ctx context.Context, req *browser.Request) (*browser.Response, error) {
			mu.Lock()
			asked++
			out := down
			mu.Unlock()
			if out {
				return browsertest.JSON(503, ""), nil
			}
			return server.Serve(ctx, req)
		}
		send := func() (answered map[int]int) {
			answered = map[int]int{}
			var group sync.WaitGroup
			for _, p := range pages {
				for range each {
					group.Go(func() {
						_, status, err := p.fetch()
						assert.NoError(t, err)
						mu.Lock()
						answered[status]++
						mu.Unlock()
					})
				}
			}
			group.Wait()
			return answered
		}
		server.Expire()
		for began := time.Now(); time.Since(began) < 5*time.Minute; {
			at := time.Now()
			assert.Equal(t, map[int]int{401: 20 * each}, send(), "nobody waits for an outage to end")
			assert.LessOrEqual(t, time.Since(at), patience)
			time.Sleep(10 * time.Second)
		}
		mu.Lock()
		assert.LessOrEqual(t, asked, 10, "1 s, 2 s, 4 s …: one request a step, for all tabs")
		down, asked = false, 0
		mu.Unlock()
		time.Sleep(4 * time.Minute)
		assert.Equal(t, map[int]int{200: 20 * each}, send())
		assert.Equal(t, 1, server.Answered("refresh_token", 200))
	})
}
