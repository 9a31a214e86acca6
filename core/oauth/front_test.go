package oauth

import (
	"context"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
	"latchkey/core/errcode"
	"latchkey/core/secret"
	"latchkey/core/session"
)

func TestResponseType(t *testing.T) {
	for text, want := range map[string]string{
		"code": "code", "token id_token": "id_token token", "id_token token code": "code id_token token", "token": "token", "id_token": "id_token",
		"": "", "none": "", "code code": "", "CODE": "",
	} {
		r, ok := ParseResponseType(text)
		assert.Equal(t, want != "", ok, text)
		if ok {
			assert.Equal(t, want, r.String(), text)
		}
	}
	assert.Equal(t, "code", ResponseType{}.String())
	assert.True(t, ResponseType{}.HasCode())
	assert.False(t, ResponseType{Token: true}.HasCode())
}

func TestAnswersWithTokens(t *testing.T) {
	const at = "access_token=at&token_type=Bearer&expires_in=60"
	tests := []struct {
		name, asked, address string
		ok                   bool
		err                  errcode.Code
	}{
		{"OP-01 what was asked for", "id_token token", "#state=s&id_token=x&" + at, true, ""},
		{"an id token alone", "id_token", "#state=s&id_token=x", true, ""},
		{"a token alone", "token", "#state=s&" + at, true, ""},
		{"a hybrid answer", "code id_token", "#state=s&code=c&id_token=x", true, ""},
		{"OP-61 the id token is missing", "id_token token", "#state=s&" + at, true, errcode.ServerError},
		{"the token is missing", "code token", "#state=s&code=c", true, errcode.ServerError},
		{"an empty token", "token", "#state=s&access_token=&token_type=Bearer", true, errcode.ServerError},
		{"OA-38 another token type", "token", "#state=s&access_token=at&token_type=mac", true, errcode.ServerError},
		{"OA-39 a token with a line break", "token", "#state=s&access_token=a%0Ab&token_type=Bearer", true, errcode.ServerError},
		{"a token that was not asked for", "code id_token", "#state=s&code=c&id_token=x&" + at, true, errcode.ServerError},
		{"OA-13 a code with tokens beside it", "code", "?state=s&code=c&" + at, true, errcode.ServerError},
		{"OA-13 a code with an id token beside it", "code", "?state=s&code=c&id_token=x", true, errcode.ServerError},
		{"OA-14 tokens for a page that did not ask", "code", "#state=s&" + at, false, ""},
		{"an error in the fragment of a code flow", "code", "#state=s&error=access_denied", true, ""},
		{"an answer in both places", "token", "?state=s&code=c#state=s&" + at, true, errcode.StateMismatch},
		{"OA-13 a token in the fragment, beside a code in the query", "code", "?state=s&code=c#state=s&" + at, true, errcode.StateMismatch},
		{"a token twice", "token", "#state=s&" + at + "&access_token=b", true, errcode.StateMismatch},
		{"an error and a token", "token", "#state=s&error=x&" + at, true, errcode.ServerError},
		{"no state", "token", "#" + at, false, ""},
		{"the page's own fragment", "token", "#/route?code=c", false, ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			asked, _ := ParseResponseType(tt.asked)
			a, ok, err := client(Config{ResponseType: asked}, nil).ParseAnswer("https://app.test/" + tt.address)
			assert.Equal(t, tt.ok, ok)
			assert.Equal(t, tt.err, errcode.Of(err))
			if err != nil || !ok {
				assert.True(t, a.Code.Empty() && a.Tokens.Access.Empty() && a.Tokens.ID.Empty() || err != nil)
			}
			assert.True(t, a.Tokens.Refresh.Empty(), "OA-15")
		})
	}
}

