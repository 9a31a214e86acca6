package spartacus_test

import (
	"fmt"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/session"
	"latchkey/core/spartacus"
)

var now = time.UnixMilli(1_790_000_000_000)

const (
	// As @spartacus/core 4.3.8 and angular-oauth2-oidc 10.0.3 leave it after a sign-in by password.
	token    = `{"access_token":"at","granted_scopes":["basic openid"],"access_token_stored_at":"1789999000000","expires_at":"1790042199000","token_type":"bearer"}`
	setAside = `{"access_token":"own","access_token_stored_at":"1789998000000","expires_at":"1790041199000","token_type":"bearer"}`
	agent    = `{"ui":{"collapsed":false},"tokenTarget":"CSAgent"}`
	nobody   = `{"ui":{"collapsed":false},"tokenTarget":"User"}`
)

func auth(token, user string) string {
	return fmt.Sprintf(`{"token":%s,"userId":%q,"redirectUrl":"/electronics-spa/en/USD/product/1"}`, token, user)
}

// in returns a store with the two records; "" is one that is not there.
func in(auth, asm string) func(string) (string, bool) {
	stored := map[string]string{spartacus.AuthKey: auth, spartacus.ASMKey: asm}
	return func(key string) (string, bool) {
		text := stored[key]
		return text, text != ""
	}
}

func TestTheKeysAreThoseOfTheStorefront(t *testing.T) {
	assert.Equal(t, "spartacus⚿⚿auth", spartacus.AuthKey)
	assert.Equal(t, "spartacus⚿⚿asm", spartacus.ASMKey)
}

// The golden record is compared with what the published package stores in
// web/e2e/spartacus.test.mjs.
func TestS60TheGoldenRecordIsRead(t *testing.T) {
	text, err := os.ReadFile("testdata/auth.json")
	require.NoError(t, err)
	left := spartacus.Read(in(string(text), ""), now)
	assert.Equal(t, "golden", left.Customer.Access.Expose())
	assert.Equal(t, int64(1_790_042_199_000), left.Customer.ExpiresAt.UnixMilli())
}

func TestS60TheCustomersTokenIsTakenWhole(t *testing.T) {
	left := spartacus.Read(in(auth(token, "current"), ""), now)
	c := left.Customer
	assert.Equal(t, "at", c.Access.Expose())
	assert.Equal(t, "Bearer", c.Type)
	assert.Equal(t, []string{"basic", "openid"}, c.Scope)
	assert.Equal(t, int64(1_789_999_000_000), c.IssuedAt.UnixMilli())
	assert.Equal(t, int64(1_790_042_199_000), c.ExpiresAt.UnixMilli())
	assert.True(t, c.Refresh.Empty())
	assert.Equal(t, session.Tokens{}, left.Agent)
	assert.Empty(t, left.Emulated)
	assert.Equal(t, "/electronics-spa/en/USD/product/1", left.Page)
}

