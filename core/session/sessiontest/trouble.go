package sessiontest

import (
	"context"
	"slices"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
	"latchkey/core/errcode"
)

type fault func(context.Context) (*browser.Response, error)

func answering(status int, kind, body string) fault {
	return func(context.Context) (*browser.Response, error) {
		return &browser.Response{Status: status, Headers: map[string]string{"content-type": kind}, Body: []byte(body)}, nil
	}
}

const html, json = "text/html; charset=utf-8", "application/json"

// troubles are what may come in place of the server's answer.
var troubles = []named[fault]{
	{"no network", offline},
	{"an answer of 32 MB", func(context.Context) (*browser.Response, error) { return nil, browser.ErrTooLarge }},
	{"no answer", func(ctx context.Context) (*browser.Response, error) { <-ctx.Done(); return nil, ctx.Err() }},
	{"a panic", func(context.Context) (*browser.Response, error) { panic(Password) }},
	{"500", answering(500, json, `{"error":"server_error"}`)},
	{"502", answering(502, html, "<h1>Bad gateway</h1>")},
	{"503", answering(503, json, "")},
	{"429", answering(429, json, `{"message":"slow down"}`)},
	{"403 of a firewall", answering(403, html, "<h1>Forbidden</h1>")},
	{"404", answering(404, html, "")},
	{"captive portal", answering(200, html, "<html>Welcome to the hotel</html>")},
	{"200 and nothing", answering(200, json, "")},
	{"204", answering(204, "", "")},
	{"half an answer", answering(200, json, `{"access_token":"a`)},
	{"null", answering(200, json, "null")},
	{"an array", answering(200, json, "[]")},
	{"an empty object", answering(200, json, "{}")},
}

func trouble(w *world, c named[fault]) {
	a, b := w.two()
	a.takeEvents()
	w.server.Expire()
	w.meet(c.is)
	many([]*Tab{a}, 20, func(_ *Tab, r result) { assert.Equal(w, w.turnedDown(), r, "the server's own answer") })
	if slices.Contains(w.Word, c.name) {
		told := "expired, logout:expired"
		if w.Told {
			told += ", error"
		}
		a.is("anonymous", told)
		b.is("anonymous", "expired (remote), logout:expired (remote)")
		return
	}
	assert.Equal(w, 1, w.take(Recovery))
	for range 50 {
		assert.Equal(w, w.turnedDown(), a.fetch())
	}
	assert.Zero(w, w.requests(), "who comes during the pause gets the last error")
	assert.Equal(w, w.turnedDown(), b.fetch(), "in another tab too")
	a.is("alice", "")
	b.is("alice", "")
	reloaded := w.open()
	reloaded.is("alice", "")
	if !w.Fixed {
		_, err := a.Call("refresh", "{}")
		assert.Error(w, err)
		assert.NotEqual(w, errcode.SessionExpired, errcode.Of(err))
	}
	a.is("alice", "")

	w.meet(nil)
	time.Sleep(2 * time.Minute)
	for _, p := range []*Tab{a, b, reloaded} {
		w.settled(p, p.fetch())
	}
}

// patience has a server that takes requests and never answers.
func patience(w *world) {
	a, _ := w.two()
	a.takeEvents()
	w.meet(func(ctx context.Context) (*browser.Response, error) { <-ctx.Done(); return nil, ctx.Err() })
	for _, command := range []string{"refresh", "loginSilently", "loginWithCredentials", "accessToken", "userInfo", "loginWithCredentials"} {
		before := w.profile.Now()
		_, err := a.Call(command, `{"username":"bob","password":"`+Password+`","minValidity":1000000}`)
		if command != "accessToken" || !w.Timeless {
			assert.Error(w, err, command)
		}
		assert.LessOrEqual(w, w.profile.Now().Sub(before), 20*time.Second, command)
		a.is("alice", "")
	}
	before := w.profile.Now()
	a.logout()
	assert.LessOrEqual(w, w.profile.Now().Sub(before), 20*time.Second)
	assert.Equal(w, "anonymous", a.user())
}

// waits are values of Retry-After, with how long that is.
var waits = []named[time.Duration]{
	{"30", 30 * time.Second},
	{"a date", 30 * time.Second},
	{"1000000000", 10 * time.Minute},
	{"-1", time.Second},
	{"soon", time.Second},
	{"1h", time.Second},
}

func retryAfter(w *world, c named[time.Duration]) {
	for _, status := range []int{429, 503} {
		a := w.open()
		a.signIn("alice")
		synctest.Wait()
		w.server.Expire()
		value := c.name
		if value == "a date" {
			value = w.profile.Now().Add(c.is + time.Second).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT")
		}
		w.meet(func(context.Context) (*browser.Response, error) {
			answer := browsertest.JSON(status, "")
			answer.Headers["retry-after"] = value
			return answer, nil
		})
		w.requests()
		assert.Equal(w, w.turnedDown(), a.fetch())
		assert.Equal(w, 1, w.requests())
		time.Sleep(c.is - 500*time.Millisecond)
		assert.Equal(w, w.turnedDown(), a.fetch())
		if c.is > time.Second {
			_, err := a.Call("refresh", "{}")
			assert.Error(w, err)
		}
		assert.Zero(w, w.requests(), "%d: nothing before the time, not even for a page that asks for it", status)
		w.meet(nil)
		time.Sleep(2 * time.Second)
		w.settled(a, a.fetch())
		a.logout()
		require.Equal(w, "anonymous", a.user())
		a.rt.Close()
	}
}
