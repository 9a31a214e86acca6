package core_test

import (
	"context"
	"flag"
	"fmt"
	"os"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
	"latchkey/core/errcode"
	"latchkey/core/strictjson"
)

var updateDocs = flag.Bool("docs", false, "write the failure table into web/docs/failures.md")

// failure is a row of the failure table: what happens to a session whose access token is
// over, in which two tabs are, and one of them asks for a refresh. Its texts are the
// document's, and are held to.
type failure struct {
	// id is the case's, what is the row's name.
	id, what string
	// session is "goes on" or "ends", or whose it is then.
	session string
	// asker is what the caller of session.refresh() gets: an error's code, or "–".
	asker string
	// heard is what the page is told, "–" for nothing.
	heard string
	// why is what event.why says of an end: its trigger, and the server's error.
	why string
	// again is when the next refresh is tried: see agains.
	again string

	config  string
	prepare func(d *drill)
	// meet makes the trouble, and mend ends it.
	meet, mend func(d *drill)
	// ask asks for the refresh; else the page does.
	ask func(d *drill) error
	// wait is how long the server asked to be left alone.
	wait time.Duration
}

const (
	pausing  = "after 1 s, 2 s … 2 min"
	asTold   = "when it says"
	perTab   = "after 1 s, 2 s … 2 min, by each tab"
	another  = "at once by one more tab; after 1 s, 2 s … 2 min"
	never    = "never"
	notUntil = "when it is needed"
	online   = "when the browser is online"
	dying    = "`expired`, `logout`: `expired`"
)

// agains hold a row to what it says of the next attempt.
var agains = map[string]func(d *drill, f failure){
	pausing: func(d *drill, f failure) {
		asked := d.asked.Load()
		for range 20 {
			assert.Equal(d, 401, d.api(d.p), "RR-24: who comes during the pause gets the API's own answer")
			assert.Equal(d, 401, d.api(d.q), "in all tabs")
		}
		assert.Equal(d, asked, d.asked.Load(), "and nobody asks the server")
		f.mend(d)
		time.Sleep(2 * time.Minute)
		d.recovered()
	},
	perTab: func(d *drill, f failure) {
		asked := d.asked.Load()
		for range 20 {
			assert.Equal(d, 401, d.api(d.p))
			assert.Equal(d, 401, d.api(d.q))
		}
		assert.LessOrEqual(d, d.asked.Load(), asked+1)
		f.mend(d)
		time.Sleep(2 * time.Minute)
		d.recovered()
	},
	another: func(d *drill, f failure) {
		asked := d.asked.Load()
		for range 20 {
			assert.Equal(d, 401, d.api(d.p), "this tab waits")
		}
		assert.Equal(d, asked, d.asked.Load())
		for range 20 {
			assert.Equal(d, 401, d.api(d.q), "the other one has tried, and then waits too")
			assert.Equal(d, 401, d.api(d.p))
		}
		assert.Equal(d, asked+1, d.asked.Load())
		third := openPage(d.T, d.profile, d.server, d.config)
		assert.Equal(d, 401, d.api(third), "and so does any other")
		assert.Equal(d, asked+1, d.asked.Load())
		f.mend(d)
		time.Sleep(2 * time.Minute)
		d.recovered()
	},
	asTold: func(d *drill, f failure) {
		asked := d.asked.Load()
		f.mend(d)
		time.Sleep(f.wait - time.Second)
		assert.Error(d, d.refresh(), "not even for a page that asks")
		assert.Equal(d, 401, d.api(d.q))
		assert.Equal(d, asked, d.asked.Load())
		time.Sleep(time.Second)
		d.recovered()
	},
	never: func(d *drill, f failure) {
		asked := d.asked.Load()
		for _, p := range []*page{d.p, d.q} {
			if !p.tab.Dead() {
				assert.Equal(d, 401, d.api(p))
			}
		}
		assert.Equal(d, errcode.SessionExpired, errcode.Of(d.refresh()))
		time.Sleep(time.Hour)
		assert.Equal(d, asked, d.asked.Load())
	},
	notUntil: func(d *drill, f failure) {
		f.mend(d)
		d.recovered()
	},
	online: func(d *drill, f failure) {
		time.Sleep(10 * time.Minute)
		assert.Zero(d, d.asked.Load(), "nothing is sent")
		f.mend(d)
		d.recovered()
	},
}

const half = `{"access_token":"at_x","token_ty`

