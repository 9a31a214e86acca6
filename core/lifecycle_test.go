package core_test

import (
	"context"
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

// sleeps lets the machine sleep: the wall clock goes on, timers do not.
func sleeps(profile *browsertest.Profile, d time.Duration) { profile.Jump(d) }

// served sends a request of the page's, which has to be alice's.
func served(t *testing.T, p *page) {
	t.Helper()
	user, status, err := p.fetch()
	require.NoError(t, err)
	assert.Equal(t, "alice", user)
	assert.Equal(t, 200, status)
}

// signedIn is a page with a session whose tokens last for an hour.
func signedIn(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer, config string) *page {
	t.Helper()
	server.Life = time.Hour
	p := openPage(t, profile, server, config)
	signIn(t, p, "alice")
	synctest.Wait()
	p.takeEvents()
	return p
}

func TestLD13NoTimerWhileHidden(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := signedIn(t, profile, server, config(`"limits":{"idle":7200,"absolute":86400},`))
		time.Sleep(5 * time.Second) // what was written is told of for a moment
		assert.Equal(t, 3, p.tab.Timers(), "the next refresh, the next warning, a look each minute")
		for range 2 {
			p.tab.Hide(true)
			synctest.Wait()
			assert.Zero(t, p.tab.Timers())
			p.tab.Hide(false)
			synctest.Wait()
			assert.Equal(t, 3, p.tab.Timers())
		}
	})
}

// A tab in the background has timers once a minute, or none.
func TestRR14AHiddenTabRenewsWhenItIsNeeded(t *testing.T) {
	for name, need := range map[string]func(t *testing.T, p *page){
		"a request": served,
		"somebody looks, just before it is over": func(_ *testing.T, p *page) {
			p.tab.Hide(false)
			time.Sleep(16 * time.Second)
		},
	} {
		t.Run(name, func(t *testing.T) {
			world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
				p := signedIn(t, profile, server, config(""))
				p.tab.Hide(true)
				time.Sleep(time.Hour - 17*time.Second)
				assert.Zero(t, server.Refreshes())
				if name == "a request" {
					time.Sleep(time.Minute)
				}
				need(t, p)
				assert.Equal(t, 1, server.Refreshes())
				served(t, p)
				assert.Equal(t, 1, server.Refreshes())
			})
		})
	}
}

// Nobody may tell that the machine has slept; the wall clock does.
func TestRR15GW10AfterASleepThereIsOneRefresh(t *testing.T) {
	for name, wake := range map[string]func(p *page){
		"the page is told":    func(p *page) { p.tab.Signal(browser.Resumed) },
		"the network is back": func(p *page) { p.tab.Unplug(true); p.tab.Unplug(false) },
		"nobody tells":        func(*page) {},
	} {
		t.Run(name, func(t *testing.T) {
			world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
				first, second := signedIn(t, profile, server, config("")), openPage(t, profile, server, config(""))
				sleeps(profile, 8*time.Hour)
				wake(first)
				wake(second)
				synctest.Wait()
				assert.Equal(t, "alice", first.user())
				served(t, first)
				served(t, second)
				assert.Equal(t, 1, server.Refreshes())
				time.Sleep(time.Hour - time.Second)
				assert.Equal(t, 2, server.Refreshes(), "the next one is due by the new time")
			})
		})
	}
}

// The look each minute finds that a refresh is due which the timer would come late for.
func TestRR15ATokenThatNearsItsEndIsRenewedAfterASleep(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		signedIn(t, profile, server, config(""))
		sleeps(profile, 58*time.Minute)
		time.Sleep(2*time.Minute - 20*time.Second)
		time.Sleep(20 * time.Second)
		assert.Equal(t, 1, server.Refreshes())
	})
}

func TestRR16AClockThatIsSet(t *testing.T) {
	for _, by := range []time.Duration{time.Hour, -time.Hour, 5 * time.Minute, -5 * time.Minute} {
		t.Run(by.String(), func(t *testing.T) {
			world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
				p := signedIn(t, profile, server, config(""))
				sleeps(profile, by)
				for range 10 {
					served(t, p)
					time.Sleep(time.Minute)
				}
				assert.LessOrEqual(t, server.Refreshes(), 1, "no loop")
				assert.Equal(t, "alice", p.user())
				before := server.Refreshes()
				time.Sleep(24 * time.Hour)
				served(t, p)
				assert.LessOrEqual(t, server.Refreshes(), before+26)
				assert.Equal(t, "", strings.ReplaceAll(strings.ReplaceAll(p.takeEvents(), "refresh", ""), ", ", ""))
			})
		})
	}
}

func TestRR37NothingIsRenewedWhileThePageIsLeft(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := signedIn(t, profile, server, config(""))
		p.tab.Leave(true)
		time.Sleep(2 * time.Hour)
		session, version, _, _ := p.now()
		assert.Equal(t, "send", p.outcome("authorize", stamp(session, version), ""), "as it is")
		assert.Zero(t, server.Refreshes())
		p.tab.Leave(false)
		synctest.Wait()
		served(t, p)
		assert.Equal(t, 1, server.Refreshes())
	})
}

