package core_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
	"latchkey/core/errcode"
)

func TestST01AFullStorageKeepsTheSessionInMemory(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := alices(t, profile, server, config(""))
		before := profile.Storage().Value("latchkey/1/id/shop/")
		profile.Storage().Fail(nil, browser.ErrQuota)
		for range 3 {
			_, err := p.call("refresh", "{}")
			require.NoError(t, err)
		}
		synctest.Wait()
		_, status, err := p.fetch()
		require.NoError(t, err)
		assert.Equal(t, 200, status)
		assert.Equal(t, []string{"storage_failed"}, p.codes(), "once")
		assert.Equal(t, before, profile.Storage().Value("latchkey/1/id/shop/"), "the old record is whole")
		profile.Storage().Fail(nil, nil)
		_, err = p.call("refresh", "{}")
		require.NoError(t, err)
		assert.Contains(t, profile.Storage().Value("latchkey/1/id/shop/"), `"generation":5`, "S62: it is used again when it works again")
	})
}

func TestST02ARedirectIsNotBegunThatCouldNotBeFinished(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		profile.Storage().Fail(nil, browser.ErrBlocked)
		p := openPage(t, profile, server, strings.Replace(config(""), `"flow":"password"`, `"flow":"code"`, 1))
		_, err := p.call("loginWithRedirect", "{}")
		assert.Equal(t, errcode.StorageFailed, errcode.Of(err))
		assert.Empty(t, p.tab.Location().Assigned())
	})
}

func TestST04RubbishIsSignedOut(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		alices(t, profile, server, config(""))
		good := profile.Storage().Value("latchkey/1/id/shop/")
		for _, rubbish := range []string{
			"", "null", "undefined", "[]", "7", `"x"`, "{}", good[:len(good)/2], strings.Replace(good, issuer, "https://evil.test", 1),
			strings.Replace(good, `"client":"shop"`, `"client":"other"`, 1), strings.Replace(good, `"context":""`, `"context":"b"`, 1),
			strings.Replace(good, `"access":"at_1"`, `"access":7`, 1), strings.Replace(good, `"generation":1`, `"generation":"1"`, 1),
			strings.Replace(good, `"generation":1`, `"generation":-1`, 1), strings.Replace(good, `"format":1`, `"format":0`, 1),
		} {
			profile.Storage().Put("latchkey/1/id/shop/", rubbish)
			p := openPage(t, profile, server, config(""))
			assert.Equal(t, "anonymous", p.user(), rubbish)
			assert.Empty(t, p.codes())
			assert.Empty(t, profile.Storage().Value("latchkey/1/id/shop/"), "it is not met again")
			p.rt.Close()
		}
	})
}

func TestST08WhatIsStoredBesideTheTokensIsNotBelieved(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		alices(t, profile, server, config(""))
		good := profile.Storage().Value("latchkey/1/id/shop/")
		bad := strings.NewReplacer(`"userId":"alice"`, `"userId":"mallory"`, `"Bearer at_1"`, `"Bearer at_evil"`).Replace(good)
		require.NotEqual(t, good, bad)
		profile.Storage().Put("latchkey/1/id/shop/", bad)
		p := openPage(t, profile, server, config(""))
		assert.Equal(t, "alice", p.user())
		_, _, authorization, _ := p.now()
		assert.Equal(t, "Bearer at_1", authorization)
	})
}

func TestST10ST15OnlyOurTwoKeysAreTouched(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		foreign := map[string]string{"latchkey": "a", "latchkey/1/id/shop": "b", "latchkey/1/id/shop/2": "c", "other": "d"}
		for key, value := range foreign {
			profile.Storage().Put(key, value)
		}
		p := alices(t, profile, server, config(""))
		synctest.Wait()
		all := profile.Storage().All()
		delete(all, simKey+"/trace") // it holds no part of the session
		assert.Len(t, all, len(foreign)+1, "ST-15: one key is the whole session")
		_, err := p.call("logout", "{}")
		require.NoError(t, err)
		for key, value := range foreign {
			assert.Equal(t, value, profile.Storage().Value(key))
		}
	})
}