var failures = []failure{
	{id: "RR-20", what: "`invalid_grant`", meet: replies(400, `{"error":"invalid_grant"}`), session: "ends", asker: "session_expired", heard: dying, why: "`invalid_grant`", again: never},
	{id: "RR-44", what: "`invalid_grant`, as somebody else has used the refresh token", meet: func(d *drill) { d.server.RevokeAll() }, session: "ends", asker: "session_expired", heard: dying, why: "`invalid_grant`", again: never},
	{id: "S35", what: "`invalid_token`, with `occ()`", config: occConfig, meet: replies(401, `{"error":"invalid_token"}`), session: "ends", asker: "session_expired", heard: dying, why: "`invalid_token`", again: never},
	{id: "RR-36", what: "tokens of another subject", meet: func(d *drill) { d.server.Become("mallory") }, session: "ends", asker: "session_expired", heard: dying, again: never},
	{id: "RR-25", what: "`invalid_client`", meet: replies(401, `{"error":"invalid_client"}`), session: "goes on", asker: "config_invalid", heard: "–", again: pausing},
	{id: "RR-25", what: "`unauthorized_client`", meet: replies(400, `{"error":"unauthorized_client"}`), session: "goes on", asker: "config_invalid", heard: "–", again: pausing},
	{id: "RR-25", what: "`invalid_request`", meet: replies(400, `{"error":"invalid_request"}`), session: "goes on", asker: "config_invalid", heard: "–", again: pausing},
	{id: "RR-25", what: "`unsupported_grant_type`", meet: replies(400, `{"error":"unsupported_grant_type"}`), session: "goes on", asker: "config_invalid", heard: "–", again: pausing},
	{id: "RR-25", what: "`invalid_scope`", meet: replies(400, `{"error":"invalid_scope"}`), session: "goes on", asker: "config_invalid", heard: "–", again: pausing},
	{id: "RR-22", what: "another error of OAuth's (4xx)", meet: replies(400, `{"error":"temporarily_unavailable"}`), session: "goes on", asker: "server_error", heard: "–", again: pausing},
	{id: "RR-22", what: "500, also one that says `invalid_grant`", meet: replies(500, `{"error":"invalid_grant"}`), session: "goes on", asker: "server_error", heard: "–", again: pausing},
	{id: "RR-22", what: "502 in HTML", meet: replies(502, "<h1>Bad gateway</h1>", "content-type", "text/html"), session: "goes on", asker: "server_error", heard: "–", again: pausing},
	{id: "RR-22", what: "503", meet: replies(503, ""), session: "goes on", asker: "server_error", heard: "–", again: pausing},
	{id: "RR-22", what: "403 of a firewall, in HTML", meet: replies(403, "<h1>Forbidden</h1>", "content-type", "text/html"), session: "goes on", asker: "server_error", heard: "–", again: pausing},
	{id: "RR-22", what: "404", meet: replies(404, ""), session: "goes on", asker: "server_error", heard: "–", again: pausing},
	{id: "RR-22", what: "200 of a captive portal, in HTML", meet: replies(200, "<html>Welcome to the hotel</html>", "content-type", "text/html"), session: "goes on", asker: "server_error", heard: "–", again: pausing},
	{id: "RR-22", what: "200 with `invalid_grant` in it", meet: replies(200, `{"error":"invalid_grant"}`), session: "goes on", asker: "server_error", heard: "–", again: pausing},
	{id: "RR-22", what: "200 with nothing, or 204", meet: replies(204, ""), session: "goes on", asker: "server_error", heard: "–", again: pausing},
	{id: "RR-22", what: "200 with `null`, `[]`, no JSON", meet: replies(200, "[]"), session: "goes on", asker: "server_error", heard: "–", again: pausing},
	{id: "RR-22", what: "200 with a token that no header can carry", meet: replies(200, `{"access_token":"a\r\nb","token_type":"bearer"}`), session: "goes on", asker: "server_error", heard: "–", again: pausing},
	{id: "RR-27", what: "more than 512 kB", meet: fails(browser.ErrTooLarge), session: "goes on", asker: "server_error", heard: "–", again: pausing},
	{id: "RR-23", what: "429", meet: replies(429, ""), session: "goes on", asker: "rate_limited", heard: "–", again: pausing},
	{id: "RR-23", what: "429 with `Retry-After: 30`", meet: replies(429, "", "retry-after", "30"), wait: 30 * time.Second, session: "goes on", asker: "rate_limited", heard: "–", again: asTold},
	{id: "RR-23", what: "503 with a date in `Retry-After`", meet: func(d *drill) {
		replies(503, "", "retry-after", d.profile.Now().Add(90*time.Second).UTC().Format("Mon, 02 Jan 2006 15:04:05 GMT"))(d)
	}, wait: 90 * time.Second, session: "goes on", asker: "server_error", heard: "–", again: asTold},
	{id: "RR-23", what: "`Retry-After` of more than ten minutes: that is ten", meet: replies(429, "", "retry-after", "1000000000"), wait: 10 * time.Minute, session: "goes on", asker: "rate_limited", heard: "–", again: asTold},
	{id: "RR-23", what: "`Retry-After` that is none (`-1`, `soon`)", meet: replies(429, "", "retry-after", "-1"), session: "goes on", asker: "rate_limited", heard: "–", again: pausing},
	{id: "RR-21", what: "no network, DNS, CORS, a redirect", meet: fails(browser.ErrNetwork), session: "goes on", asker: "network_error", heard: "–", again: another},
	{id: "RR-21", what: "the browser is offline", meet: func(d *drill) { d.p.tab.Unplug(true) }, session: "goes on", asker: "network_error", heard: "–", again: online},
	{id: "RR-26", what: "no answer within `timeout`", meet: hangs, session: "goes on", asker: "timeout", heard: "–", again: pausing},
	{id: "RR-27", what: "an answer a byte at a time, longer than `timeout`", meet: hangs, session: "goes on", asker: "timeout", heard: "–", again: pausing},
	{id: "RR-51", what: "the runtime meets an error of its own", meet: func(d *drill) {
		d.answering(func(context.Context, *browser.Request) (*browser.Response, error) { panic("at_1") })
	}, session: "goes on", asker: "runtime_failed", heard: "–", again: perTab},

	{id: "RR-17", what: "the answer is lost; the server rotates, and is strict", meet: loses(nil, browser.ErrNetwork), ask: twice, session: "ends", asker: "session_expired", heard: dying, why: "`doubt`, `invalid_grant`", again: never},
	{id: "RR-19", what: "half the answer comes; the server rotates, and is strict", meet: loses(browsertest.JSON(200, half), nil), ask: twice, session: "ends", asker: "session_expired", heard: dying, why: "`doubt`, `invalid_grant`", again: never},
	{id: "RR-18", what: "the answer is lost, or half of it; the server has a grace period", prepare: graceful, meet: loses(nil, browser.ErrNetwork), ask: twice, session: "goes on", asker: "–", heard: "`refresh`", again: notUntil},
	{id: "RR-07", what: "the tab that refreshes is killed before its request leaves", ask: lost((*browsertest.Tab).Kill, false), session: "goes on", asker: "–", heard: "`refresh`", again: notUntil},
	{id: "RR-08", what: "… after it has left; the server rotates, and is strict", ask: lost((*browsertest.Tab).Kill, true), session: "ends", asker: "session_expired", heard: dying, why: "`doubt`, `invalid_grant`", again: never},
	{id: "RR-08", what: "… after it has left; the server has a grace period", prepare: graceful, ask: lost((*browsertest.Tab).Kill, true), session: "goes on", asker: "–", heard: "`refresh`", again: notUntil},
	{id: "RR-10", what: "the tab that refreshes is frozen before its request leaves: another takes over", ask: lost((*browsertest.Tab).Freeze, false), session: "goes on", asker: "–", heard: "`refresh`", again: notUntil},
	{id: "RR-10", what: "… after it has left; the server has a grace period", prepare: graceful, ask: lost((*browsertest.Tab).Freeze, true), session: "goes on", asker: "–", heard: "`refresh`", again: notUntil},

	{id: "RR-28", what: "no new refresh token: the old one is kept", prepare: func(d *drill) { d.server.KeepRefreshToken = true }, session: "goes on", asker: "–", heard: "`refresh`", again: notUntil},
	{id: "RR-29", what: "the same access token again", meet: func(d *drill) {
		d.answering(func(ctx context.Context, req *browser.Request) (*browser.Response, error) {
			d.answering(nil)
			_, _, authorization, _ := d.p.now()
			return browsertest.JSON(200, fmt.Sprintf(`{"access_token":%q,"token_type":"bearer"}`, strings.TrimPrefix(authorization, "Bearer "))), nil
		})
	}, session: "goes on", asker: "–", heard: "`refresh`", again: notUntil},
	{id: "OP-39", what: "new tokens, but the keys for their id token can't be had: the claims stay as they were", meet: func(d *drill) {
		serve := d.server.Serve
		d.profile.Server = func(ctx context.Context, req *browser.Request) (*browser.Response, error) {
			if req.URL == issuer+"/jwks" {
				return browsertest.JSON(500, ""), nil
			}
			return serve(ctx, req)
		}
	}, session: "goes on", asker: "–", heard: "`refresh`", again: notUntil},

	{id: "RR-32", what: "somebody signs out in another tab meanwhile", ask: meanwhile(func(d *drill) { _, _ = d.q.call("logout", "{}") }), session: "ends", asker: "session_expired", heard: "`logout`: `user`", again: never},
	{id: "RR-33", what: "somebody else signs in in another tab meanwhile", ask: meanwhile(func(d *drill) {
		_, _ = d.q.call("loginWithCredentials", `{"username":"bob","password":"wonderland"}`)
	}), session: "is theirs", asker: "session_changed", heard: "`logout`: `switched`, `login`", why: "`login`", again: notUntil},
	{id: "RR-45", what: "the caller gives up", ask: func(d *drill) error {
		ctx, giveUp := context.WithCancel(context.Background())
		sent, arrives := make(chan struct{}), make(chan struct{})
		d.answering(func(ctx context.Context, req *browser.Request) (*browser.Response, error) {
			d.answering(nil)
			close(sent)
			<-arrives
			return d.server.Serve(ctx, req)
		})
		go func() { <-sent; giveUp() }()
		_, err := d.p.rt.Call(ctx, "refresh", "{}")
		close(arrives)
		synctest.Wait()
		return err
	}, session: "goes on", asker: "aborted", heard: "`refresh`", again: notUntil},
	{id: "RR-38", what: "the session is at its ceiling (`limits`)", config: `"limits":{"absolute":3600},`, meet: func(d *drill) { d.profile.Jump(2 * time.Hour) }, session: "ends", asker: "session_expired", heard: dying, why: "`absolute`", again: never},

	{id: "RR-15", what: "the machine slept for eight hours", meet: func(d *drill) { d.profile.Jump(8 * time.Hour) }, session: "goes on", asker: "–", heard: "`refresh`", again: notUntil},
	{id: "RR-16", what: "the clock is set an hour forward", meet: func(d *drill) { d.profile.Jump(time.Hour) }, session: "goes on", asker: "–", heard: "`refresh`", again: notUntil},
	{id: "RR-16", what: "the clock is set an hour back", meet: func(d *drill) { d.profile.Jump(-time.Hour) }, session: "goes on", asker: "–", heard: "`refresh`", again: notUntil},

	{id: "ST-01", what: "storage is full: the session goes on in memory", meet: func(d *drill) { d.profile.Storage().Fail(nil, browser.ErrQuota) }, session: "goes on", asker: "–", heard: "`refresh`, `error`: `storage_failed`", again: notUntil},
	{id: "ST-02", what: "storage is blocked: likewise", meet: func(d *drill) { d.profile.Storage().Fail(browser.ErrBlocked, browser.ErrBlocked) }, session: "goes on", asker: "–", heard: "`refresh`, `error`: `storage_failed`", again: notUntil},
	{id: "ST-04", what: "the record is rubbish", meet: func(d *drill) { d.profile.Storage().Put(simKey, "{") }, session: "ends", asker: "session_expired", heard: "`logout`: `revoked`", why: "`cleared`", again: never},
	{id: "ST-07", what: "a newer version of the app has written it: the session goes on in memory", meet: func(d *drill) { d.profile.Storage().Put(simKey, `{"format":2}`) }, session: "goes on", asker: "–", heard: "`refresh`, `error`: `storage_failed`", again: notUntil},
	{id: "ST-14", what: "the site's data is cleared", meet: func(d *drill) { d.profile.Storage().Clear() }, session: "ends", asker: "session_expired", heard: "`logout`: `revoked`", why: "`cleared`", again: never},
	{id: "OA-42", what: "the key of a session with `dpop: true` is gone", config: dpop, prepare: func(d *drill) { d.server.DPoP = true }, meet: func(d *drill) { d.profile.LoseKey() }, ask: func(d *drill) error {
		openPage(d.T, d.profile, d.server, d.config) // the tabs that are there have it in memory
		synctest.Wait()
		return d.refresh()
	}, session: "ends", asker: "session_expired", heard: dying, again: never},
}

