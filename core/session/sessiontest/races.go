package sessiontest

import (
	"context"
	"errors"
	"regexp"
	"strings"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"latchkey/core/browser/browsertest"
	"latchkey/core/errcode"
)

// moments are operations of a tab that is killed, in the order of a recovery.
var moments = []named[string]{{"before sending", "send "}, {"before the answer", "answer "}, {"before storing", "set "}}

// ofTheTurn is what is written down of a refresh: no part of the session.
var ofTheTurn = regexp.MustCompile(`/(attempt|turn)$`)

func killed(w *world, c named[string]) {
	a, b := w.two()
	w.server.Expire()
	var gone bool
	w.profile.Step = func(_ context.Context, tab *browsertest.Tab, operation string) error {
		if tab == a.tab && strings.HasPrefix(operation, c.is) && !ofTheTurn.MatchString(operation) && !gone {
			gone = true
			a.tab.Kill()
		}
		return nil
	}
	_ = a.later()
	synctest.Wait()
	assert.True(w, gone, "the suite has to meet the moment")
	before := w.profile.Now()
	r := b.fetch()
	assert.LessOrEqual(w, w.profile.Now().Sub(before), 5*time.Second)
	if w.Strict && c.is != "send " {
		// What became of it nobody knows: it is asked once, and the answer is the end.
		assert.Equal(w, w.turnedDown(), r)
		b.is("anonymous", "expired, logout:expired")
		assert.Equal(w, 2, w.take(Recovery), "no storm")
	} else {
		w.settled(b, r)
	}
	w.profile.Step = nil
	if b.user() == "anonymous" {
		b.signIn("alice")
	}
	w.requests()
	c2 := w.open()
	assert.Equal(w, result{user: "alice", status: 200}, c2.fetch())
}

// frozen has a tab freeze with the answer, and with the lock: browsers do that.
func frozen(w *world) {
	a, b := w.two()
	w.server.Expire()
	frozen, thaw := make(chan struct{}), make(chan struct{})
	w.profile.Step = func(_ context.Context, tab *browsertest.Tab, operation string) error {
		if tab == a.tab && strings.HasPrefix(operation, "answer ") {
			w.profile.Step = nil
			close(frozen)
			<-thaw
		}
		return nil
	}
	first := a.later()
	<-frozen
	w.set(func() { w.stubborn = true }) // it may know of cookies that are good again
	assert.Equal(w, w.turnedDown(), b.fetch(), "nobody waits for ever")
	w.set(func() { w.stubborn = false })
	b.is("alice", "")
	b.logout()
	b.is("anonymous", "logout:user")
	close(thaw)
	<-first
	synctest.Wait()
	assert.Equal(w, []string{"anonymous", "anonymous"}, []string{a.user(), b.user()})
	w.nothingLeft()
	b.signIn("bob")
	synctest.Wait()
	assert.Equal(w, result{user: "bob", status: 200}, a.fetch())
}

// sides are where a recovery is held up.
var sides = []named[bool]{{"before the server", false}, {"after it", true}}

func logoutDuring(w *world, c named[bool]) {
	a, b := w.two()
	a.takeEvents()
	g := w.hold(Recovery, c.is)
	w.server.Expire()
	waiting := a.later()
	<-g.reached
	b.logout()
	assert.Equal(w, w.turnedDown(), w.now(waiting), "it does not wait for an answer that is of no use")
	for range 2 {
		assert.Equal(w, []string{"anonymous", "anonymous"}, []string{a.user(), b.user()})
		w.nothingLeft()
		if c.name != "" {
			close(g.open)
			c.name = ""
		}
		synctest.Wait()
	}
	a.is("anonymous", "logout:user (remote)")
	b.is("anonymous", "logout:user")
	if w.Found {
		return
	}
	assert.Equal(w, w.turnedDown(), a.fetch())
}

func signInDuring(w *world, c named[bool]) {
	for _, user := range []string{"bob", "alice"} {
		a, b := w.two()
		a.takeEvents()
		g := w.hold(Recovery, c.is)
		w.server.Expire()
		waiting := a.later()
		<-g.reached
		b.signIn(user)
		assert.ErrorIs(w, w.now(waiting).err, errChanged, "a request of one sign-in is not another's")
		close(g.open)
		synctest.Wait()
		assert.Equal(w, []string{user, user}, []string{a.user(), b.user()})
		assert.Equal(w, result{user: user, status: 200}, a.fetch())
		assert.Equal(w, result{user: user, status: 200}, b.fetch())
		assert.NotContains(w, a.takeEvents()+b.takeEvents(), "expired")
		a.logout()
		a.rt.Close()
		b.rt.Close()
	}
}

func logoutDuringSignIn(w *world, c named[bool]) {
	a, b := w.two()
	a.takeEvents()
	g := w.hold(SignIn, c.is)
	done := make(chan error)
	go func() { done <- a.trySignIn("bob") }()
	<-g.reached
	b.logout()
	synctest.Wait()
	close(g.open)
	assert.Equal(w, errcode.SessionChanged, errcode.Of(<-done))
	synctest.Wait()
	a.is("anonymous", "logout:user (remote)")
	b.is("anonymous", "logout:user")
	w.nothingLeft()
	assert.False(w, w.server.Alive("bob"), "what nobody waits for is given back")
	a.signIn("bob")
	assert.Equal(w, result{user: "bob", status: 200}, a.fetch())
}

