package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// running is a server and a browser-like client: it keeps cookies and stops at redirects.
type running struct {
	*server
	t      *testing.T
	client *http.Client
}

func run(t *testing.T) *running {
	t.Helper()
	s, err := start(options{static: t.TempDir(), dist: t.TempDir()})
	require.NoError(t, err)
	t.Cleanup(s.close)
	r := &running{s, t, nil}
	r.client = r.browser()
	return r
}

func (r *running) browser() *http.Client {
	jar, err := cookiejar.New(nil)
	require.NoError(r.t, err)
	client := &http.Client{
		Jar: jar, Timeout: 20 * time.Second, Transport: &http.Transport{},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	r.t.Cleanup(client.CloseIdleConnections)
	return client
}

// answer is a response with its body read.
type answer struct {
	status int
	header http.Header
	body   string
}

func (r *running) try(method, target, body string, header ...string) (answer, error) {
	if strings.HasPrefix(target, "/") {
		target = r.origin + target
	}
	request, err := http.NewRequest(method, target, strings.NewReader(body))
	if err != nil {
		return answer{}, err
	}
	if strings.Contains(target, "/occ/v2/") || strings.Contains(target, "/assistedservice") {
		request.Header.Set("Accept", "application/json")
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Del(header[i])
		if header[i+1] != "" {
			request.Header.Set(header[i], header[i+1])
		}
	}
	response, err := r.client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	read, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, string(read)}, err
}

func (r *running) do(method, target, body string, header ...string) answer {
	r.t.Helper()
	a, err := r.try(method, target, body, header...)
	require.NoError(r.t, err)
	return a
}

func (r *running) form(target string, form url.Values, header ...string) answer {
	r.t.Helper()
	return r.do("POST", target, form.Encode(), append([]string{"Content-Type", "application/x-www-form-urlencoded"}, header...)...)
}

// as makes a request to OCC with a bearer token, or none.
func (r *running) as(token, method, path, body string, header ...string) answer {
	r.t.Helper()
	if token != "" {
		header = append(header, "Authorization", "Bearer "+token)
	}
	return r.do(method, path, body, header...)
}

const site = "/occ/v2/electronics-spa"

// turn posts to a control.
func (r *running) turn(name string, body map[string]any) {
	r.t.Helper()
	raw, err := json.Marshal(body)
	require.NoError(r.t, err)
	a := r.do("POST", "/control/"+name, string(raw))
	require.Equal(r.t, http.StatusOK, a.status, a.body)
}

func (r *running) set(name string, value any) {
	r.t.Helper()
	r.turn("switch", map[string]any{name: value})
}

// ahead sets the server's clock forward.
func (r *running) ahead(by time.Duration) {
	r.mu.Lock()
	defer r.mu.Unlock()
	before := r.now
	r.now = func() time.Time { return before().Add(by) }
}

func (r *running) requests() []entry {
	r.t.Helper()
	var said struct{ Requests []entry }
	require.NoError(r.t, json.Unmarshal([]byte(r.do("GET", "/control/log", "").body), &said))
	return said.Requests
}

func (r *running) last() entry {
	r.t.Helper()
	all := r.requests()
	return all[len(all)-1]
}

// got is a token endpoint's answer.
type got struct {
	answer
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	TokenType    string `json:"token_type"`
	ExpiresIn    int    `json:"expires_in"`
	Scope        string
	Error        string
	Description  string `json:"error_description"`
}

func read[T any](t *testing.T, a answer) T {
	t.Helper()
	var out T
	require.NoError(t, json.NewDecoder(bytes.NewReader([]byte(a.body))).Decode(&out), "status %d", a.status)
	return out
}

// tokenFor posts to the token endpoint; what is given comes on top of the classic client.
func (r *running) tokenFor(pairs ...string) got {
	r.t.Helper()
	form := url.Values{"client_id": {"mobile_android"}, "client_secret": {"secret"}}
	for i := 0; i < len(pairs); i += 2 {
		form.Set(pairs[i], pairs[i+1])
	}
	a := r.form("/authorizationserver/oauth/token", form)
	out := read[got](r.t, a)
	out.answer = a
	return out
}

func (r *running) password(name, password string) got {
	r.t.Helper()
	return r.tokenFor("grant_type", "password", "username", name, "password", password)
}

func (r *running) alice() got { r.t.Helper(); return r.password("alice", "wonderland") }
func (r *running) agent() got { r.t.Helper(); return r.password("agent", "support") }
func (r *running) own() got   { r.t.Helper(); return r.tokenFor("grant_type", "client_credentials") }
func (r *running) refresh(token string) got {
	r.t.Helper()
	return r.tokenFor("grant_type", "refresh_token", "refresh_token", token)
}

// problem is the first error of OCC's answer.
func (r *running) problem(a answer) (kind, message string) {
	r.t.Helper()
	said := read[struct {
		Errors []struct{ Type, Message string }
	}](r.t, a)
	require.NotEmpty(r.t, said.Errors, a.body)
	return said.Errors[0].Type, said.Errors[0].Message
}