func TestOP46OP47TheIssuerOfAnAnswer(t *testing.T) {
	for name, tt := range map[string]struct {
		promised bool
		iss      string
		want     errcode.Code
		with     string // an id token
	}{
		"OP-46 another":                 {false, "https://evil.test", errcode.IssuerMismatch, ""},
		"OP-48 with a slash":            {false, issuer + "/", errcode.IssuerMismatch, ""},
		"OP-47 promised and missing":    {true, "", errcode.IssuerMismatch, ""},
		"not promised and missing":      {false, "", errcode.AccessDenied, ""},
		"as it should be":               {true, issuer, errcode.AccessDenied, ""},
		"OA-10 an error of another one": {true, "https://evil.test", errcode.IssuerMismatch, ""},
		"OP-47 missing beside an id token, as with oidc-provider": {true, "", errcode.AccessDenied, "signed"},
	} {
		metadata := `{"issuer":"https://id.test","token_endpoint":"https://id.test/token"`
		if tt.promised {
			metadata += `,"authorization_response_iss_parameter_supported":true`
		}
		c := client(Config{Discover: true}, func(req *browser.Request) (*browser.Response, error) {
			require.Contains(t, req.URL, "/.well-known/", "no token request: "+name)
			return browsertest.JSON(200, metadata+"}"), nil
		})
		tx, err := c.Begin(Redirect, "/")
		require.NoError(t, err)
		_, err = c.Redeem(t.Context(), tx, Answer{Issuer: tt.iss, Tokens: session.Tokens{ID: secret.New(tt.with)}, Err: errcode.New(errcode.AccessDenied, "no")})
		assert.Equal(t, tt.want, errcode.Of(err), name)
	}
}

// pushing is a client of a server with a pushed authorization request endpoint.
func pushing(t *testing.T, required bool, answer *browser.Response, failed error) (address string, pushed url.Values, err error) {
	t.Helper()
	c := client(Config{Discover: true, Scope: "openid", ResponseType: ResponseType{}}, func(req *browser.Request) (*browser.Response, error) {
		if strings.Contains(req.URL, "/.well-known/") {
			metadata := `{"issuer":"https://id.test","token_endpoint":"https://id.test/token","authorization_endpoint":"https://id.test/authorize","pushed_authorization_request_endpoint":"https://id.test/par"`
			if required {
				metadata += `,"require_pushed_authorization_requests":true`
			}
			return browsertest.JSON(200, metadata+"}"), nil
		}
		require.Equal(t, "https://id.test/par", req.URL)
		pushed, _ = url.ParseQuery(req.Body)
		return answer, failed
	})
	tx, err := c.Begin(Redirect, "/")
	require.NoError(t, err)
	address, err = c.AuthCodeURL(context.Background(), &tx, [][2]string{{"ui_locales", "de"}})
	return address, pushed, err
}

func TestPushedAuthorizationRequests(t *testing.T) {
	address, pushed, err := pushing(t, true, browsertest.JSON(201, `{"request_uri":"urn:x:1","expires_in":60}`), nil)
	require.NoError(t, err)
	assert.Equal(t, "https://id.test/authorize?client_id=shop&request_uri=urn%3Ax%3A1", address)
	for _, name := range []string{"state", "nonce", "code_challenge", "redirect_uri"} {
		assert.NotEmpty(t, pushed.Get(name), name)
	}
	assert.Equal(t, "de", pushed.Get("ui_locales"))

	tests := []struct {
		name     string
		answer   *browser.Response
		failed   error
		required bool
		want     errcode.Code // "" goes on with the address
	}{
		{"this client may not", browsertest.JSON(400, `{"error":"unauthorized_client"}`), nil, false, ""},
		{"no page may read it", nil, browser.ErrNetwork, false, ""},
		{"it is not there", browsertest.JSON(404, ""), nil, false, ""},
		{"this client may not, and must", browsertest.JSON(400, `{"error":"unauthorized_client"}`), nil, true, errcode.ServerError},
		{"no page may read it, and must", nil, browser.ErrNetwork, true, errcode.NetworkError},
		{"the request is wrong", browsertest.JSON(400, `{"error":"invalid_request"}`), nil, false, errcode.ServerError},
		{"no request_uri", browsertest.JSON(201, `{}`), nil, false, errcode.ServerError},
		{"a request_uri that is none", browsertest.JSON(201, `{"request_uri":"a b"}`), nil, false, errcode.ServerError},
		{"HTML", browsertest.JSON(201, `<html>`), nil, false, errcode.ServerError},
		{"too often", browsertest.JSON(429, ``), nil, false, errcode.RateLimited},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			address, _, err := pushing(t, tt.required, tt.answer, tt.failed)
			assert.Equal(t, tt.want, errcode.Of(err))
			if tt.want == "" {
				assert.Contains(t, address, "code_challenge=")
			}
		})
	}
}