func TestStorageThatIsLateIsNotBelieved(t *testing.T) {
	// Found in Chromium: the lock comes before what its last holder wrote, and
	// the used refresh token is sent again, which ends the session for all.
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := alices(t, profile, server, config(""))
		other := openPage(t, profile, server, config(""))
		arrive := make(chan struct{})
		synctest.Wait() // nothing runs beside this
		profile.Late = true
		profile.Step = func(_ context.Context, _ *browsertest.Tab, operation string) error {
			if operation == "deliver" || operation == "note" {
				<-arrive
			}
			return nil
		}
		server.Expire()
		_, status, err := p.fetch()
		require.NoError(t, err)
		require.Equal(t, 200, status)
		done := make(chan int)
		go func() {
			_, status, _ := other.fetch()
			done <- status
		}()
		time.Sleep(500 * time.Millisecond)
		close(arrive)
		assert.Equal(t, 200, <-done)
		assert.Equal(t, 1, server.Refreshes())
		synctest.Wait()
	})
}

func TestAClearedStorageWithASessionOfAnotherTab(t *testing.T) {
	// Its generation is lower than ours; a logout here must still be one.
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := alices(t, profile, server, config(""))
		_, err := p.call("refresh", "{}")
		require.NoError(t, err)
		key := "latchkey/1/id/shop/"
		text := profile.Storage().Value(key)
		profile.Storage().Put(key, strings.NewReplacer(`"generation":2`, `"generation":1`, p.session, "another").Replace(text))
		_, err = p.call("logout", "{}")
		require.NoError(t, err)
		assert.Equal(t, "anonymous", p.user())
		assert.NotContains(t, profile.Storage().Value(key), "at_")
	})
}

// Seed 22356: whoever had signed in meanwhile was told of after their token had been renewed.
func TestSeed22356WhoHasSignedInComesBeforeTheRenewal(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		alices(t, profile, server, config(""))
		late, err := newPage(profile.Open(origin+"/"), server, config(""))
		require.NoError(t, err)
		t.Cleanup(late.rt.Close)
		profile.Jump(24 * time.Hour)
		_, err = late.call("start", `{"session":"","version":0,"userId":"anonymous"}`)
		require.NoError(t, err)
		assert.Equal(t, "login (remote), refresh", late.takeEvents())
		assert.Empty(t, late.takeUntold())
	})
}

func TestAPageHearsOfWhatHappenedBeforeTheRuntimeWasThere(t *testing.T) {
	// Found in Chromium: a tab that had shown a session from storage, and whose
	// runtime came up after another tab had ended it, got no logout.
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := alices(t, profile, server, config(""))
		session, version, _, _ := p.now()
		shown := fmt.Sprintf(`{"session":%q,"version":%d,"userId":"alice"}`, session, version)
		start := func(shown string) string {
			late, err := newPage(profile.Open(origin+"/"), server, config(""))
			require.NoError(t, err)
			t.Cleanup(late.rt.Close)
			_, err = late.call("start", shown)
			require.NoError(t, err)
			return late.takeEvents()
		}
		assert.Empty(t, start(shown))
		_, err := p.call("refresh", "{}")
		require.NoError(t, err)
		assert.Equal(t, "refresh (remote)", start(shown))
		server.RevokeAll()
		_, err = p.call("refresh", "{}")
		require.Error(t, err)
		assert.Equal(t, "expired (remote), logout:expired (remote)", start(shown))

		// Found in CI: a visitor's tab whose runtime came up after another tab had
		// signed in got no login.
		const nobody = `{"session":"","version":0,"userId":"anonymous"}`
		assert.Empty(t, start(nobody))
		signIn(t, p, "bob")
		assert.Equal(t, "login (remote)", start(nobody))
		assert.Equal(t, "logout:switched (remote), login (remote)", start(shown))
		assert.Empty(t, start(`{"session":"","version":0}`), "the page has shown nothing yet")
	})
}