// becomes has a recovery come back with what is bob's. That may be his session from now on, or
// the end of hers, but no request of alice's goes with it.
func becomes(w *world) {
	a, b := w.two()
	a.takeEvents()
	w.server.Become("bob")
	w.set(func() { w.stubborn = true })
	r := a.fetch()
	w.set(func() { w.stubborn = false })
	assert.Empty(w, r.user)
	synctest.Wait()
	assert.NotEqual(w, "alice", a.user())
	assert.Equal(w, a.user(), b.user())
	if a.user() == "bob" {
		assert.ErrorIs(w, r.err, errChanged)
		a.is("bob", "logout:switched, login")
		assert.Equal(w, result{user: "bob", status: 200}, b.fetch())
	} else {
		assert.Equal(w, w.turnedDown(), r)
		a.is("anonymous", "expired, logout:expired")
		w.nothingLeft()
	}
}

func becomesLate(w *world) {
	a, b := w.two()
	a.takeEvents()
	g := w.hold(Recovery, false)
	w.set(func() { w.stubborn = true })
	waiting := a.later()
	<-g.reached
	b.logout()
	assert.Equal(w, w.turnedDown(), w.now(waiting))
	w.server.Become("bob")
	close(g.open)
	synctest.Wait()
	a.is("anonymous", "logout:user (remote)")
	b.is("anonymous", "logout:user")
	w.nothingLeft()
}

// deaf has no tab hear of another: each finds out when it looks.
func deaf(w *world, c named[bool]) {
	a, b := w.two()
	a.takeEvents()
	w.profile.Step = func(_ context.Context, _ *browsertest.Tab, operation string) error {
		if operation == "note" {
			return errDeaf
		}
		return nil
	}
	g := w.hold(Recovery, c.is)
	w.server.Expire()
	waiting := a.later()
	<-g.reached
	b.logout()
	synctest.Wait()
	a.is("alice", "")
	close(g.open)
	assert.Equal(w, w.turnedDown(), w.now(waiting))
	a.is("anonymous", "logout:user (remote)")
	w.nothingLeft()
	b.signIn("bob")
	_, err := a.Call("look", "{}")
	assert.NoError(w, err)
	a.is("bob", "login (remote)")
	assert.Equal(w, result{user: "bob", status: 200}, a.fetch())
}

var errDeaf = errors.New("the note is lost")

// handedOut has answers to the page's own requests bring a session.
func handedOut(w *world) {
	giver, gives := w.server.(Giver)
	a, b := w.open(), w.open()
	_, rule, _ := a.policyNow()
	assert.Equal(w, gives, len(rule.Get("capture").Items()) > 0)
	give := func(user string) map[string]string {
		if !gives {
			return map[string]string{"authorization": "at_x", "vendure-auth-token": "ven_x", "front-token": "ft_x"}
		}
		return giver.Give(user)
	}
	nobodys := a.stamp()
	a.observe(nobodys, 200, give("alice"))
	synctest.Wait()
	if !gives {
		a.is("anonymous", "")
		a.signIn("alice")
		synctest.Wait()
	}
	a.is("alice", "login")
	b.is("alice", "login (remote)")
	assert.Equal(w, result{user: "alice", status: 200}, b.fetch())

	// What is of before a logout brings nobody back, whatever tab it comes to.
	hers := a.stamp()
	a.logout()
	synctest.Wait()
	a.is("anonymous", "logout:user")
	b.is("anonymous", "logout:user (remote)")
	for _, late := range []stamp{nobodys, hers} {
		for _, p := range []*Tab{a, b} {
			for _, user := range []string{"alice", "bob"} {
				p.observe(late, 200, give(user))
				p.is("anonymous", "")
			}
		}
	}
	w.nothingLeft()
	// Nor does it take the place of whoever came then.
	b.signIn("bob")
	synctest.Wait()
	a.is("bob", "login (remote)")
	b.is("bob", "login")
	for _, late := range []stamp{nobodys, hers} {
		for _, p := range []*Tab{a, b} {
			p.observe(late, 200, give("alice"))
			if gives {
				p.observe(late, 200, giver.Gone())
			}
		}
	}
	synctest.Wait()
	a.is("bob", "")
	b.is("bob", "")
	if gives {
		a.observe(a.stamp(), w.Refusal.Status, giver.Gone())
		synctest.Wait()
		a.is("anonymous", "expired, logout:expired")
		b.is("anonymous", "expired (remote), logout:expired (remote)")
		w.nothingLeft()
	}
}

func logout(w *world) {
	a, b := w.two()
	a.takeEvents()
	g := w.hold(SignOut, false)
	done := make(chan struct{})
	go func() { defer close(done); a.logout() }()
	<-g.reached
	synctest.Wait()
	a.is("anonymous", "logout:user")
	b.is("anonymous", "logout:user (remote)")
	w.nothingLeft()
	close(g.open)
	<-done
	assert.False(w, w.server.Alive("alice"))
	a.logout()
	synctest.Wait()
	a.is("anonymous", "")

	// Without a network it is the same here; nobody takes up again what is left there.
	a.signIn("alice")
	synctest.Wait()
	a.takeEvents()
	b.takeEvents()
	w.meet(offline)
	b.logout()
	synctest.Wait()
	assert.Contains(w, []string{"logout:user", "logout:user, error"}, b.takeEvents(), "the page may be told that a cookie stays")
	a.is("anonymous", "logout:user (remote)")
	w.nothingLeft()
	w.meet(nil)
	w.requests()
	w.open().is("anonymous", "")
	a.reload().is("anonymous", "")
	assert.Zero(w, w.requests())
}
