package asm_test

import (
	"context"
	"errors"
	"net/url"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
)

// away is a machine that runs, and nobody at it.
func away(d time.Duration) { time.Sleep(d); synctest.Wait() }

// touch is a person who does something in the page.
func (p *page) touch() { p.tab.Signal(browser.Active); synctest.Wait() }

// out is what an agent's end for want of activity is, in the tab that ended it and
// in the others.
const (
	out       = "expired:agent c-bob>current, logout:agent c-bob>current, login:agent c-bob>current"
	outRemote = "expired:agent c-bob>current (remote), logout:agent c-bob>current (remote), login:agent c-bob>current (remote)"
)

// desk is a customer's session, and an agent who acts for another one, in so many
// tabs.
func (s *story) desk(tabs int) (pages []*page) {
	pages = append(pages, s.open())
	pages[0].signIn("alice")
	bob(pages[0])
	for len(pages) < tabs {
		pages = append(pages, s.open())
	}
	for _, p := range pages {
		p.told()
	}
	return pages
}

// outOnce asserts that the agent was signed out, by one of the tabs.
func outOnce(t *testing.T, warned string, pages ...*page) {
	t.Helper()
	here := 0
	for _, told := range both(t, customer, pages...) {
		told = strings.TrimPrefix(told, warned)
		told = strings.ReplaceAll(strings.ReplaceAll(told, "idle:called off, ", ""), ", idle:called off", "")
		if told == out {
			here++
			continue
		}
		assert.Equal(t, outRemote, told)
	}
	assert.Equal(t, 1, here)
}

func TestS85AnIdleAgentIsSignedOutInAllTabs(t *testing.T) {
	tell(t, config("", ""), func(s *story) {
		pages := s.desk(3)
		away(9*time.Minute - time.Second)
		assert.Equal(t, []string{"", "", ""}, both(t, asBob, pages...))
		away(time.Second)
		assert.Equal(t, []string{"idle:1m0s", "idle:1m0s", "idle:1m0s"}, both(t, asBob, pages...))
		away(59 * time.Second)
		assert.Equal(t, []string{"", "", ""}, both(t, asBob, pages...), "one warning")
		away(time.Second)
		outOnce(t, "", pages...)
		assert.Equal(t, []string{"refresh_token", "access_token"}, s.server.Revoked())
		assert.Equal(t, "alice for alice", pages[2].fetch("user"))
		away(time.Hour)
		both(t, customer, pages...)
	})
}

func TestS85OneActiveTabIsEnough(t *testing.T) {
	tell(t, config("", ""), func(s *story) {
		pages := s.desk(2)
		for range 30 {
			away(47 * time.Second)
			pages[0].touch()
		}
		assert.Equal(t, []string{"", ""}, both(t, asBob, pages...))
		away(9 * time.Minute)
		assert.Equal(t, []string{"idle:1m0s", "idle:1m0s"}, both(t, asBob, pages...))
		pages[1].touch()
		assert.Equal(t, []string{"idle:called off", "idle:called off"}, both(t, asBob, pages...))
		away(10*time.Minute - time.Second)
		assert.Equal(t, []string{"idle:1m0s", "idle:1m0s"}, both(t, asBob, pages...))
		away(time.Second)
		outOnce(t, "", pages...)
	})
}

// A sign of life that was too small to be told at once counts all the same.
func TestS85TheLastSignIsTheLast(t *testing.T) {
	tell(t, config("", ""), func(s *story) {
		pages := s.desk(2)
		away(5 * time.Minute)
		pages[0].touch()
		away(20 * time.Second)
		pages[0].touch()
		away(10*time.Minute - time.Second)
		both(t, asBob, pages...)
		away(time.Second)
		both(t, customer, pages...)
	})
}

func TestS85WhatIsNoActivity(t *testing.T) {
	tell(t, config(`"idleTimeout":7200`, ""), func(s *story) {
		pages := s.desk(2)
		away(time.Hour)
		s.server.Expire()
		assert.Equal(t, "agent for c-bob", pages[0].fetch("user"), "a refresh, and a request")
		pages[1].tab.Signal(browser.Resumed)
		pages[1].tab.Signal(browser.Touched)
		away(time.Hour - time.Second)
		both(t, asBob, pages...)
		away(time.Second)
		both(t, customer, pages...)
	})
}