func TestAuthorizationRequestOfEachResponseType(t *testing.T) {
	for asked, want := range map[string][3]bool{ // challenge, nonce, resource
		"code": {true, false, true}, "token": {false, false, true}, "id_token": {false, true, true}, "code id_token token": {true, true, true},
	} {
		r, _ := ParseResponseType(asked)
		c := client(Config{ResponseType: r, Resources: []string{"https://a.test", "https://b.test"}, Endpoints: Endpoints{Authorization: "https://id.test/a", Token: "https://id.test/token"}}, nil)
		tx, err := c.Begin(Redirect, "/")
		require.NoError(t, err)
		address, err := c.AuthCodeURL(t.Context(), &tx, [][2]string{{"max_age", "30"}})
		require.NoError(t, err)
		_, query, _ := strings.Cut(address, "?")
		q, _ := url.ParseQuery(query)
		assert.Equal(t, r.String(), q.Get("response_type"))
		assert.Equal(t, want, [3]bool{q.Has("code_challenge"), q.Has("nonce"), len(q["resource"]) == 2}, asked)
		assert.Equal(t, "30", q.Get("max_age"), "OP-58")
		assert.EqualValues(t, 30, *tx.MaxAge, "the id token has to show it")
		_, err = c.AuthCodeURL(t.Context(), &tx, [][2]string{{"max_age", "soon"}})
		assert.Equal(t, errcode.ConfigInvalid, errcode.Of(err))
	}
}

func TestOP18TheClientsSecret(t *testing.T) {
	for methods, basic := range map[string]bool{
		``: false, `,"token_endpoint_auth_methods_supported":["client_secret_basic"]`: true,
		`,"token_endpoint_auth_methods_supported":["client_secret_basic","client_secret_post"]`: false,
		`,"token_endpoint_auth_methods_supported":["none"]`:                                     false,
	} {
		var sent *browser.Request
		c := client(Config{Discover: true, ClientID: "shop:1", ClientSecret: secret.New("s &%ö")}, func(req *browser.Request) (*browser.Response, error) {
			if req.Method == "GET" {
				return browsertest.JSON(200, `{"issuer":"https://id.test","token_endpoint":"https://id.test/token"`+methods+`}`), nil
			}
			sent = req
			return browsertest.JSON(400, `{"error":"invalid_client"}`), nil
		})
		_, _ = c.Refresh(t.Context(), session.Tokens{Refresh: secret.New("rt")}, "")
		form, _ := url.ParseQuery(sent.Body)
		assert.Equal(t, "shop:1", form.Get("client_id"))
		if basic {
			// "shop%3A1:s+%26%25%C3%B6": each part form-encoded before base64.
			assert.Equal(t, "Basic c2hvcCUzQTE6cyslMjYlMjUlQzMlQjY=", sent.Headers["authorization"])
			assert.False(t, form.Has("client_secret"))
		} else {
			assert.Equal(t, "s &%ö", form.Get("client_secret"), methods)
			assert.NotContains(t, sent.Headers, "authorization")
		}
	}
}

func TestOA37TheScopeThatWasGranted(t *testing.T) {
	for answer, want := range map[string][]string{``: {"openid", "api"}, `,"scope":"api"`: {"api"}, `,"scope":""`: {}} {
		c := client(Config{Scope: "openid api", Endpoints: Endpoints{Token: "https://id.test/token"}}, func(*browser.Request) (*browser.Response, error) {
			return browsertest.JSON(200, `{"access_token":"at","token_type":"bearer"`+answer+`}`), nil
		})
		tokens, err := c.exchange(t.Context(), Transaction{}, secret.New("code"))
		require.NoError(t, err)
		assert.Equal(t, want, tokens.Scope, answer)
	}
}
