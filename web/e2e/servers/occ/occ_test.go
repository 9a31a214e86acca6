package main

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestWhoMayDoWhatForWhom(t *testing.T) {
	r := run(t)
	tokens := map[string]string{
		"nobody": "", "client": r.own().AccessToken, "alice": r.alice().AccessToken, "agent": r.agent().AccessToken,
		"isolated alice": r.password("alice|isolated-spa", "looking-glass").AccessToken,
	}
	actors := map[string]string{"client": "mobile_android", "alice": "alice", "agent": "agent", "isolated alice": "alice|isolated-spa"}
	const isolated = "/occ/v2/isolated-spa"
	tests := []struct {
		name, by, path string
		status         int
		subject        string // or the error's type
	}{
		{"nobody for anonymous", "nobody", site + "/users/anonymous/carts", 200, "anonymous"},
		{"nobody for current", "nobody", site + "/users/current", 401, "UnauthorizedError"},
		{"nobody for a customer", "nobody", site + "/users/c-bob", 401, "UnauthorizedError"},
		{"AS-08: a client for anonymous", "client", site + "/users/anonymous/carts", 200, "anonymous"},
		{"AS-08: a client for current", "client", site + "/users/current", 403, "ForbiddenError"},
		{"AS-08: a client for a customer", "client", site + "/users/c-alice", 403, "ForbiddenError"},
		{"a customer for current", "alice", site + "/users/current", 200, "alice"},
		{"a customer for their id", "alice", site + "/users/c-alice", 200, "alice"},
		{"a customer for their name", "alice", site + "/users/alice/addresses", 200, "alice"},
		{"a customer for another", "alice", site + "/users/c-bob", 403, "ForbiddenError"},
		{"a customer for an unknown id", "alice", site + "/users/c-nobody", 403, "ForbiddenError"},
		{"a customer for anonymous", "alice", site + "/users/anonymous/carts", 403, "ForbiddenError"},
		{"AS-01: an agent for a customer", "agent", site + "/users/c-bob", 200, "bob"},
		{"AS-01: an agent for a customer's carts", "agent", site + "/users/c-alice/carts", 200, "alice"},
		{"an agent for themselves", "agent", site + "/users/current", 200, "agent"},
		{"an agent for anonymous", "agent", site + "/users/anonymous/carts", 200, "anonymous"},
		{"an agent for another agent", "agent", site + "/users/a-agent2", 403, "ForbiddenError"},
		{"AS-05: an agent for an unknown id", "agent", site + "/users/c-nobody", 400, "UnknownIdentifierError"},
		{"an agent at an isolated site", "agent", isolated + "/users/c-carol", 200, "carol|isolated-spa"},
		{"an agent for somebody of an isolated site, elsewhere", "agent", site + "/users/c-carol", 400, "UnknownIdentifierError"},
		{"an agent for somebody who is not of an isolated site", "agent", isolated + "/users/c-bob", 400, "UnknownIdentifierError"},
		{"S80: a customer at an isolated site", "alice", isolated + "/users/current", 403, "ForbiddenError"},
		{"S80: a customer of an isolated site", "isolated alice", isolated + "/users/current", 200, "alice|isolated-spa"},
		{"S80: a customer of an isolated site, elsewhere", "isolated alice", site + "/users/current", 403, "ForbiddenError"},
		{"unknown site", "alice", "/occ/v2/x/users/current", 400, "UnknownIdentifierError"},
		{"unknown path", "alice", site + "/nothing", 404, "UnknownResourceError"},
		{"products for nobody", "nobody", site + "/products/search", 200, "anonymous"},
		{"products for a customer", "alice", site + "/products/search", 200, "alice"},
		{"agent's search by nobody", "nobody", "/assistedservicewebservices/customers/search", 401, "UnauthorizedError"},
		{"agent's search by a client", "client", "/assistedservicewebservices/customers/search", 403, "ForbiddenError"},
		{"agent's search by a customer", "alice", "/assistedservicewebservices/customers/search", 403, "ForbiddenError"},
		{"agent's search by an agent", "agent", "/assistedservicewebservices/customers/search?baseSite=electronics-spa&query=ali", 200, "agent"},
		{"agent's lists by an agent", "agent", "/assistedservicewebservices/customer-lists?baseSite=electronics-spa", 200, "agent"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			a := r.as(tokens[tt.by], "GET", tt.path, "")
			require.Equal(t, tt.status, a.status, a.body)
			e := r.last()
			assert.Equal(t, tt.status, e.Status)
			assert.Equal(t, actors[tt.by], e.Actor)
			if tt.status == http.StatusOK {
				body := read[map[string]any](t, a)
				assert.Equal(t, tt.subject, e.Subject)
				assert.Equal(t, tt.subject, body["who"])
			} else {
				kind, _ := r.problem(a)
				assert.Equal(t, tt.subject, kind)
				assert.Empty(t, e.Subject, "it ran for nobody")
			}
		})
	}
}

