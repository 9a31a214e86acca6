// Package vendure is the ways in and out of a Vendure server: operations of its
// GraphQL API that make a session, and that end one.
package vendure

import (
	"context"
	"strings"

	"latchkey/core/browser"
	"latchkey/core/errcode"
	"latchkey/core/policy"
	"latchkey/core/secret"
	"latchkey/core/session"
	"latchkey/core/strictjson"
)

// maxAnswer bounds what the server may answer to an operation of ours.
const maxAnswer = 512 << 10

// Config says which server this is.
type Config struct {
	// URL is the GraphQL endpoint: shop-api or admin-api.
	URL string
	// Header is that of answers with a token, in lower case; "" where the session is
	// in a cookie.
	Header string
	// Making is for the strategy: see [captured.Options].
	Making string
	// Headers go with every request: the channel's.
	Headers []policy.Header
}

// Client makes the requests.
type Client struct {
	Config
	http  browser.HTTP
	clock browser.Clock
}

// New returns a Client that has asked nobody yet.
func New(c Config, http browser.HTTP, clock browser.Clock) *Client { return &Client{c, http, clock} }

// answer is what an operation brought: its result, and the token beside it.
type answer struct {
	result strictjson.Value
	token  string
	given  bool
}

// run runs one operation of a document as somebody, or as nobody.
func (c *Client) run(ctx context.Context, document, operation, variables string, token secret.String) (answer, error) {
	var body strictjson.Object
	body.String("query", document)
	body.Raw("variables", variables)
	headers := map[string]string{"content-type": "application/json", "accept": "application/json"}
	for _, h := range c.Headers {
		headers[h.Name] = h.Value.Expose()
	}
	if !token.Empty() {
		headers["authorization"] = "Bearer " + token.Expose()
	}
	got, err := c.http.Do(ctx, &browser.Request{
		Method: "POST", URL: c.URL, Headers: headers, Body: body.Done(), MaxBytes: maxAnswer, Credentials: c.Header == "",
	})
	if err != nil {
		return answer{}, transport(ctx, err)
	}
	v, err := strictjson.Parse(string(got.Body))
	if err != nil || v.Kind() != strictjson.Obj {
		return answer{}, errcode.New(errcode.ServerError, "the server's answer is no JSON object; is auth.url its GraphQL endpoint?")
	}
	if all := v.Get("errors").Items(); len(all) > 0 {
		return answer{}, refusal(all[0])
	}
	a := answer{result: v.Get("data").Get(operation)}
	a.token, a.given = got.Headers[c.Header]
	return a, nil
}

// refusal is a GraphQL error: of the request, and not of what it is about.
func refusal(v strictjson.Value) error {
	code := v.Get("extensions").Get("code").TextOr("")
	e := &errcode.Error{Code: errcode.ServerError, Message: "the server refused the operation: " + code, OAuth: &errcode.OAuth{Error: code, Description: v.Get("message").TextOr("")}}
	if code == Forbidden || code == "UNAUTHORIZED" {
		e.Code = errcode.SessionExpired
	}
	return e
}

// Forbidden is the code of an error that means that nobody is signed in, or not
// somebody who may do that.
const Forbidden = "FORBIDDEN"

// Whose asks who a session is of. It is nobody's where the server knows nobody.
func (c *Client) Whose(ctx context.Context, token secret.String) (session.Tokens, error) {
	a, err := c.run(ctx, "query { me { id identifier } }", "me", "{}", token)
	switch {
	case errcode.Of(err) == errcode.SessionExpired:
		return session.Tokens{}, nil
	case err != nil:
		return session.Tokens{}, err
	}
	return c.tokens(a), nil
}

// tokens are those of the user in an answer.
func (c *Client) tokens(a answer) session.Tokens {
	t := session.Tokens{Access: secret.New(a.token), IssuedAt: c.clock.Now(), Cookie: c.Header == ""}
	if !t.Cookie {
		t.Type = "Bearer"
	}
	if t.Subject = a.result.Get("id").TextOr(""); t.Subject != "" {
		var claims strictjson.Object
		claims.String("sub", t.Subject)
		claims.Text("identifier", a.result.Get("identifier").TextOr(""))
		t.Claims = claims.Done()
	}
	return t
}

// typed is the error that a union's member stands for; nil for a user.
func typed(v strictjson.Value) error {
	code := v.Get("errorCode").TextOr("")
	if code == "" {
		return nil
	}
	kind := errcode.ServerError
	if strings.Contains(code, "CREDENTIALS") || strings.Contains(code, "NOT_VERIFIED") || strings.Contains(code, "NATIVE_AUTH") {
		kind = errcode.InvalidCredentials
	}
	return &errcode.Error{Code: kind, Message: "the server did not sign in: " + code, OAuth: &errcode.OAuth{Error: code, Description: v.Get("message").TextOr("")}}
}

func transport(ctx context.Context, err error) error {
	switch {
	case ctx.Err() == context.DeadlineExceeded:
		return errcode.Wrap(errcode.Timeout, "the server did not answer in time", err)
	case ctx.Err() != nil:
		return errcode.Wrap(errcode.Aborted, "the request was given up", err)
	}
	return errcode.Wrap(errcode.NetworkError, "the server could not be reached, or does not allow this origin (CORS)", err)
}