func TestS85WhomTheAgentActsForIsActivity(t *testing.T) {
	for name, act := range map[string]func(p *page){
		"emulate": func(p *page) { p.emulate("c-bob") },
		"reload":  func(p *page) { p.story.reload(p) },
		"stop":    func(p *page) { p.do("stopEmulating", "{}"); p.emulate("c-bob") },
	} {
		t.Run(name, func(t *testing.T) {
			tell(t, config("", ""), func(s *story) {
				pages := s.desk(2)
				away(8 * time.Minute)
				act(pages[1])
				away(8 * time.Minute)
				both(t, asBob, pages[0])
			})
		})
	}
}

func TestS85ASleepingMachineWakesUpTooLate(t *testing.T) {
	// What comes first.
	for name, wake := range map[string]func(s *story, p *page){
		"it is noticed":          func(_ *story, p *page) { p.tab.Signal(browser.Resumed) },
		"the person comes first": func(_ *story, p *page) { p.tab.Signal(browser.Active) },
		"nothing but time":       func(*story, *page) { away(time.Minute) },
		"a note of another tab":  func(s *story, p *page) { s.profile.Open(origin + "/").Browser().Channel.Post("active ") },
		"the app emulates":       func(_ *story, p *page) { _, _ = p.call("emulate", `{"userId":"c-carol"}`) },
	} {
		t.Run(name, func(t *testing.T) {
			tell(t, config("", ""), func(s *story) {
				pages := s.desk(2)
				s.asleep(11 * time.Minute)
				wake(s, pages[0])
				synctest.Wait()
				outOnce(t, "", pages...)
			})
		})
	}
	t.Run("in time", func(t *testing.T) {
		tell(t, config("", ""), func(s *story) {
			pages := s.desk(2)
			s.asleep(9*time.Minute + 30*time.Second)
			pages[0].tab.Signal(browser.Resumed)
			synctest.Wait()
			assert.Equal(t, "idle:30s", pages[0].told())
			pages[0].touch()
			assert.Equal(t, "idle:called off", pages[0].told())
			both(t, asBob, pages...)
		})
	})
}

func TestS85ATabThatIsOpenedTooLate(t *testing.T) {
	tell(t, config("", ""), func(s *story) {
		p := s.desk(1)[0]
		p.tab.Kill()
		away(11 * time.Minute)
		p = s.open()
		synctest.Wait()
		both(t, customer, p)
		assert.Equal(t, "alice for alice", p.fetch("user"))
		// The next agent begins anew.
		p.agent("agent")
		away(9*time.Minute - time.Second)
		both(t, idle, p)
	})
}

// Another tab may look before it has heard of anything else.
func TestS85ANewAgentIsNotMeasuredByTheLastOne(t *testing.T) {
	tell(t, config("", ""), func(s *story) {
		pages := s.desk(2)
		away(time.Hour)
		both(t, customer, pages...)
		pages[0].agent("agent")
		for _, p := range pages {
			p.tab.Signal(browser.Resumed)
			p.touch()
		}
		both(t, idle, pages...)
		pages[0].agent("agent2")
		both(t, idle, pages...)
	})
}

func TestS85AClockThatWasSetBack(t *testing.T) {
	tell(t, config("", ""), func(s *story) {
		pages := s.desk(2)
		away(time.Minute)
		pages[0].touch()
		s.asleep(-24 * time.Hour)
		away(8 * time.Minute)
		both(t, asBob, pages...)
		away(3 * time.Minute)
		both(t, customer, pages...)
	})
}

func TestS85ATabOpenedAfterTheClockWasSetBack(t *testing.T) {
	tell(t, config("", ""), func(s *story) {
		p := s.desk(1)[0]
		p.tab.Kill()
		s.asleep(-24 * time.Hour)
		p = s.open()
		away(9*time.Minute - time.Second)
		both(t, asBob, p)
		away(time.Minute + time.Second)
		both(t, customer, p)
	})
}

