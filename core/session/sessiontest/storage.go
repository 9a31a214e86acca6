package sessiontest

import (
	"strings"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/browser"
	"latchkey/core/strictjson"
)

var storages = []named[[2]error]{{"full", [2]error{nil, browser.ErrQuota}}, {"blocked", [2]error{browser.ErrBlocked, browser.ErrBlocked}}}

func badStorage(w *world, c named[[2]error]) {
	w.profile.Storage().Fail(c.is[0], c.is[1])
	a := w.open()
	a.signIn("alice")
	assert.Equal(w, result{user: "alice", status: 200}, a.fetch())
	w.server.Expire()
	w.settled(a, a.fetch())
	synctest.Wait()
	assert.Equal(w, []string{"storage_failed"}, a.takeErrors(), "once")
	if w.Fixed {
		a.signIn("alice")
	}
	a.logout()
	assert.Equal(w, "anonymous", a.user())
	assert.Empty(w, w.profile.Storage().All())
	w.profile.Storage().Fail(nil, nil)
	a.signIn("bob")
	assert.Contains(w, w.profile.Storage().Value(w.key()), "bob", "it is used again when it works again")
}

// rubbish are changes to a record.
var rubbish = []named[func(string) string]{
	{"a space", func(string) string { return " " }},
	{"null", func(string) string { return "null" }},
	{"undefined", func(string) string { return "undefined" }},
	{"an array", func(string) string { return "[]" }},
	{"a number", func(string) string { return "7" }},
	{"half of it", func(good string) string { return good[:len(good)/2] }},
	{"no format", func(good string) string { return strings.Replace(good, `"format":1,`, "", 1) }},
	{"a format that never was", func(good string) string { return strings.Replace(good, `"format":1`, `"format":0`, 1) }},
	{"a generation below nothing", func(good string) string { return strings.Replace(good, `"generation":`, `"generation":-`, 1) }},
	{"tokens that are a text", func(good string) string { return strings.Replace(good, `"tokens":{`, `"tokens":"x","more":{`, 1) }},
	{"another's", func(good string) string {
		return strings.Replace(good, `"issuer":"https://`, `"issuer":"https://evil.`, 1)
	}},
}

func unreadable(w *world, c named[func(string) string]) {
	a := w.open()
	a.signIn("alice")
	a.rt.Close()
	good := w.profile.Storage().Value(w.key())
	bad := c.is(good)
	require.NotEqual(w, good, bad)
	w.profile.Storage().Put(w.key(), bad)
	b := w.open()
	b.is(map[bool]string{true: "alice", false: "anonymous"}[w.Found], "")
	assert.Empty(w, b.takeErrors())
	assert.NotEqual(w, bad, w.profile.Storage().Value(w.key()), "it is not met again")
	b.signIn("bob")
	assert.Equal(w, result{user: "bob", status: 200}, b.fetch())
	assert.Equal(w, "bob", b.reload().user())
}

func newerRecord(w *world) {
	const newer = `{"format":2,"what":"ever"}`
	w.profile.Storage().Put(w.key(), newer)
	a := w.open()
	synctest.Wait()
	a.is("anonymous", "error")
	a.signIn("alice")
	assert.Equal(w, result{user: "alice", status: 200}, a.fetch())
	w.server.Expire()
	w.settled(a, a.fetch())
	synctest.Wait()
	assert.Equal(w, []string{"storage_failed"}, a.takeErrors())
	assert.Equal(w, newer, w.profile.Storage().Value(w.key()))
	if w.Fixed {
		a.signIn("alice")
	}
	a.logout()
	assert.Equal(w, "anonymous", a.user())
}

// foreign are the tokens of sessions as other strategies have them, or nobody: an app's
// options may change from one day to the next.
var foreign = []named[string]{
	{"no tokens", `{"access":"","type":"","issuedAt":0}`},
	{"cookies of nobody", `{"access":"","type":"","issuedAt":0,"cookie":true}`},
	{"cookies of mallory's", `{"access":"","type":"","issuedAt":0,"cookie":true,"subject":"mallory"}`},
	{"a token of nobody's", `{"access":"xx_1","type":"Bearer","issuedAt":0}`},
	{"a token of mallory's", `{"access":"xx_1","refresh":"xx_2","type":"Bearer","issuedAt":0,"subject":"mallory"}`},
}

// foreignRecord has the page meet with such a record. What is not its own it may show until
// somebody has refused it, but it never comes of it that a request goes as another than the page
// shows, and whoever signs in then has a session as ever.
func foreignRecord(w *world, c named[string]) {
	a := w.open()
	a.signIn("alice")
	a.rt.Close()
	v, err := strictjson.Parse(w.profile.Storage().Value(w.key()))
	require.NoError(w, err)
	var o strictjson.Object
	for _, name := range v.Names() {
		if name == "tokens" {
			o.Raw(name, c.is)
		} else {
			o.Raw(name, v.Get(name).JSON())
		}
	}
	w.profile.Storage().Put(w.key(), o.Done())
	w.server.Expire()
	b := w.open()
	r := b.fetch()
	synctest.Wait()
	if r.user == "" {
		assert.Contains(w, []result{w.turnedDown(), {err: errChanged}}, r)
	}
	time.Sleep(2 * time.Minute)
	r = b.fetch()
	assert.Equal(w, r.user != "", b.user() != "anonymous", "what is shown is what the API says: %v", r)
	b.signIn("bob")
	assert.Equal(w, result{user: "bob", status: 200}, b.fetch())
	b.logout()
	assert.Equal(w, "anonymous", b.user())
	w.nothingLeft()
}

func cleared(w *world) {
	a, b := w.two()
	a.takeEvents()
	time.Sleep(time.Minute) // long after the last write
	w.profile.Storage().Clear()
	a.tab.Signal(browser.Touched)
	b.tab.Signal(browser.Touched)
	synctest.Wait()
	a.is("anonymous", "logout:revoked (remote)")
	b.is("anonymous", "logout:revoked (remote)")
	w.nothingLeft()
}