func TestUserIDHeader(t *testing.T) {
	r := run(t)
	const header = "sap-commerce-cloud-user-id"
	agent, alice := r.agent().AccessToken, r.alice().AccessToken
	assert.Equal(t, 200, r.as(agent, "GET", site+"/products/search", "", header, "c-bob").status)
	e := r.last()
	assert.Equal(t, []string{"agent", "bob", "c-bob"}, []string{e.Actor, e.Subject, e.UserID})
	assert.Equal(t, 403, r.as(alice, "GET", site+"/products/search", "", header, "c-bob").status)
	assert.Equal(t, 200, r.as(alice, "GET", site+"/products/search", "", header, "c-alice").status)
}

func TestBadTokens(t *testing.T) {
	for _, tt := range []struct {
		kind     string
		messages bool
	}{{"InvalidTokenError", true}, {"InvalidTokenError", false}, {"InvalidBearerTokenError", true}, {"InvalidBearerTokenError", false}} {
		r := run(t)
		r.set("invalidToken", tt.kind)
		r.set("tokenInMessages", tt.messages)
		check := func(token, words string) {
			t.Helper()
			for _, path := range []string{site + "/users/current", site + "/users/anonymous/carts", "/occ/v2/basesites", "/assistedservicewebservices/customers/search"} {
				a := r.as(token, "GET", path, "")
				require.Equal(t, http.StatusUnauthorized, a.status, path)
				kind, message := r.problem(a)
				if tt.messages {
					assert.Equal(t, words+": "+token, message)
				} else {
					assert.Equal(t, words, message)
				}
				assert.Equal(t, tt.kind, kind)
				assert.Equal(t, `Bearer realm="hybris", error="invalid_token", error_description="`+message+`"`, a.header.Get("WWW-Authenticate"))
			}
		}
		token := r.alice().AccessToken
		check("unknown", "Invalid access token")
		assert.Equal(t, "unknown", r.last().Stands)
		r.turn("expire", nil)
		check(token, "Access token expired")
		assert.Equal(t, []string{"expired", "alice"}, []string{r.last().Stands, r.last().Actor})
		r.turn("revoke", map[string]any{"user": "alice"})
		check(token, "Invalid access token")
		assert.Equal(t, http.StatusOK, r.do("GET", "/occ/v2/basesites", "").status, "without one")
	}
}

func TestXML(t *testing.T) {
	r := run(t)
	token := r.alice().AccessToken
	tests := []struct {
		mode, accept string
		xml          bool
	}{
		{"default", "application/json", false}, {"default", "application/json, text/plain, */*", false}, {"default", "", true},
		{"default", "*/*", true}, {"default", "application/xml", true},
		{"asked", "*/*", false}, {"asked", "", false}, {"asked", "application/json", false}, {"asked", "application/xml", true},
		{"never", "*/*", false}, {"never", "application/xml", false},
	}
	for _, tt := range tests {
		t.Run(tt.mode+" "+tt.accept, func(t *testing.T) {
			r.set("xml", tt.mode)
			good := r.as(token, "GET", site+"/users/current", "", "Accept", tt.accept)
			bad := r.as("x", "GET", site+"/users/current", "", "Accept", tt.accept)
			for _, a := range []answer{good, bad} {
				assert.Equal(t, map[bool]string{true: "application/xml", false: "application/json"}[tt.xml], a.header.Get("Content-Type"))
				assert.Equal(t, tt.xml, strings.HasPrefix(a.body, "<?xml"))
			}
			if tt.xml {
				assert.Contains(t, good.body, "<customerId>c-alice</customerId>")
				assert.Contains(t, bad.body, "<errorList><errors><message>Invalid access token: x</message><type>InvalidTokenError</type></errors></errorList>")
			}
		})
	}
}

func TestProfileAndAddresses(t *testing.T) {
	r := run(t)
	alice, agent := r.alice().AccessToken, r.agent().AccessToken
	require.Equal(t, 200, r.as(alice, "PATCH", site+"/users/current", `{"lastName":"Carroll"}`).status)
	assert.Equal(t, "Carroll", read[map[string]any](t, r.as(agent, "GET", site+"/users/c-alice", ""))["lastName"])

	a := r.as(alice, "POST", site+"/users/current/addresses", `{"firstName":"Alice","line1":"1 Hole Lane"}`)
	require.Equal(t, 400, a.status)
	errors := read[struct{ Errors []map[string]string }](t, a).Errors
	require.Len(t, errors, 3, "one for each field")
	assert.Equal(t, map[string]string{"type": "ValidationError", "message": "This field is required.", "reason": "missing", "subject": "lastName", "subjectType": "parameter"}, errors[0])

	whole := `{"firstName":"Alice","lastName":"Liddell","line1":"1 Hole Lane","town":"Oxford","postalCode":"OX1"}`
	a = r.as(agent, "POST", site+"/users/c-alice/addresses", whole)
	require.Equal(t, 201, a.status)
	body := read[map[string]any](t, a)
	assert.Equal(t, []any{"alice", "agent"}, []any{body["who"], body["actor"]})
	assert.Len(t, read[map[string]any](t, r.as(alice, "GET", site+"/users/current/addresses", ""))["addresses"], 1)
	kind, _ := r.problem(r.as(alice, "POST", site+"/users/current/addresses", `[`))
	assert.Equal(t, "HttpMessageNotReadableError", kind)
}

