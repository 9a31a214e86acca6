package main

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"io"
	"net/http"
	"net/http/cookiejar"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// running is a demo on free ports and a browser-like client: it keeps cookies and stops at redirects.
type running struct {
	*demo
	t      *testing.T
	client *http.Client
}

func startDemo(t *testing.T, change ...func(*options)) *running {
	t.Helper()
	o := options{
		pageAddr: "127.0.0.1:0", apiAddr: "127.0.0.1:0", static: t.TempDir(), dist: t.TempDir(),
		accessTokenLifetime: time.Minute, refreshTokenLifetime: time.Hour,
		control: true, redirects: []string{"/", "/callback", "/second"},
	}
	for _, f := range change {
		f(&o)
	}
	require.NoError(t, os.WriteFile(filepath.Join(o.static, "index.html"), []byte("<title>page</title>"), 0o600))
	d, err := start(o)
	require.NoError(t, err)
	t.Cleanup(d.close)
	jar, err := cookiejar.New(nil)
	require.NoError(t, err)
	client := &http.Client{
		Jar: jar, Timeout: 20 * time.Second,
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	t.Cleanup(client.CloseIdleConnections)
	return &running{d, t, client}
}

// answer is a response with its body read.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (a answer) json(t *testing.T) map[string]any {
	t.Helper()
	var out map[string]any
	require.NoError(t, json.Unmarshal(a.body, &out), "status %d", a.status)
	return out
}

func (r *running) do(method, target string, body io.Reader, header ...string) (answer, error) {
	request, err := http.NewRequest(method, target, body)
	if err != nil {
		return answer{}, err
	}
	for i := 0; i < len(header); i += 2 {
		request.Header.Set(header[i], header[i+1])
	}
	response, err := r.client.Do(request)
	if err != nil {
		return answer{}, err
	}
	defer func() { _ = response.Body.Close() }()
	read, err := io.ReadAll(response.Body)
	return answer{response.StatusCode, response.Header, read}, err
}

func (r *running) get(target string, header ...string) answer {
	r.t.Helper()
	a, err := r.do(http.MethodGet, target, nil, header...)
	require.NoError(r.t, err)
	return a
}

func (r *running) tryPost(target string, form url.Values, header ...string) (answer, error) {
	header = append([]string{"Content-Type", "application/x-www-form-urlencoded"}, header...)
	return r.do(http.MethodPost, target, strings.NewReader(form.Encode()), header...)
}

func (r *running) post(target string, form url.Values, header ...string) answer {
	r.t.Helper()
	a, err := r.tryPost(target, form, header...)
	require.NoError(r.t, err)
	return a
}

// turn posts to a switch.
func (r *running) turn(name string, body map[string]any) {
	r.t.Helper()
	raw, err := json.Marshal(body)
	require.NoError(r.t, err)
	a, err := r.do(http.MethodPost, r.issuer+"/control/"+name, bytes.NewReader(raw), "Content-Type", "application/json")
	require.NoError(r.t, err)
	require.Equal(r.t, http.StatusOK, a.status, string(a.body))
}

func (r *running) requests() []entry {
	r.t.Helper()
	var list []entry
	require.NoError(r.t, json.Unmarshal(r.get(r.issuer+"/control/log").body, &list))
	return list
}

// tokens is a token endpoint's answer.
type tokens struct {
	status       int
	AccessToken  string `json:"access_token"`
	RefreshToken string `json:"refresh_token"`
	IDToken      string `json:"id_token"`
	ExpiresIn    int    `json:"expires_in"`
	Scope        string `json:"scope"`
	Error        string `json:"error"`
}

func (r *running) token(form url.Values) tokens {
	r.t.Helper()
	a := r.post(r.issuer+"/token", form)
	out := tokens{status: a.status}
	require.NoError(r.t, json.Unmarshal(a.body, &out), "status %d", a.status)
	return out
}

func (r *running) password() tokens {
	r.t.Helper()
	return r.token(url.Values{
		"grant_type": {"password"}, "client_id": {passwordClient}, "username": {"alice"}, "password": {"wonderland"}, "scope": {"openid profile api"},
	})
}

func refreshForm(client, token string) url.Values {
	return url.Values{"grant_type": {"refresh_token"}, "client_id": {client}, "refresh_token": {token}}
}

// me is the status of GET /api/me with the token.
func (r *running) me(token string) int {
	r.t.Helper()
	return r.get(r.issuer+"/api/me", "Authorization", "Bearer "+token).status
}

const (
	testVerifier = "a-verifier-of-forty-three-characters-or-more-0"
	testState    = "state-of-the-test"
	testNonce    = "nonce-of-the-test"
)

// authorizeURL is a complete request of the demo's client, with changes on top; an empty value takes one away.
func (r *running) authorizeURL(changes ...string) string {
	challenge := sha256.Sum256([]byte(testVerifier))
	query := url.Values{
		"client_id": {codeClient}, "response_type": {"code"}, "redirect_uri": {r.page + "/callback"}, "scope": {"openid profile api"},
		"state": {testState}, "nonce": {testNonce}, "code_challenge_method": {"S256"},
		"code_challenge": {base64.RawURLEncoding.EncodeToString(challenge[:])},
	}
	for i := 0; i < len(changes); i += 2 {
		query.Set(changes[i], changes[i+1])
		if changes[i+1] == "" {
			query.Del(changes[i])
		}
	}
	return r.issuer + "/authorize?" + query.Encode()
}

var alice = url.Values{"username": {"alice"}, "password": {"wonderland"}, "action": {"signin"}}

// redirected is the query of the address that the answer redirects to, on the page's origin.
func (r *running) redirected(a answer) url.Values {
	r.t.Helper()
	location := a.header.Get("Location")
	require.True(r.t, strings.HasPrefix(location, r.page+"/"), "status %d, location %q", a.status, location)
	u, err := url.Parse(location)
	require.NoError(r.t, err)
	return u.Query()
}

// signIn runs the code flow to its end.
func (r *running) signIn() tokens {
	r.t.Helper()
	return r.exchange(r.redirected(r.post(r.authorizeURL(), alice)).Get("code"), testVerifier)
}

func (r *running) exchange(code, verifier string) tokens {
	r.t.Helper()
	return r.token(url.Values{
		"grant_type": {"authorization_code"}, "client_id": {codeClient}, "code": {code},
		"redirect_uri": {r.page + "/callback"}, "code_verifier": {verifier},
	})
}
