package main

import (
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const verifier = "a-verifier-of-forty-three-characters-or-more-0"

// request is the public client's, with changes on top; an empty value takes one away.
func (r *running) request(changes ...string) string {
	query := url.Values{
		"client_id": {"mobile_android_public"}, "response_type": {"code"}, "redirect_uri": {r.page + "/callback"}, "state": {"the-state"},
		"code_challenge": {s256(verifier)}, "code_challenge_method": {"S256"},
	}
	for i := 0; i < len(changes); i += 2 {
		query.Set(changes[i], changes[i+1])
		if changes[i+1] == "" {
			query.Del(changes[i])
		}
	}
	return "/authorizationserver/oauth/authorize?" + query.Encode()
}

func (r *running) location(a answer) *url.URL {
	r.t.Helper()
	require.Equal(r.t, http.StatusFound, a.status, a.body)
	u, err := url.Parse(a.header.Get("Location"))
	require.NoError(r.t, err)
	return u
}

// csrfToken is what an app's own login page asks for.
func (r *running) csrfToken() string {
	r.t.Helper()
	a := r.do("GET", "/authorizationserver/csrf", "", "Origin", r.page)
	require.Equal(r.t, http.StatusOK, a.status)
	body := read[map[string]string](r.t, a)
	assert.Equal(r.t, []string{"X-CSRF-TOKEN", "_csrf"}, []string{body["headerName"], body["parameterName"]})
	return body["token"]
}

func (r *running) submit(name, password, csrf string) answer {
	r.t.Helper()
	return r.form("/authorizationserver/login", url.Values{"username": {name}, "password": {password}, "_csrf": {csrf}}, "Origin", r.page)
}

// cookie is that of the server's session.
func (r *running) cookie() string {
	r.t.Helper()
	u, _ := url.Parse(r.origin + "/authorizationserver/")
	require.Len(r.t, r.client.Jar.Cookies(u), 1)
	return r.client.Jar.Cookies(u)[0].Value
}

// isDead checks that the cookie stands for nobody any more.
func (r *running) isDead(cookie string) {
	r.t.Helper()
	mine := r.client
	r.client = r.browser()
	assert.Equal(r.t, http.StatusUnauthorized, r.do("GET", "/authorizationserver/csrf", "", "Cookie", cookieName+"="+cookie).status)
	r.client = mine
}

// code signs in where need be and comes back with a code.
func (r *running) code(name, password string, changes ...string) string {
	r.t.Helper()
	to := r.location(r.do("GET", r.request(changes...), ""))
	if !to.Query().Has("code") {
		to = r.location(r.do("GET", r.location(r.submit(name, password, r.csrfToken())).String(), ""))
	}
	assert.Equal(r.t, r.page+"/callback", to.Scheme+"://"+to.Host+to.Path)
	assert.Equal(r.t, "the-state", to.Query().Get("state"))
	require.NotEmpty(r.t, to.Query().Get("code"), to.RawQuery)
	return to.Query().Get("code")
}

func (r *running) redeem(code string, pairs ...string) got {
	r.t.Helper()
	form := []string{
		"client_id", "mobile_android_public", "client_secret", "", "grant_type", "authorization_code", "code", code,
		"redirect_uri", r.page + "/callback", "code_verifier", verifier,
	}
	return r.tokenFor(append(form, pairs...)...)
}

func TestCodeFlow(t *testing.T) {
	r := run(t)
	code := r.code("alice", "wonderland")
	a := r.redeem(code)
	require.Equal(t, http.StatusOK, a.status, a.Description)
	assert.Equal(t, http.StatusOK, r.as(a.AccessToken, "GET", site+"/users/c-alice", "").status)
	assert.Equal(t, "invalid_grant", r.redeem(code).Error, "once")
	again := r.tokenFor("client_id", "mobile_android_public", "client_secret", "", "grant_type", "refresh_token", "refresh_token", a.RefreshToken)
	assert.Equal(t, http.StatusOK, again.status)

	assert.Equal(t, "Wrong code verifier", r.redeem(r.code("", ""), "code_verifier", verifier+"x").Description, "no form this time: the server knows who it is")
	assert.Equal(t, "invalid_grant", r.redeem(r.code("", ""), "redirect_uri", r.page+"/other").Error)
	assert.Equal(t, "invalid_grant", r.redeem(r.code("", ""), "client_id", "asm_client").Error)
	late := r.code("", "")
	r.ahead(301 * time.Second)
	assert.Contains(t, r.redeem(late).Description, "Expired authorization code")

	agent := r.redeem(r.code("agent", "support", "client_id", "asm_client", "prompt", "login"), "client_id", "asm_client")
	require.Equal(t, http.StatusOK, agent.status)
	assert.Equal(t, http.StatusOK, r.as(agent.AccessToken, "GET", site+"/users/c-alice", "").status)
}

func TestAuthorizeErrors(t *testing.T) {
	r := run(t)
	tests := []struct {
		name    string
		changes []string
		problem string // "": shown, not returned
	}{
		{"unknown client", []string{"client_id", "x"}, ""},
		{"unknown return origin", []string{"redirect_uri", "http://127.0.0.1:1/callback"}, ""},
		{"return address with a fragment", []string{"redirect_uri", r.page + "/callback#x"}, ""},
		{"no PKCE", []string{"code_challenge", "", "code_challenge_method", ""}, "invalid_request"},
		{"plain PKCE", []string{"code_challenge_method", "plain"}, "invalid_request"},
		{"PKCE of no method", []string{"code_challenge_method", ""}, "invalid_request"},
		{"plain PKCE of the classic client", []string{"client_id", "mobile_android", "code_challenge_method", "plain"}, "invalid_request"},
		{"response type", []string{"response_type", "id_token"}, "unsupported_response_type"},
		{"scope", []string{"scope", "admin"}, "invalid_scope"},
		{"nobody there and no asking", []string{"prompt", "none"}, "login_required"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := r.do("GET", r.request(tt.changes...), "")
			if tt.problem == "" {
				assert.Equal(t, http.StatusBadRequest, a.status)
				return
			}
			query := r.location(a).Query()
			assert.Equal(t, []string{tt.problem, "the-state"}, []string{query.Get("error"), query.Get("state")})
		})
	}
	assert.Equal(t, "error=unauthorized_client&state=the-state", r.location(r.do("GET", r.request("response_type", "token"), "")).Fragment)
	assert.Contains(t, r.location(r.do("GET", r.request("client_id", "mobile_android", "code_challenge", "", "code_challenge_method", ""), "")).Path, "/login", "the classic client may do without PKCE")
}