func TestCarts(t *testing.T) {
	r := run(t)
	alice := r.alice().AccessToken
	guid := read[cartBody](t, r.do("POST", site+"/users/anonymous/carts", "")).GUID
	require.Equal(t, 200, r.do("POST", site+"/users/anonymous/carts/"+guid+"/entries", "{}").status)
	assert.Equal(t, 400, r.as(alice, "GET", site+"/users/current/carts/"+guid, "").status, "not theirs yet")
	merged := read[cartBody](t, r.as(alice, "POST", site+"/users/current/carts?oldCartId="+guid, ""))
	assert.Equal(t, 1, merged.Entries)
	assert.Equal(t, 1, read[cartBody](t, r.as(alice, "GET", site+"/users/current/carts/current", "")).Entries)
	assert.Equal(t, 400, r.do("GET", site+"/users/anonymous/carts/"+guid, "").status, "it went over")
	assert.Equal(t, 400, r.do("GET", site+"/users/anonymous/carts/"+merged.GUID, "").status, "and is not public")

	kind, _ := r.problem(r.as(r.agent().AccessToken, "POST", site+"/users/c-bob/carts?oldCartId="+merged.GUID, ""))
	assert.Equal(t, "CartError", kind, "another customer's")

	other := read[cartBody](t, r.do("POST", site+"/users/anonymous/carts", "")).GUID
	bound := r.as(r.agent().AccessToken, "POST", "/assistedservicewebservices/bind-cart?baseSite=electronics-spa&customerId=c-alice&cartId="+other, "")
	assert.Equal(t, 200, bound.status)
	assert.Len(t, read[map[string]any](t, r.as(alice, "GET", site+"/users/current/carts", ""))["carts"], 2)
}

type cartBody struct {
	GUID    string
	Entries int
}

func TestRegister(t *testing.T) {
	r := run(t)
	body := func(uid string) string {
		return `{"uid":"` + uid + `","password":"secret-of-eve","firstName":"Eve","lastName":"New"}`
	}
	own, alice := r.own().AccessToken, r.alice().AccessToken
	register := func(token, at, uid string) int { return r.as(token, "POST", at+"/users", body(uid)).status }
	assert.Equal(t, 401, register("", site, "eve"))
	assert.Equal(t, 403, register(alice, site, "eve"))
	assert.Equal(t, 201, register(own, site, "eve"))
	assert.Equal(t, []string{"client", "mobile_android", "anonymous"}, []string{r.last().Kind, r.last().Actor, r.last().Subject})
	assert.Equal(t, 400, register(own, site, "eve"), "twice")
	assert.Equal(t, 201, register(own, "/occ/v2/isolated-spa", "eve"), "another eve")
	assert.Equal(t, 200, r.password("eve", "secret-of-eve").status)
	assert.Equal(t, 200, r.password("eve|isolated-spa", "secret-of-eve").status)
	r.set("anonymousNeedsClient", false)
	assert.Equal(t, 201, register("", site, "eva"))
	assert.Equal(t, 201, register(own, site, "evi"))
	assert.Equal(t, 403, register(alice, site, "evo"))
}

func TestOneTimePassword(t *testing.T) {
	r := run(t)
	send := func(token, at, loginID, password string) answer {
		return r.as(token, "POST", at+"/users/anonymous/verificationToken", `{"purpose":"LOGIN","loginId":"`+loginID+`","password":"`+password+`"}`)
	}
	own := r.own().AccessToken
	id := func(a answer) string {
		require.Equal(t, 201, a.status, a.body)
		return read[struct{ TokenID string }](t, a).TokenID
	}
	code := func() string {
		mail := read[[]map[string]string](t, r.do("GET", "/control/mail", ""))
		return mail[len(mail)-1]["code"]
	}
	assert.Equal(t, 401, send("", site, "alice", "wonderland").status)
	assert.Equal(t, 400, send(own, site, "alice", "no").status)
	first := id(send(own, site, "alice", "wonderland"))
	assert.Equal(t, "Bad credentials", r.password(first, "no").Description)
	require.Equal(t, 200, r.password(first, code()).status)
	assert.Equal(t, "alice", r.last().Actor)
	assert.Equal(t, 400, r.password(first, code()).status, "once")

	isolated := id(send(own, "/occ/v2/isolated-spa", "alice", "looking-glass"))
	require.Equal(t, 200, r.password(isolated, code()).status, "S80: its id has no site")
	assert.Equal(t, "alice|isolated-spa", r.last().Actor)

	r.set("anonymousNeedsClient", false)
	late := id(send("", site, "bob", "builder"))
	r.ahead(301 * time.Second)
	assert.Equal(t, 400, r.password(late, code()).status, "too late")
}
