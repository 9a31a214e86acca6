package main

import (
	"context"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestControlIsForThisMachine(t *testing.T) {
	r := run(t)
	assert.Equal(t, 403, r.do("GET", "/control/log", "", "Origin", r.page).status, "not for a page")
	assert.Equal(t, 403, r.do("POST", "/control/reset", "", "Sec-Fetch-Site", "same-site").status)
	for from, status := range map[string]int{"192.0.2.1:1000": 403, "127.0.0.1:1000": 200, "[::1]:1000": 200} {
		request := httptest.NewRequest("GET", "/control/tokens", nil)
		request.RemoteAddr = from
		answer := httptest.NewRecorder()
		r.control().ServeHTTP(answer, request)
		assert.Equal(t, status, answer.Code, from)
	}
}

func TestWrongSettings(t *testing.T) {
	r := run(t)
	tests := []struct{ name, body string }{
		{"switch", `{"refresh":"sometimes"}`}, {"switch", `{"refreshes":"omit"}`}, {"switch", `{"sameToken":"yes"}`},
		{"switch", `{"expiredRefresh":"x"}`}, {"switch", `{"invalidToken":"x"}`}, {"switch", `{"xml":"x"}`}, {"switch", `{"loginPage":"/login"}`},
		{"switch", `{"sameToken":false,"xml":"x"}`},
		{"lifetime", `{"access":0}`}, {"lifetime", `{"acces":5}`}, {"expire", `{"kind":"x"}`}, {"revoke", `{"name":"x"}`},
		{"fault", `{"endpoint":"x","mode":"503"}`}, {"fault", `{"endpoint":"token","mode":"200"}`}, {"fault", `{"endpoint":"token"}`},
		{"sessions", `{"do":"x"}`}, {"forget", `{"x":1}`},
	}
	for _, tt := range tests {
		a := r.do("POST", "/control/"+tt.name, tt.body)
		assert.Equal(t, 400, a.status, "%s %s", tt.name, tt.body)
	}
	assert.Equal(t, usualSwitches(), r.switches, "nothing has changed")
}

func TestLifetimes(t *testing.T) {
	r := run(t)
	r.turn("lifetime", map[string]any{"access": 60, "client": 20})
	assert.Equal(t, []int{59, 19}, []int{r.alice().ExpiresIn, r.own().ExpiresIn})
	a := r.alice()
	r.ahead(61_000_000_000)
	_, message := r.problem(r.as(a.AccessToken, "GET", site+"/users/current", ""))
	assert.Equal(t, "Access token expired: "+a.AccessToken, message)
	r.turn("lifetime", map[string]any{"refresh": 30})
	b := r.password("bob", "builder")
	r.ahead(30_000_000_000)
	assert.Equal(t, "invalid_token", r.refresh(b.RefreshToken).Error)
}

func TestExpireAndRevokeSome(t *testing.T) {
	r := run(t)
	good := func(token string) bool { return r.as(token, "GET", "/occ/v2/basesites", "").status == 200 }
	alice, agent, own := r.alice(), r.agent(), r.own()
	r.turn("expire", map[string]any{"user": "agent", "kind": "access"})
	assert.Equal(t, []bool{true, false, true}, []bool{good(alice.AccessToken), good(agent.AccessToken), good(own.AccessToken)})
	r.turn("revoke", map[string]any{"client": "mobile_android", "kind": "client"})
	assert.Equal(t, []bool{true, false}, []bool{good(alice.AccessToken), good(own.AccessToken)})
	r.turn("revoke", map[string]any{"client": "trusted_client"})
	assert.True(t, good(alice.AccessToken))
	agent = r.refresh(agent.RefreshToken)
	assert.True(t, good(agent.AccessToken), "its refresh token was left")
	r.turn("revoke", nil)
	assert.Equal(t, []bool{false, false}, []bool{good(alice.AccessToken), good(agent.AccessToken)})
}

func TestFaults(t *testing.T) {
	r := run(t)
	fault := func(pairs ...any) {
		body := map[string]any{}
		for i := 0; i < len(pairs); i += 2 {
			body[pairs[i].(string)] = pairs[i+1]
		}
		r.turn("fault", body)
	}
	t.Run("a status, for so many", func(t *testing.T) {
		fault("endpoint", "token", "mode", "503", "count", 2, "retryAfter", "7", "grantType", "client_credentials")
		assert.Equal(t, 200, r.alice().status, "another grant")
		a := r.own()
		assert.Equal(t, []any{503, "7"}, []any{a.status, a.header.Get("Retry-After")})
		assert.Equal(t, []int{503, 200}, []int{r.own().status, r.own().status})
	})
	t.Run("one path, until it is taken away", func(t *testing.T) {
		fault("endpoint", "occ", "mode", "500", "path", "/addresses")
		alice := r.alice().AccessToken
		for range 3 {
			assert.Equal(t, 500, r.as(alice, "GET", site+"/users/current/addresses", "").status)
		}
		assert.Equal(t, 200, r.as(alice, "GET", site+"/users/current", "").status)
		assert.Equal(t, 200, r.do("GET", "/occ/v2/basesites", "").status)
		fault("endpoint", "occ", "mode", "ok")
		assert.Equal(t, 200, r.as(alice, "GET", site+"/users/current/addresses", "").status)
	})
	t.Run("slow", func(t *testing.T) {
		fault("endpoint", "basesites", "mode", "slow", "ms", 1, "count", 1)
		assert.Equal(t, 200, r.do("GET", "/occ/v2/basesites", "").status)
	})
	t.Run("dropped", func(t *testing.T) {
		fault("endpoint", "token", "mode", "drop-before", "count", 1)
		r.turn("forget", nil)
		before := len(read[[]any](t, r.do("GET", "/control/tokens", "")))
		_, err := r.try("POST", "/authorizationserver/oauth/token", "")
		require.Error(t, err)
		assert.Equal(t, []any{true, 0}, []any{r.last().Done, r.last().Status})
		r.set("sameToken", false)
		fault("endpoint", "token", "mode", "drop", "count", 1)
		form := "client_id=mobile_android&client_secret=secret&grant_type=client_credentials"
		_, err = r.try("POST", "/authorizationserver/oauth/token", form, "Content-Type", "application/x-www-form-urlencoded")
		require.Error(t, err)
		assert.Len(t, read[[]any](t, r.do("GET", "/control/tokens", "")), before+1, "it did its work")
	})
	for _, mode := range []string{"hang", "late"} {
		t.Run(mode, func(t *testing.T) {
			r.turn("reset", nil)
			alice := r.alice().AccessToken
			r.turn("forget", nil)
			fault("endpoint", "occ", "mode", mode, "count", 1)
			answered := make(chan answer)
			go func() {
				a, _ := r.try("GET", site+"/users/current", "", "Authorization", "Bearer "+alice)
				answered <- a
			}()
			held := r.await(func(e entry) bool { return e.Kind == "customer" && (mode == "hang" || e.Subject != "") })
			assert.Equal(t, []any{false, map[string]string{"late": "alice"}[mode]}, []any{held.Done, held.Subject})
			r.turn("revoke", nil) // while it is held
			fault("endpoint", "occ", "mode", "ok")
			a := <-answered
			assert.Equal(t, map[string]int{"hang": 401, "late": 200}[mode], a.status)
			assert.True(t, r.last().Done)
		})
	}
	t.Run("one that is given up does no work", func(t *testing.T) {
		r.turn("reset", nil)
		fault("endpoint", "token", "mode", "hang")
		ctx, cancel := context.WithCancel(t.Context())
		form := strings.NewReader("client_id=mobile_android&client_secret=secret&grant_type=client_credentials")
		request, _ := http.NewRequestWithContext(ctx, "POST", r.origin+"/authorizationserver/oauth/token", form)
		request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		failed := make(chan error)
		go func() { _, err := r.client.Do(request); failed <- err }()
		r.await(func(e entry) bool { return !e.Done })
		cancel()
		require.Error(t, <-failed)
		assert.Zero(t, r.await(func(e entry) bool { return e.Done }).Status)
		fault("endpoint", "token", "mode", "ok")
		assert.Equal(t, "[]\n", r.do("GET", "/control/tokens", "").body)
	})
	t.Run("a reset lets go", func(t *testing.T) {
		fault("endpoint", "basesites", "mode", "hang", "count", 1)
		answered := make(chan answer)
		go func() { a, _ := r.try("GET", "/occ/v2/basesites", ""); answered <- a }()
		r.await(func(e entry) bool { return e.Path == "/occ/v2/basesites" && !e.Done })
		r.turn("reset", nil)
		assert.Equal(t, 200, (<-answered).status)
	})
}

// await is the first entry of which that is true.
func (r *running) await(is func(entry) bool) entry {
	r.t.Helper()
	for path := "/control/log"; ; {
		said := read[struct {
			Version  int
			Requests []entry
		}](r.t, r.do("GET", path, ""))
		for _, e := range said.Requests {
			if is(e) {
				return e
			}
		}
		path = "/control/log?after=" + strconv.Itoa(said.Version)
	}
}

func TestRecord(t *testing.T) {
	r := run(t)
	alice, agent := r.alice(), r.agent()
	r.refresh(alice.RefreshToken)
	r.as(agent.AccessToken, "GET", site+"/users/c-bob?fields=FULL", "", "Cx-Use-Csagent-Token", "true")
	r.as("made-up", "GET", site+"/users/current", "")
	r.tokenFor("client_id", "a-secret-in-the-wrong-place", "grant_type", "made-up-grant")
	all := r.requests()
	require.Len(t, all, 6)

	assert.Equal(t, []string{"client_id", "client_secret", "grant_type", "password", "username"}, all[0].Form)
	assert.Equal(t, []string{"access-2", "refresh-1"}, all[0].Issued)
	assert.Equal(t, []string{"password", "mobile_android", "alice", "customer"}, []string{all[0].GrantType, all[0].Client, all[0].Actor, all[0].Kind})
	assert.Equal(t, []any{"refresh_token", "refresh-1", []string{"access-5", "refresh-1"}}, []any{all[2].GrantType, all[2].Given, all[2].Issued})
	assert.Equal(t, []string{"agent", "agent", "bob", "bearer", "access-4", "live"}, []string{all[3].Kind, all[3].Actor, all[3].Subject, all[3].Authorization, all[3].Token, all[3].Stands})
	assert.Contains(t, all[3].Headers, "cx-use-csagent-token")
	assert.Equal(t, []string{"fields"}, all[3].Query)
	assert.Regexp(t, "^unknown-[0-9a-f]{8}$", all[4].Token)
	assert.Equal(t, []string{"unknown", "other"}, []string{all[5].Client, all[5].GrantType})

	told := r.do("GET", "/control/log", "").body + r.do("GET", "/control/tokens", "").body
	for _, secret := range []string{alice.AccessToken, alice.RefreshToken, agent.AccessToken, "wonderland", "made-up", "wrong-place"} {
		assert.NotContains(t, told, secret)
	}
	states := map[string]string{}
	for _, one := range read[[]map[string]string](t, r.do("GET", "/control/tokens", "")) {
		states[one["label"]] = one["stands"]
	}
	assert.Equal(t, map[string]string{"refresh-1": "live", "access-2": "ended", "refresh-3": "live", "access-4": "live", "access-5": "live"}, states)

	r.turn("forget", nil)
	assert.Empty(t, r.requests())
	r.turn("reset", nil)
	assert.Equal(t, 401, r.as(agent.AccessToken, "GET", "/occ/v2/basesites", "").status)
}

func TestPage(t *testing.T) {
	r := run(t)
	for name, content := range map[string]string{"index.html": "<title>page</title>", "page.js": "1"} {
		require.NoError(t, os.WriteFile(filepath.Join(r.static, name), []byte(content), 0o600))
	}
	require.NoError(t, os.WriteFile(filepath.Join(r.dist, "latchkey.wasm"), []byte("x"), 0o600))
	r.csp = "connect-src {server}"
	for path, kind := range map[string]string{
		"/": "text/html; charset=utf-8", "/electronics-spa/en/USD/login": "text/html; charset=utf-8", "/page.js": "text/javascript; charset=utf-8",
		"/dist/latchkey.wasm": "application/wasm", "/dist/nothing.js": "", "/nothing.js": "",
	} {
		a := r.do("GET", r.page+path, "")
		if kind == "" {
			assert.Equal(t, 404, a.status, path)
			continue
		}
		assert.Equal(t, kind, a.header.Get("Content-Type"), path)
		assert.Equal(t, "connect-src "+r.origin, a.header.Get("Content-Security-Policy"))
	}
}
