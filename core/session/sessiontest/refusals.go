package sessiontest

import (
	"context"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"latchkey/core/errcode"
)

type crowd struct{ tabs, requests int }

var crowds = []named[crowd]{
	{"2 in one tab", crowd{1, 2}}, {"100 in one tab", crowd{1, 100}}, {"1 in each of 2 tabs", crowd{2, 1}}, {"10 in each of 10 tabs", crowd{10, 10}},
}

func refusals(w *world, c named[crowd]) {
	tabs := make([]*Tab, c.is.tabs)
	for i := range tabs {
		tabs[i] = w.open()
	}
	tabs[0].signIn("alice")
	synctest.Wait()
	for _, p := range tabs {
		p.takeEvents()
	}
	w.requests()
	w.server.Expire()
	many(tabs, c.is.requests, w.settled)
	assert.Equal(w, 1, w.take(Recovery))
	local := 0
	for _, p := range tabs {
		events := p.takeEvents()
		want := map[bool][2]string{false: {"refresh", "refresh (remote)"}, true: {"expired, logout:expired", "expired (remote), logout:expired (remote)"}}[w.Fixed]
		assert.Contains(w, want, events, "each tab is told once")
		if events == want[0] {
			local++
		}
	}
	assert.Equal(w, 1, local, "one tab did it")
	many(tabs, 1, w.settled)
	assert.Zero(w, w.requests())
}

func lateRefusal(w *world) {
	a, b := w.two()
	old := a.stamp()
	w.server.Expire()
	w.settled(a, a.fetch())
	synctest.Wait()
	w.requests()
	late := map[bool]string{false: "retry", true: "giveup"}[w.Fixed]
	assert.Equal(w, []string{late, late}, []string{a.refusal(old), b.refusal(old)})
	a.logout()
	synctest.Wait()
	w.requests()
	assert.Equal(w, []string{"giveup", "giveup"}, []string{a.refusal(old), b.refusal(old)}, "there is nobody to do it again as")
	b.signIn("bob")
	synctest.Wait()
	w.requests()
	assert.Equal(w, []string{"changed", "changed"}, []string{a.refusal(old), b.refusal(old)})
	assert.Zero(w, w.requests())
}

// over has the lid of the machine closed for longer than credentials live: no timer has
// noticed.
func over(w *world) {
	a, b := w.two()
	_, rule, _ := a.policyNow()
	until, known := rule.Get("validUntil").Int()
	assert.Equal(w, w.Timeless, !known)
	if w.Timeless {
		w.profile.Jump(1000 * time.Hour)
	} else {
		w.profile.Jump(time.UnixMilli(until).Sub(w.profile.Now()))
	}
	a.takeEvents()
	many([]*Tab{a, b}, 10, func(p *Tab, r result) { assert.Equal(w, result{user: "alice", status: 200}, r) })
	assert.Zero(w, w.refused, "nothing is sent in vain")
	assert.Equal(w, map[bool]int{false: 1}[w.Timeless], w.take(Recovery))

	if !w.Timeless {
		// The same for a page that is loaded then.
		w.profile.Jump(time.UnixMilli(until).Sub(w.profile.Now()) + 24*time.Hour)
		c := w.open()
		assert.Equal(w, 1, w.take(Recovery))
		assert.Equal(w, result{user: "alice", status: 200}, c.fetch())
		assert.Zero(w, w.refused)
	}
}

func ahead(w *world) {
	a, b := w.two()
	c := w.open()
	a.takeEvents()
	w.requests()
	_, rule, _ := a.policyNow()
	until, _ := rule.Get("validUntil").Int()
	if w.Timeless {
		time.Sleep(48 * time.Hour)
		assert.Zero(w, w.requests())
		return
	}
	time.Sleep(time.UnixMilli(until).Sub(w.profile.Now()) - 31*time.Second) // refreshLeeway is 30 s
	assert.Zero(w, w.requests())
	time.Sleep(31 * time.Second)
	assert.Equal(w, 1, w.take(Recovery))
	assert.ElementsMatch(w, []string{"refresh", "refresh (remote)", "refresh (remote)"}, []string{a.takeEvents(), b.takeEvents(), c.takeEvents()})
	assert.Equal(w, result{user: "alice", status: 200}, b.fetch())
	assert.Zero(w, w.refused)
}