const occConfig = "occ"

func TestFailures(t *testing.T) {
	for _, f := range failures {
		t.Run(f.id+" "+f.what, func(t *testing.T) { f.try(t) })
	}
}

func (f failure) try(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		d := &drill{T: t, profile: browsertest.NewProfile()}
		d.server = browsertest.NewAuthServer(issuer, d.profile.Now)
		d.profile.Server = d.serve
		c := config(f.config)
		if f.config == occConfig {
			c = strings.Replace(config(""), `"scheme":"oidc"`, `"scheme":"occ","endpoints":{"token":"`+issuer+`/token"}`, 1)
		}
		for _, step := range []*func(*drill){&f.prepare, &f.meet} {
			if *step == nil {
				*step = func(*drill) {}
			}
		}
		if f.mend == nil {
			f.mend = (*drill).mended
		}
		if f.ask == nil {
			f.ask = (*drill).refresh
		}
		d.config = c
		f.prepare(d)
		d.p = openPage(t, d.profile, d.server, c)
		_, err := d.p.call("loginWithCredentials", `{"username":"alice","password":"wonderland"}`)
		require.NoError(t, err)
		user := d.p.user()
		d.q = openPage(t, d.profile, d.server, c)
		d.server.Expire()
		var heard []string
		var why string
		var mu sync.Mutex
		d.p.heard = func(e strictjson.Value) {
			mu.Lock()
			defer mu.Unlock()
			heard = append(heard, worded(e))
			if w := e.Get("why"); w.Kind() == strictjson.Obj {
				why = grounds(w)
			}
		}

		f.meet(d)
		err = f.ask(d)
		synctest.Wait()
		mu.Lock()
		// When an error is told that nobody waits for is anybody's guess.
		slices.SortStableFunc(heard, func(a, b string) int {
			return strings.Count(a, "`error`") - strings.Count(b, "`error`")
		})
		told := strings.Join(heard, ", ")
		mu.Unlock()
		assert.Equal(t, f.asker, or(string(errcode.Of(err)), "–"), "who asks")
		assert.Equal(t, f.heard, or(told, "–"), "what the page hears")
		assert.Equal(t, f.why, why, "on what grounds")
		assert.Equal(t, f.session, map[string]string{user: "goes on", "anonymous": "ends"}[d.p.user()]+map[string]string{"bob": "is theirs"}[d.p.user()], "the session")
		agains[f.again](d, f)
		for _, secret := range []string{"at_", "rt_", "wonderland", "alice"} {
			assert.NotContains(t, d.profile.Storage().Value(simKey+"/trace"), secret)
		}
		d.profile.Storage().Fail(nil, nil)
		if d.q.tab.Frozen() {
			d.q.tab.Kill()
		}
		time.Sleep(time.Minute)
	})
}