// Whose a token is: the customer's, an agent's, or nobody knows.
func TestS81WhoseATokenIs(t *testing.T) {
	emulatedToken := strings.TrimSuffix(agent, "}") + `,"emulatedUserToken":` + setAside + `}`
	sameToken := strings.TrimSuffix(agent, "}") + `,"emulatedUserToken":` + token + `}`
	overToken := strings.Replace(token, "1790042199000", "1789999999999", 1)
	tests := []struct {
		name, auth, asm, customer, agent, emulated string
	}{
		{"nothing was left", "", "", "", "", ""},
		{"a customer, without assisted service", auth(token, "current"), "", "at", "", ""},
		{"a customer, with assisted service", auth(token, "current"), nobody, "at", "", ""},
		{"a customer, where assisted service was never used", auth(token, "current"), `{"ui":{}}`, "at", "", ""},
		{"nobody", auth("{}", "anonymous"), nobody, "", "", ""},
		{"a customer who is signing out", auth(token, "anonymous"), nobody, "", "", ""},
		{"a guest", auth(token, "guest"), nobody, "", "", ""},
		{"no user id", `{"token":` + token + `}`, nobody, "", "", ""},
		{"a user id of another type", `{"token":` + token + `,"userId":1}`, nobody, "", "", ""},
		{"a customer's own id, without an agent", auth(token, "c-1"), nobody, "", "", ""},
		{"a customer's own id, without assisted service", auth(token, "c-1"), "", "", "", ""},
		{"a token set aside that was forgotten there", auth(token, "current"), strings.Replace(emulatedToken, "CSAgent", "User", 1), "at", "", ""},
		{"AS-01 an agent who acts for somebody", auth(token, "c-1"), agent, "", "at", "c-1"},
		{"an agent who acts for nobody", auth(token, "anonymous"), agent, "", "at", ""},
		{"AS-03 an agent, and the customer's own token", auth(token, "c-1"), emulatedToken, "own", "at", "c-1"},
		{"S83 an agent whose token is over, and the customer's own", auth(overToken, "c-1"), emulatedToken, "own", "", ""},
		{"S83 an agent, and the customer's own token is over", auth(token, "c-1"), strings.Replace(emulatedToken, "1790041199000", "1", 1), "", "at", "c-1"},
		{"AS-03 an agent who is signing in while the customer's token is still there", auth(token, "current"), agent, "", "", ""},
		{"AS-03 the same, with a token from before", auth(token, "current"), emulatedToken, "", "", ""},
		{"one token for both", auth(token, "c-1"), sameToken, "", "", ""},
		{"an agent who acts for a guest", auth(token, "guest"), agent, "", "", ""},
		{"AS-05 a customer's id with a line break", auth(token, "c\n1"), agent, "", "", ""},
		{"AS-05 a customer's id with a space", auth(token, "c 1"), agent, "", "", ""},
		{"AS-05 a customer's id that no header can carry", auth(token, "ü"), agent, "", "", ""},
		{"AS-05 a customer's id that is too long", auth(token, strings.Repeat("c", 256)), agent, "", "", ""},
		{"an agent without a user id", `{"token":` + token + `}`, agent, "", "", ""},
		{"an unknown owner", auth(token, "current"), `{"tokenTarget":"Robot"}`, "", "", ""},
		{"an owner of another type", auth(token, "current"), `{"tokenTarget":["CSAgent"]}`, "", "", ""},
		{"an owner of null", auth(token, "current"), `{"tokenTarget":null}`, "", "", ""},
		{"an owner that can't be read", auth(token, "current"), `{"tokenTarget":"CSAgent"`, "", "", ""},
		{"an owner that is named twice", auth(token, "current"), `{"tokenTarget":"CSAgent","tokenTarget":"User"}`, "", "", ""},
		{"assisted service as a list", auth(token, "current"), `[]`, "", "", ""},
		{"a record that can't be read", `{"token":`, agent, "", "", ""},
		{"a record that is no object", `"x"`, "", "", "", ""},
		{"a token that is no object", auth(`"at"`, "current"), "", "", "", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			left := spartacus.Read(in(tt.auth, tt.asm), now)
			assert.Equal(t, tt.customer, left.Customer.Access.Expose(), "the customer's")
			assert.Equal(t, tt.agent, left.Agent.Access.Expose(), "the agent's")
			assert.Equal(t, tt.emulated, left.Emulated)
			if tt.customer == "" {
				assert.Equal(t, session.Tokens{}, left.Customer, "half of one")
			}
			if tt.agent == "" {
				assert.Equal(t, session.Tokens{}, left.Agent, "half of one")
			}
		})
	}
}

// What is malformed is left out with all that came with it.
func TestS60ATokenIsNeverHalfTaken(t *testing.T) {
	of := func(members string) string { return auth(`{"access_token":"at"`+members+`}`, "current") }
	const dateEnd = "8640000000000000"
	tests := []struct {
		name, members string
		taken         bool
	}{
		{"a token alone", ``, true},
		{"an expiry as a number", `,"expires_at":1790000000001`, true},
		{"an expiry as text", `,"expires_at":"1790000000001"`, true},
		{"the last expiry of a Date", `,"expires_at":` + dateEnd, true},
		{"an expiry that is now", `,"expires_at":"1790000000000"`, false},
		{"an expiry that was", `,"expires_at":"1789999999999"`, false},
		{"no number", `,"expires_at":"NaN"`, false},
		{"a number in another way", `,"expires_at":"+1790000000001"`, false},
		{"a number and more", `,"expires_at":"1790000000001 "`, false},
		{"an empty expiry", `,"expires_at":""`, false},
		{"an expiry below zero", `,"expires_at":-1`, false},
		{"an expiry of zero", `,"expires_at":0`, false},
		{"an expiry that is no whole number", `,"expires_at":1790000000001.5`, false},
		{"later than a Date can be", `,"expires_at":8640000000000001`, false},
		{"later than a number can be", `,"expires_at":"99999999999999999999"`, false},
		{"an expiry of null", `,"expires_at":null`, false},
		{"an expiry as an object", `,"expires_at":{}`, false},
		{"a time of arrival of zero", `,"access_token_stored_at":0`, false},
		{"a time of arrival that is none", `,"access_token_stored_at":"then"`, false},
		{"a type in lower case", `,"token_type":"bearer"`, true},
		{"an empty type", `,"token_type":""`, true},
		{"another type", `,"token_type":"mac"`, false},
		{"a type with more behind it", `,"token_type":"Bearer x"`, false},
		{"a type that is no text", `,"token_type":1`, false},
		{"no scopes", `,"granted_scopes":[]`, true},
		{"scopes as text", `,"granted_scopes":"basic"`, false},
		{"a scope that is no text", `,"granted_scopes":["basic",1]`, false},
		{"a scope with a control character", `,"granted_scopes":["a\u0000b"]`, false},
		{"a member twice", `,"access_token":"other"`, false},
		{"members that are not ours", `,"nonce":"n","PKCE_verifier":"v","session_state":"s"`, true},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			left := spartacus.Read(in(of(tt.members), nobody), now)
			if tt.taken {
				assert.Equal(t, "at", left.Customer.Access.Expose())
			} else {
				assert.Equal(t, session.Tokens{}, left.Customer)
			}
		})
	}
	for _, access := range []string{`""`, `"a b"`, `"a\r\nb"`, `"ü"`, `1`, `null`, `["at"]`, `"` + strings.Repeat("a", 512<<10+1) + `"`} {
		left := spartacus.Read(in(auth(`{"access_token":`+access+`}`, "current"), ""), now)
		assert.Equal(t, session.Tokens{}, left.Customer, "%.20s", access)
	}
}