func TestS85HowLong(t *testing.T) {
	tests := map[string]struct {
		agent string
		out   time.Duration // 0 is never
		warn  string
	}{
		"by default":              {``, 600 * time.Second, "idle:1m0s"},
		"as it says":              {`"idleTimeout":90,"idleWarning":20`, 90 * time.Second, "idle:20s"},
		"not longer than that":    {`"idleTimeout":100000`, 60000 * time.Second, "idle:1m0s"},
		"without a warning":       {`"idleTimeout":90,"idleWarning":0`, 90 * time.Second, ""},
		"a warning all the while": {`"idleTimeout":30`, 30 * time.Second, "idle:30s"},
		"never":                   {`"idleTimeout":0`, 0, ""},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tell(t, config(tt.agent, ""), func(s *story) {
				s.server.Life = 0
				p := s.open()
				p.agent("agent")
				if tt.out == 0 {
					away(100000 * time.Second)
					both(t, idle, p)
					return
				}
				away(tt.out - time.Second)
				assert.Equal(t, []string{tt.warn}, both(t, idle, p))
				away(time.Second)
				both(t, nobody, p)
			})
		})
	}
}

func TestS85NobodyIsMeasuredWithoutAnAgent(t *testing.T) {
	tell(t, config("", ""), func(s *story) {
		p := s.open()
		p.signIn("alice")
		p.told()
		p.touch()
		away(20 * time.Minute)
		p.touch()
		assert.Equal(t, []string{""}, both(t, customer, p))
		for name := range s.profile.Storage().All() {
			assert.NotContains(t, name, "/agent")
		}
	})
}

func TestS85NotesThatAreLostDoNoHarm(t *testing.T) {
	tell(t, config("", ""), func(s *story) {
		s.profile.Step = func(_ context.Context, _ *browsertest.Tab, operation string) error {
			if operation == "note" {
				return errors.New("lost")
			}
			return nil
		}
		pages := s.desk(2)
		away(9 * time.Minute)
		both(t, asBob, pages...)
		pages[0].touch()
		away(9*time.Minute - time.Second)
		both(t, asBob, pages...)
		away(time.Minute + time.Second)
		for _, p := range pages {
			p.tab.Signal(browser.Touched) // as storage says
		}
		synctest.Wait()
		both(t, customer, pages...)
	})
}

// Browsers show a write to the other tabs a moment late.
func TestS85ASignIsHeardBeforeItIsSeen(t *testing.T) {
	tell(t, config("", ""), func(s *story) {
		var slow atomic.Bool
		s.profile.Late = true
		s.profile.Step = func(_ context.Context, _ *browsertest.Tab, operation string) error {
			if slow.Load() && operation == "deliver" {
				time.Sleep(time.Second)
			}
			return nil
		}
		pages := s.desk(2)
		away(9*time.Minute + time.Second)
		both(t, asBob, pages...)
		slow.Store(true)
		pages[0].touch()
		assert.Equal(t, []string{"idle:called off", "idle:called off"}, both(t, asBob, pages...))
	})
}

func TestS85TheTabsClocksMayDifferALittle(t *testing.T) {
	tell(t, config("", ""), func(s *story) {
		pages := s.desk(2)
		away(9*time.Minute + time.Second)
		both(t, asBob, pages...)
		ahead := strconv.FormatInt(s.profile.Now().Add(200*time.Millisecond).UnixMilli(), 10)
		s.profile.Open(origin + "/").Browser().Channel.Post("active " + s.record("/agent").Get("session").TextOr("") + " " + ahead)
		synctest.Wait()
		assert.Equal(t, []string{"idle:called off", "idle:called off"}, both(t, asBob, pages...))
	})
}

func TestS85StorageThatFailsIsMeasuredInMemory(t *testing.T) {
	tell(t, config("", ""), func(s *story) {
		p := s.open()
		s.profile.Storage().Fail(nil, errors.New("full"))
		p.agent("agent")
		away(8 * time.Minute)
		p.touch()
		away(8 * time.Minute)
		both(t, idle, p)
		away(2 * time.Minute)
		both(t, nobody, p)
	})
}

func TestS85TheServerNeedNotBeThereForAnEnd(t *testing.T) {
	tell(t, config("", ""), func(s *story) {
		var down atomic.Bool
		s.server.Fault = func(*browser.Request, url.Values) (*browser.Response, error) {
			if down.Load() {
				return nil, browser.ErrNetwork
			}
			return nil, nil
		}
		pages := s.desk(2)
		down.Store(true)
		away(10 * time.Minute)
		outOnce(t, "idle:1m0s, ", pages...)
	})
}