// worded is an event, in the document's words.
func worded(e strictjson.Value) string {
	text := "`" + e.Get("type").TextOr("") + "`"
	if e.Get("type").TextOr("") == "error" {
		return text + ": `" + e.Get("error").Get("code").TextOr("") + "`"
	}
	if reason := e.Get("reason").TextOr(""); reason != "" {
		text += ": `" + reason + "`"
	}
	return text
}

// grounds is the trigger of an end, where it is another than what the refresh was for, and the
// server's error, in the document's words.
func grounds(why strictjson.Value) string {
	var all []string
	for _, word := range []string{why.Get("trigger").TextOr(""), why.Get("oauth").Get("error").TextOr("")} {
		if word != "" && word != "ask" && word != "use" {
			all = append(all, "`"+word+"`")
		}
	}
	return strings.Join(all, ", ")
}

func or(text, other string) string {
	if text == "" {
		return other
	}
	return text
}

// The document has the same rows, word by word.
func TestTheFailureTableIsTheDocuments(t *testing.T) {
	const file, begin, end = "../web/docs/failures.md", "<!-- core/failures_test.go -->\n", "<!-- -->\n"
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	before, rest, found := strings.Cut(string(text), begin)
	require.True(t, found)
	rows, after, found := strings.Cut(rest, end)
	require.True(t, found)
	want := "\n| what happens | case | the session | who asks gets | the page hears | `why` | tried again |\n| --- | --- | --- | --- | --- | --- | --- |\n"
	for _, f := range failures {
		asker := f.asker
		if asker != "–" {
			asker = "`" + asker + "`"
		}
		want += "| " + strings.Join([]string{f.what, f.id, f.session, asker, f.heard, or(f.why, "–"), f.again}, " | ") + " |\n"
	}
	want += "\n"
	if *updateDocs {
		require.NoError(t, os.WriteFile(file, []byte(before+begin+want+end+after), 0o644))
		return
	}
	assert.Equal(t, want, rows, "go test ./core -run FailureTable -docs writes it")
}