func TestRR11APageThatComesBackLooksBeforeItSends(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		first, second := signedIn(t, profile, server, config("")), openPage(t, profile, server, config(""))
		first.tab.Leave(true)
		synctest.Wait() // nothing runs beside this
		profile.Step = func(_ context.Context, tab *browsertest.Tab, what string) error {
			if tab == first.tab && what == "note" {
				return browser.ErrNetwork // it hears nothing in there
			}
			return nil
		}
		_, err := second.call("logout", "{}")
		require.NoError(t, err)
		synctest.Wait()
		assert.Equal(t, "alice", first.user())
		// What the data plane asks at pageshow: it has shown nobody by then.
		_, err = first.call("look", "{}")
		require.NoError(t, err)
		assert.Equal(t, "anonymous", first.user())
		assert.Equal(t, "logout:user (remote)", first.takeEvents())
	})
}

// Else the server sees a refresh for each tab that somebody has forgotten.
func TestS17WhatNobodyUsesRunsOut(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := signedIn(t, profile, server, config(""))
		p.tab.Use(false)
		time.Sleep(10 * time.Hour)
		assert.Zero(t, server.Refreshes())
		assert.Equal(t, "alice", p.user())
		served(t, p)
		assert.Equal(t, 1, server.Refreshes())

		// It is used so late that the time for the next refresh has gone by.
		time.Sleep(time.Hour - 14*time.Second)
		p.tab.Use(true)
		p.tab.Signal(browser.Resumed)
		time.Sleep(15 * time.Second)
		assert.LessOrEqual(t, server.Refreshes(), 2)
		served(t, p)
		assert.Equal(t, 2, server.Refreshes())
	})
}

func TestS90OfflineIsAStateAndNoError(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := signedIn(t, profile, server, config(""))
		p.tab.Unplug(true)
		time.Sleep(2 * time.Hour)
		before := profile.Now()
		session, version, _, _ := p.now()
		assert.Equal(t, "send", p.outcome("authorize", stamp(session, version), ""), "as the page wrote it, to fail as any other")
		for _, command := range []string{"refresh", "accessToken"} {
			_, err := p.call(command, "{}")
			assert.Equal(t, errcode.NetworkError, errcode.Of(err), command)
		}
		assert.Equal(t, before, profile.Now(), "at once")
		assert.Zero(t, server.Refreshes())
		assert.Equal(t, "alice", p.user())
		assert.Empty(t, p.takeEvents())
		reloaded := openPage(t, profile, server, config(""))
		assert.Equal(t, "alice", reloaded.user(), "a page that is opened now knows who is signed in")

		p.tab.Unplug(false)
		synctest.Wait()
		served(t, p)
		assert.Equal(t, 1, server.Refreshes())
	})
}

// What the browser says may be wrong: some call a machine offline for want of a cable.
func TestAnAnswerOfTheServersSaysMoreThanTheBrowser(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := signedIn(t, profile, server, config(""))
		p.tab.Unplug(true)
		time.Sleep(2 * time.Hour)
		served(t, p)
		assert.Equal(t, 1, server.Refreshes())
	})
}

func TestOnlineAgainNobodyWaitsForAPauseThatNoServerAskedFor(t *testing.T) {
	for _, asked := range []bool{false, true} {
		world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
			p := signedIn(t, profile, server, config(""))
			down := true
			inner := profile.Server
			profile.Server = func(ctx context.Context, req *browser.Request) (*browser.Response, error) {
				switch {
				case down && asked:
					answer := browsertest.JSON(503, "")
					answer.Headers["retry-after"] = "300"
					return answer, nil
				case down:
					return nil, browser.ErrNetwork
				}
				return inner(ctx, req)
			}
			server.Expire()
			for range 8 { // the pause grows
				_, _ = p.call("refresh", "{}")
			}
			time.Sleep(time.Second)
			down = false
			p.tab.Unplug(true)
			p.tab.Unplug(false)
			synctest.Wait()
			user, _, err := p.fetch()
			require.NoError(t, err)
			if asked {
				assert.Empty(t, user)
			} else {
				assert.Equal(t, "alice", user)
			}
		})
	}
}

func TestRR38ARefreshTokenThatIsOverIsNotSent(t *testing.T) {
	for _, name := range []string{"refresh_expires_in", "refresh_token_expires_in"} {
		t.Run(name, func(t *testing.T) {
			world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
				life := "7200"
				inner := profile.Server
				profile.Server = func(ctx context.Context, req *browser.Request) (*browser.Response, error) {
					answer, err := inner(ctx, req)
					if err == nil {
						answer.Body = []byte(strings.Replace(string(answer.Body), `"refresh_token":`, `"`+name+`":`+life+`,"refresh_token":`, 1))
					}
					return answer, err
				}
				p := signedIn(t, profile, server, strings.Replace(config(""), `"scheme":"oidc"`, `"scheme":"oauth","endpoints":{"token":"`+issuer+`/token"}`, 1))
				p.tab.Use(false)
				time.Sleep(time.Hour + time.Minute)
				served(t, p)
				require.Equal(t, 1, server.Refreshes(), "it is good, and replaced")
				time.Sleep(3 * time.Hour)
				p = openPage(t, profile, server, strings.Replace(config(""), `"scheme":"oidc"`, `"scheme":"oauth","endpoints":{"token":"`+issuer+`/token"}`, 1))
				assert.Equal(t, "anonymous", p.user())
				assert.Equal(t, 1, server.Refreshes(), "no request")

				life = "0"
				signIn(t, p, "alice")
				p.takeEvents()
				time.Sleep(100 * time.Hour)
				served(t, p)
			})
		})
	}
}
