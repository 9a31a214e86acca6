package core_test

import (
	"context"
	"errors"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
	"latchkey/core/feature/asm"
	"latchkey/core/feature/clientauth"
)

// What the simulator found, each as the story that was left of it.

// shopPage opens a page of the shop.
func shopPage(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) *page {
	t.Helper()
	p, err := newPage(profile.Open(origin+"/"), server, shopConfig(), clientauth.Install, asm.Install)
	require.NoError(t, err)
	t.Cleanup(func() {
		p.rt.Close()
		assert.Empty(t, p.takeUntold())
	})
	_, err = p.call("start", p.begin(simKey, profile.Storage().Value))
	p.begun()
	require.NoError(t, err)
	return p
}

func (p *page) do(t *testing.T, command, args string) {
	t.Helper()
	_, err := p.call(command, args)
	require.NoError(t, err)
}

const ann = `{"username":"ann","password":"wonderland"}`

// agentOf is the agent's session that a page knows of.
func (p *page) agentOf() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	session, _ := p.view.stamp("agent")
	if !p.view.agent {
		return ""
	}
	return session
}

func shopWorld(t *testing.T, test func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer)) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		server.NoIDToken = true
		test(t, profile, server)
	})
}

func TestS48AThousandRequestsInTenTabsAtStartMakeOneClientToken(t *testing.T) {
	shopWorld(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		synctest.Wait() // nothing runs beside this
		profile.Step = func(_ context.Context, _ *browsertest.Tab, what string) error {
			if strings.HasPrefix(what, "answer") {
				time.Sleep(time.Second) // all have asked by then
			}
			return nil
		}
		var group sync.WaitGroup
		for range 10 {
			p, err := newPage(profile.Open(origin+"/"), server, shopConfig(), clientauth.Install, asm.Install)
			require.NoError(t, err)
			defer p.rt.Close()
			args := p.begin(simKey, profile.Storage().Value)
			group.Go(func() {
				_, err := p.call("start", args)
				assert.NoError(t, err)
			})
			for range 100 {
				group.Go(func() {
					user, status, err := p.send(request{as: "client"})
					assert.NoError(t, err)
					assert.Equal(t, 200, status)
					assert.Empty(t, user)
				})
			}
		}
		group.Wait()
		assert.Equal(t, 1, server.Answered("client_credentials", 200))
		assert.Len(t, server.Log(), 1)
	})
}

func TestS48ALogoutOfNobodyLeavesTheClientItsToken(t *testing.T) {
	shopWorld(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := shopPage(t, profile, server)
		_, status, _ := p.send(request{as: "client"})
		require.Equal(t, 200, status)
		p.forget() // as the page does before it calls
		p.do(t, "logout", "{}")
		_, status, err := p.send(request{as: "client"})
		require.NoError(t, err)
		assert.Equal(t, 200, status)
	})
}

func TestS50WhatWasSentAsTheClientIsNotSentAgainAsAPerson(t *testing.T) {
	shopWorld(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := shopPage(t, profile, server)
		_, status, _ := p.send(request{as: "user-or-client"})
		require.Equal(t, 200, status)
		server.ExpireOf("shop", "")
		var sent []string
		_, _, err := p.send(request{as: "user-or-client", seen: func(m message) {
			sent = append(sent, server.Owner(strings.TrimPrefix(m.authorization, "Bearer ")))
			if len(sent) == 1 {
				p.do(t, "loginWithCredentials", `{"username":"alice","password":"wonderland"}`)
			}
		}})
		assert.ErrorIs(t, err, errChanged)
		assert.Equal(t, []string{"shop/"}, sent)
	})
}

// The second tab has looked at how long the first agent was away, and has heard of
// the second agent before it acts on that.
func TestS85TheEndIsOfTheAgentWhoWasAway(t *testing.T) {
	shopWorld(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		first, second := shopPage(t, profile, server), shopPage(t, profile, server)
		first.do(t, "agentLogin", ann)
		synctest.Wait()
		require.NotEmpty(t, second.agentOf())
		profile.Jump(11 * time.Minute)
		written := make(chan struct{})
		var once sync.Once
		synctest.Wait() // nothing runs beside this
		profile.Step = func(_ context.Context, tab *browsertest.Tab, what string) error {
			switch {
			case tab == first.tab && what == "set "+simKey+"/agent/active":
				<-written
			case tab == second.tab && what == "get "+simKey+"/agent/active":
				once.Do(func() {
					first.do(t, "agentLogout", "{}")
					first.do(t, "agentLogin", ann)
					time.Sleep(time.Millisecond)
				})
			}
			return nil
		}
		second.tab.Signal(browser.Resumed)
		time.Sleep(time.Second)
		close(written)
		synctest.Wait()
		assert.NotEmpty(t, first.agentOf())
		assert.Equal(t, first.agentOf(), second.agentOf())
	})
}