func TestS60ARefreshTokenAndAnIDTokenStayThere(t *testing.T) {
	left := spartacus.Read(in(auth(`{"access_token":"at","refresh_token":"rt","id_token":"a.b.c"}`, "current"), ""), now)
	assert.Equal(t, "at", left.Customer.Access.Expose())
	assert.True(t, left.Customer.Refresh.Empty())
	assert.True(t, left.Customer.ID.Empty())
}

func TestRR39ATokenDidNotComeAfterNow(t *testing.T) {
	for stored, want := range map[string]int64{`"1789999999999"`: 1_789_999_999_999, `1790000000001`: 1_790_000_000_000} {
		left := spartacus.Read(in(auth(`{"access_token":"at","access_token_stored_at":`+stored+`}`, "current"), ""), now)
		assert.Equal(t, want, left.Customer.IssuedAt.UnixMilli())
	}
	left := spartacus.Read(in(auth(`{"access_token":"at"}`, "current"), ""), now)
	assert.Equal(t, now, left.Customer.IssuedAt)
	assert.True(t, left.Customer.ExpiresAt.IsZero(), "nobody said")
}

func TestOA22ThePageToReturnToLooksLikeAPath(t *testing.T) {
	for raw, want := range map[string]string{
		`"/"`:                                  "/",
		`"/a?b=//c#d"`:                         "/a?b=//c#d",
		`""`:                                   "",
		`"a"`:                                  "",
		`"//evil.test"`:                        "",
		`"/\\evil.test"`:                       "",
		`"\\\\evil.test"`:                      "",
		`"/\t/evil.test"`:                      "",
		`"/a b"`:                               "",
		`"https://evil.test"`:                  "",
		`"javascript:alert(1)"`:                "",
		`1`:                                    "",
		`null`:                                 "",
		`"/` + strings.Repeat("a", 4096) + `"`: "",
	} {
		left := spartacus.Read(in(`{"redirectUrl":`+raw+`}`, ""), now)
		assert.Equal(t, want, left.Page, "%.30s", raw)
	}
}

func TestXS09WhatWasLeftDoesNotPrint(t *testing.T) {
	left := spartacus.Read(in(auth(strings.Replace(token, `"at"`, `"at_secret"`, 1), "c-1"), agent), now)
	require.Equal(t, "at_secret", left.Agent.Access.Expose())
	for _, verb := range []string{"%v", "%+v", "%#v", "%s"} {
		assert.NotContains(t, fmt.Sprintf(verb, left), "at_secret")
	}
}

// What is accepted can be used as it is: by a header, a timer, a record.
func FuzzRead(f *testing.F) {
	f.Add(auth(token, "current"), nobody)
	f.Add(auth(token, "c-1"), strings.TrimSuffix(agent, "}")+`,"emulatedUserToken":`+setAside+`}`)
	f.Add(auth(`{"access_token":"at","expires_at":1790000000001}`, "anonymous"), agent)
	f.Add(`{"token":{},"userId":"anonymous"}`, `{"tokenTarget":"User"}`)
	f.Add("null", "[]")
	f.Fuzz(func(t *testing.T, auth, asm string) {
		left := spartacus.Read(in(auth, asm), now)
		for _, got := range []session.Tokens{left.Customer, left.Agent} {
			if got.Access.Empty() {
				assert.Equal(t, session.Tokens{}, got)
				continue
			}
			assert.NotContains(t, got.Access.Expose(), "\n")
			assert.Equal(t, "Bearer", got.Type)
			assert.False(t, got.IssuedAt.After(now))
			assert.True(t, got.ExpiresAt.IsZero() || got.ExpiresAt.After(now) && got.ExpiresAt.Year() < 300_000)
		}
		assert.False(t, left.Emulated != "" && left.Agent.Access.Empty(), "nobody emulates")
		assert.NotContains(t, []string{"current", "guest", "anonymous"}, left.Emulated)
		assert.True(t, left.Page == "" || left.Page[0] == '/' && !strings.HasPrefix(left.Page, "//"))
	})
}