func TestImplicit(t *testing.T) {
	r := run(t)
	r.code("alice", "wonderland")
	fragment := r.location(r.do("GET", r.request("client_id", "mobile_android", "response_type", "token"), "")).Fragment
	values, err := url.ParseQuery(fragment)
	require.NoError(t, err)
	assert.Equal(t, http.StatusOK, r.as(values.Get("access_token"), "GET", site+"/users/current", "").status)
	assert.Equal(t, []string{"the-state", "bearer", "43199"}, []string{values.Get("state"), values.Get("token_type"), values.Get("expires_in")})
}

func TestOwnForm(t *testing.T) {
	r := run(t)
	to := r.location(r.do("GET", r.request(), ""))
	assert.Equal(t, "/authorizationserver/login", to.Path)
	form := func() (answer, string) {
		a := r.do("GET", "/authorizationserver/login", "")
		return a, regexp.MustCompile(`name="_csrf" value="([^"]+)"`).FindStringSubmatch(a.body)[1]
	}
	_, csrf := form()
	wrong := r.location(r.submit("alice", "no", csrf))
	assert.Equal(t, "/authorizationserver/login?error=bad_credentials", wrong.String())
	assert.Contains(t, r.do("GET", wrong.String(), "").body, "bad_credentials")
	assert.Equal(t, "account_disabled", r.location(r.submit("dora", "locked", csrf)).Query().Get("error"))
	assert.Equal(t, http.StatusFound, r.submit("alice", "wonderland", csrf).status)
	_, csrf = form()
	assert.Equal(t, r.page+"/", r.location(r.submit("alice", "wonderland", csrf)).String(), "nowhere to go on to")
	r.client = r.browser()
	assert.Equal(t, http.StatusFound, r.do("GET", "/authorizationserver/login", "").status, "begins a session first")
	assert.Equal(t, http.StatusOK, r.do("GET", "/authorizationserver/login", "").status)
}