// Nobody waits for that answer, so nobody else gives it up.
func TestS85TheEndOfAnAgentWhoWasAwayWaitsForNoServerForEver(t *testing.T) {
	shopWorld(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := shopPage(t, profile, server)
		p.do(t, "agentLogin", ann)
		asked, givenUp := false, false
		profile.Server = func(ctx context.Context, req *browser.Request) (*browser.Response, error) {
			if strings.HasSuffix(req.URL, "/revoke") {
				asked = true
				select {
				case <-ctx.Done():
					givenUp = true
				case <-time.After(time.Hour):
				}
				return nil, browser.ErrNetwork
			}
			return server.Serve(ctx, req)
		}
		profile.Jump(11 * time.Minute)
		p.tab.Signal(browser.Resumed)
		time.Sleep(2 * time.Hour)
		synctest.Wait()
		assert.Empty(t, p.agentOf())
		assert.True(t, asked)
		assert.True(t, givenUp)
	})
}

// The second tab has not heard that there is another agent.
func TestS85TwoTabsDoNotWriteOverEachOtherForEver(t *testing.T) {
	shopWorld(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		first, second := shopPage(t, profile, server), shopPage(t, profile, server)
		first.do(t, "agentLogin", ann)
		synctest.Wait()
		var mu sync.Mutex
		deaf, written := true, 0
		synctest.Wait() // nothing runs beside this
		profile.Step = func(_ context.Context, tab *browsertest.Tab, what string) error {
			mu.Lock()
			defer mu.Unlock()
			if what == "set "+simKey+"/agent/active" {
				written++
			}
			if tab == second.tab && what == "note" && deaf || written > 100 {
				return errors.New("lost")
			}
			return nil
		}
		first.do(t, "agentLogout", "{}")
		first.do(t, "agentLogin", ann)
		synctest.Wait()
		require.NotEqual(t, first.agentOf(), second.agentOf())
		mu.Lock()
		deaf = false
		mu.Unlock()
		time.Sleep(time.Minute + time.Second) // its timer has it look
		mu.Lock()
		defer mu.Unlock()
		assert.Less(t, written, 10)
		assert.Equal(t, first.agentOf(), second.agentOf())
	})
}

// Seed 1662: a page had shown a customer, and while its runtime started an agent's session came to it from
// another tab. It showed the agent, and said so later.
func TestSeed1662AnAgentWhoComesAtTheStartIsToldOfAtOnce(t *testing.T) {
	shopWorld(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		first := shopPage(t, profile, server)
		first.do(t, "loginWithCredentials", `{"username":"alice","password":"wonderland"}`)
		late, err := newPage(profile.Open(origin+"/"), server, shopConfig(), clientauth.Install, asm.Install)
		require.NoError(t, err)
		t.Cleanup(late.rt.Close)
		args := late.begin(simKey, profile.Storage().Value)
		first.do(t, "agentLogin", ann)
		synctest.Wait()
		goOn := make(chan struct{})
		profile.Step = func(_ context.Context, tab *browsertest.Tab, what string) error {
			if tab == late.tab && what == "get "+simKey+"/agent/active" {
				<-goOn
			}
			return nil
		}
		begun := make(chan error, 1)
		go func() {
			_, err := late.call("start", args)
			late.begun()
			begun <- err
		}()
		synctest.Wait()
		first.do(t, "emulate", `{"userId":"c1"}`)
		synctest.Wait()
		close(goOn)
		require.NoError(t, <-begun)
		synctest.Wait()
		assert.Equal(t, []string{"c1", "logout:agent (remote), login:agent (remote)"}, []string{late.user(), late.takeEvents()})
		assert.Empty(t, late.takeUntold())
	})
}

// Seed 216884: two tabs, one of which could not write, had each let the agent act for another customer since the
// same generation. The one went on as the other one's customer at the next renewal, under the same name, and told nobody.
func TestSeed216884AnotherCustomerIsAnotherSessionInAnyCase(t *testing.T) {
	shopWorld(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		first, second := shopPage(t, profile, server), shopPage(t, profile, server)
		first.do(t, "agentLogin", ann)
		synctest.Wait()
		profile.Storage().Fail(nil, browser.ErrBlocked)
		second.do(t, "emulate", `{"userId":"c2"}`)
		synctest.Wait()
		profile.Storage().Fail(nil, nil)
		first.do(t, "emulate", `{"userId":"c1"}`)
		synctest.Wait()
		before, _, _, _ := second.now()
		second.takeEvents()
		require.Equal(t, "c2", second.user(), "the test has to meet the moment")
		first.do(t, "refresh", "{}")
		synctest.Wait()
		after, _, _, _ := second.now()
		assert.Equal(t, []string{"c1", "logout:agent (remote), login:agent (remote)"}, []string{second.user(), second.takeEvents()})
		assert.NotEqual(t, before, after)
	})
}
