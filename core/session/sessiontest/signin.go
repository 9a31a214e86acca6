package sessiontest

import (
	"sync"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/errcode"
)

func signIn(w *world) {
	a, b := w.open(), w.open()
	a.is("anonymous", "")
	nobodys := a.shown()
	a.signIn("alice")
	synctest.Wait()
	a.is("alice", "login")
	b.is("alice", "login (remote)")
	assert.Equal(w, result{user: "alice", status: 200}, a.fetch())
	assert.Equal(w, result{user: "alice", status: 200}, b.fetch(), "the other tab has the credentials too")

	w.requests()
	before := a.shown()
	again := a.reload()
	assert.Equal(w, before, again.shown())
	again.is("alice", "")
	assert.Equal(w, result{user: "alice", status: 200}, again.fetch())
	if !w.Asks {
		assert.Zero(w, w.requests(), "a record says who it is")
	}
	synctest.Wait()
	again.is("alice", "")

	again.logout()
	synctest.Wait()
	again.is("anonymous", "logout:user")
	b.is("anonymous", "logout:user (remote)")
	assert.NotEqual(w, nobodys, again.shown(), "the generation goes on counting")
	b.signIn("bob")
	synctest.Wait()
	b.is("bob", "login")
	again.is("bob", "login (remote)")
	again.signIn("alice")
	synctest.Wait()
	b.is("alice", "logout:switched (remote), login (remote)")
	assert.Equal(w, result{user: "alice", status: 200}, b.fetch())
}

func wrongPassword(w *world) {
	a, _ := w.two()
	a.takeEvents()
	before := a.shown()
	args := `{"username":"bob","password":"not-` + Password + `"}`
	code := errcode.InvalidCredentials
	if w.SignIn != nil {
		code = errcode.NotSupported
	}
	_, err := a.Call("loginWithCredentials", args)
	assert.Equal(w, code, errcode.Of(err))
	w.meet(offline)
	assert.Error(w, a.trySignIn("bob"))
	w.meet(nil)
	assert.Equal(w, before, a.shown())
	a.is("alice", "")
}

func nobody(w *world) {
	a := w.open()
	w.requests()
	for range 3 {
		assert.Equal(w, w.turnedDown(), a.fetch())
		assert.Equal(w, "giveup", a.refusal(a.stamp()))
	}
	_, err := a.Call("refresh", "{}")
	assert.Equal(w, errcode.SessionExpired, errcode.Of(err))
	assert.Zero(w, w.requests())
	a.is("anonymous", "")

	// That there is nobody is written down: no page waits for the server again.
	g, before := w.hold(Recovery, false), w.profile.Now()
	w.open().is("anonymous", "")
	assert.Equal(w, before, w.profile.Now())
	if !w.Asks {
		assert.Zero(w, w.requests())
	}
	close(g.open)
}

// withoutRecord has five tabs open at once where there is no record, but the browser may
// have a session all the same.
func withoutRecord(w *world) {
	a, b := w.two()
	a.rt.Close()
	b.rt.Close()
	w.profile.Storage().Clear()
	w.profile.Jump(time.Minute)
	tabs := make([]*Tab, 5)
	for i := range tabs {
		tabs[i] = w.newTab()
	}
	var group sync.WaitGroup
	for _, p := range tabs {
		group.Go(func() { require.NoError(w, p.start()) })
	}
	group.Wait()
	synctest.Wait()
	for _, p := range tabs {
		p.is(map[bool]string{true: "alice", false: "anonymous"}[w.Found], "")
	}
	if !w.Asks {
		assert.LessOrEqual(w, w.requests(), 1, "one asks for all")
	}
	w.open()
	if !w.Asks {
		assert.Zero(w, w.requests(), "and what came of it is written down")
	}
}