func stubborn(w *world) {
	a, b := w.two()
	a.takeEvents()
	w.set(func() { w.stubborn = true })
	for n := range 5 {
		for _, p := range []*Tab{a, b} {
			w.take(Recovery)
			w.set(func() { w.refused = 0 })
			assert.Equal(w, w.turnedDown(), p.fetch(), n)
			assert.LessOrEqual(w, w.refused, 2, "a request is sent again once")
			assert.LessOrEqual(w, w.take(Recovery), 1)
			assert.Equal(w, "alice", p.user())
		}
	}
	w.set(func() { w.stubborn = false })
	assert.Equal(w, result{user: "alice", status: 200}, a.fetch(), "that was the API's opinion, and no end")
	assert.NotContains(w, a.takeEvents(), "expired")
}

func opening(w *world) {
	a, _ := w.two()
	g := w.hold(Recovery, true)
	w.server.Expire()
	first := a.later()
	<-g.reached
	w.take(Recovery)
	b := w.open()
	if !w.Asks {
		b.is("alice", "")
	}
	second := b.later()
	synctest.Wait()
	close(g.open)
	w.settled(a, <-first)
	w.settled(b, <-second)
	assert.Equal(w, map[bool]int{true: 1}[w.Asks], w.take(Recovery), "but for the question at the start")
}

func abort(w *world) {
	a, _ := w.two()
	g := w.hold(Recovery, false)
	w.server.Expire()
	ctx, cancel := context.WithCancel(context.Background())
	gone := make(chan error, 1)
	go func() {
		got, err := a.call(ctx, "refused", "{"+a.stamp().String()+`,"status":401}`)
		if err == nil && got != `{"outcome":"giveup"}` {
			err = errChanged
		}
		gone <- err
	}()
	<-g.reached
	waits := a.later()
	synctest.Wait()
	cancel()
	synctest.Wait()
	select {
	case err := <-gone:
		assert.NoError(w, err)
	default:
		assert.Fail(w, "whoever gives up waits for nothing")
	}
	close(g.open)
	w.settled(a, <-waits)
	assert.Equal(w, 1, w.take(Recovery))
}

func ended(w *world) {
	a, b := w.two()
	// One that ends as soon as it has begun may be told with a guess at why.
	time.Sleep(2 * time.Minute)
	a.takeEvents()
	w.server.End()
	before := w.profile.Now()
	many([]*Tab{a, b}, 5, func(p *Tab, r result) { assert.Equal(w, w.turnedDown(), r, "the server's own refusal") })
	assert.Equal(w, 1, w.take(Recovery))
	assert.ElementsMatch(w, []string{"expired, logout:expired", "expired (remote), logout:expired (remote)"}, []string{a.takeEvents(), b.takeEvents()})
	assert.Equal(w, []string{"anonymous", "anonymous"}, []string{a.user(), b.user()})
	w.nothingLeft()
	for _, p := range []*Tab{a, b, w.open()} {
		assert.Equal(w, w.turnedDown(), p.fetch())
		_, err := p.Call("refresh", "{}")
		assert.Equal(w, errcode.SessionExpired, errcode.Of(err))
		p.is("anonymous", "")
	}
	if !w.Asks {
		assert.Zero(w, w.requests(), "nobody is signed in, so there is nothing to ask")
	}
	assert.Equal(w, before, w.profile.Now(), "all of it at once")
	a.signIn("alice")
	assert.Equal(w, result{user: "alice", status: 200}, a.fetch())
}