func TestAppsOwnLoginPage(t *testing.T) {
	r := run(t)
	r.set("loginPage", r.page+"/login?lang=en")
	assert.Equal(t, http.StatusUnauthorized, r.do("GET", "/authorizationserver/csrf", "", "Origin", r.page).status, "nobody was sent to sign in")
	to := r.location(r.do("GET", r.request(), ""))
	assert.Equal(t, r.page+"/login?lang=en", to.String())
	csrf := r.csrfToken()
	assert.Equal(t, csrf, r.csrfToken())
	assert.Equal(t, http.StatusForbidden, r.submit("alice", "wonderland", "x").status)
	assert.Equal(t, http.StatusForbidden, r.submit("alice", "wonderland", "").status)
	wrong := r.location(r.submit("alice", "no", csrf))
	assert.Equal(t, r.page+"/login?error=bad_credentials&lang=en", wrong.String())

	r.turn("sessions", map[string]any{"do": "csrf"})
	assert.Equal(t, http.StatusForbidden, r.submit("alice", "wonderland", csrf).status, "the form is too old")
	cookies := func() string {
		u, _ := url.Parse(r.origin + "/authorizationserver/")
		return r.client.Jar.Cookies(u)[0].Value
	}
	before := cookies()
	saved := r.location(r.submit("alice", "wonderland", r.csrfToken()))
	assert.True(t, strings.HasPrefix(saved.Path, "/authorizationserver/oauth/authorize"))
	assert.NotEqual(t, before, r.cookie(), "a new name for the session")
	r.isDead(before)
	assert.NotEmpty(t, r.location(r.do("GET", saved.String(), "")).Query().Get("code"))
	assert.Equal(t, []string{"alice", "customer"}, []string{r.last().Actor, r.last().Kind})

	r.turn("sessions", map[string]any{"do": "end"})
	assert.Equal(t, http.StatusUnauthorized, r.do("GET", "/authorizationserver/csrf", "", "Origin", r.page).status)
	assert.Equal(t, r.page+"/login?lang=en", r.location(r.do("GET", r.request(), "")).String())
	assert.Equal(t, "login_required", r.location(r.do("GET", r.request("prompt", "none"), "")).Query().Get("error"))
}

func TestSharedLoginPage(t *testing.T) {
	r := run(t)
	r.set("loginPage", r.shared+"/login")
	assert.Equal(t, r.shared+"/login", r.location(r.do("GET", r.request(), "")).String())
	page := r.do("GET", r.shared+"/login", "")
	assert.Contains(t, page.body, `action="`+r.origin+`/authorizationserver/login"`)
	assert.Contains(t, page.body, `await fetch("`+r.origin+`" +`)
	assert.Equal(t, http.StatusOK, r.do("GET", "/authorizationserver/csrf", "", "Origin", r.shared).status)
	back := r.location(r.do("GET", r.location(r.submit("alice", "wonderland", r.csrfToken())).String(), ""))
	assert.Equal(t, r.page, back.Scheme+"://"+back.Host, "where it came from")
}

func TestServerLogout(t *testing.T) {
	r := run(t)
	r.code("alice", "wonderland")
	before := r.cookie()
	to := r.location(r.do("GET", "/authorizationserver/logout?state=bye&post_logout_redirect_uri="+url.QueryEscape(r.page+"/out"), ""))
	assert.Equal(t, r.page+"/out?state=bye", to.String())
	r.isDead(before)
	assert.Equal(t, "login_required", r.location(r.do("GET", r.request("prompt", "none"), "")).Query().Get("error"))
	r.code("alice", "wonderland")
	assert.Equal(t, http.StatusOK, r.do("GET", "/authorizationserver/logout?post_logout_redirect_uri=http://127.0.0.1:1/", "").status, "not to a stranger")
}
