package main

import (
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPreflight(t *testing.T) {
	r := run(t)
	const current = site + "/users/current"
	tests := []struct {
		name, origin, method, headers, path string
		allowed                             bool
	}{
		{"what a page needs", r.page, "GET", "accept,authorization,content-type,sap-commerce-cloud-user-id", current, true},
		{"in capitals", r.page, "PATCH", "Authorization, Content-Type", current, true},
		{"none", r.page, "DELETE", "", current, true},
		{"the shared page", r.shared, "GET", "authorization", current, true},
		{"a stranger", "http://127.0.0.1:1", "GET", "authorization", current, false},
		{"this machine by another name", "http://localhost:1", "GET", "", current, false},
		{"client marker", r.page, "POST", "authorization,cx-use-client-token", current, false},
		{"agent marker", r.page, "GET", "cx-use-csagent-token", current, false},
		{"our own marker", r.page, "GET", "latchkey-as", current, false},
		{"our own user id marker", r.page, "GET", "latchkey-user-id", current, false},
		{"a method", r.page, "TRACE", "", current, false},
		{"marker at the token endpoint", r.page, "POST", "latchkey-as", "/authorizationserver/oauth/token", false},
		{"marker at the agents' endpoints", r.page, "GET", "cx-use-csagent-token", "/assistedservicewebservices/customers/search", false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := r.do("OPTIONS", tt.path, "", "Origin", tt.origin, "Access-Control-Request-Method", tt.method, "Access-Control-Request-Headers", tt.headers)
			e := r.last()
			assert.Equal(t, []string{"OPTIONS", tt.origin}, []string{e.Method, e.Origin}, "recorded")
			if tt.allowed {
				assert.Equal(t, http.StatusNoContent, a.status)
				assert.Equal(t, tt.origin, a.header.Get("Access-Control-Allow-Origin"))
			} else {
				assert.Equal(t, http.StatusForbidden, a.status)
				assert.Empty(t, a.header.Get("Access-Control-Allow-Origin"))
			}
		})
	}
	r.do("OPTIONS", current, "", "Origin", r.page, "Access-Control-Request-Method", "GET", "Access-Control-Request-Headers", "authorization, latchkey-as")
	assert.Equal(t, []string{"authorization", "latchkey-as"}, r.last().Asked)
}

func TestCrossOriginAnswers(t *testing.T) {
	r := run(t)
	stranger := "http://127.0.0.1:1"
	a := r.as("x", "GET", site+"/users/current", "", "Origin", r.page)
	assert.Equal(t, r.page, a.header.Get("Access-Control-Allow-Origin"), "a page can read an error")
	assert.Empty(t, a.header.Get("Access-Control-Allow-Credentials"))
	assert.Empty(t, a.header.Get("Access-Control-Expose-Headers"), "but not its WWW-Authenticate")
	r.set("exposeChallenge", true)
	assert.Equal(t, "WWW-Authenticate", r.as("x", "GET", site+"/users/current", "", "Origin", r.page).header.Get("Access-Control-Expose-Headers"))

	csrf := r.do("GET", "/authorizationserver/csrf", "", "Origin", r.page)
	assert.Equal(t, "true", csrf.header.Get("Access-Control-Allow-Credentials"))

	require.Equal(t, http.StatusForbidden, r.as(r.alice().AccessToken, "GET", site+"/users/current", "", "Origin", stranger).status)
	assert.Empty(t, r.last().Subject, "it did not run")
	r.set("origins", []string{stranger})
	assert.Equal(t, http.StatusOK, r.as(r.alice().AccessToken, "GET", site+"/users/current", "", "Origin", stranger).status)

	r.turn("fault", map[string]any{"endpoint": "occ", "mode": "503"})
	a = r.as("x", "GET", site+"/users/current", "", "Origin", r.page)
	assert.Equal(t, []any{503, r.page}, []any{a.status, a.header.Get("Access-Control-Allow-Origin")}, "a page can read a fault")
}

func TestOnlyUnderItsOwnName(t *testing.T) {
	r := run(t)
	request, _ := http.NewRequest("GET", r.origin+"/occ/v2/basesites", nil)
	request.Host = "rebound.example"
	response, err := r.client.Do(request)
	require.NoError(t, err)
	_ = response.Body.Close()
	assert.Equal(t, http.StatusMisdirectedRequest, response.StatusCode)
}
