// Package vendure is the ways in and out of a Vendure server: operations of its
// GraphQL API that make a session, and that end one.
package vendure

import (
	"context"
	"errors"
	"sync/atomic"

	"latchkey/core/browser"
	"latchkey/core/errcode"
	"latchkey/core/oauth"
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
	// Channel is the token of the one to ask for; "" for the server's own.
	Channel string
	// Forgets says that a session shall not outlive the browser.
	Forgets bool
}

// Client makes the requests.
type Client struct {
	Config
	http  browser.HTTP
	clock browser.Clock
	// unknown says that the server does not know the channel.
	unknown atomic.Bool
}

// New returns a Client that has asked nobody yet.
func New(c Config, http browser.HTTP, clock browser.Clock) *Client {
	return &Client{Config: c, http: http, clock: clock}
}

// operation is one of a document.
type operation struct {
	document, name string
	variables      string
	// token is whose it is asked as.
	token secret.String
	// leaving lets it outlive the page.
	leaving bool
}

// answer is what an operation brought: its result, and the token beside it.
type answer struct {
	result strictjson.Value
	token  string
}

func (c *Client) run(ctx context.Context, o operation) (answer, error) {
	var body strictjson.Object
	body.String("query", o.document)
	body.Raw("variables", o.variables)
	headers := map[string]string{"content-type": "application/json", "accept": "application/json"}
	if c.Channel != "" && !c.unknown.Load() {
		headers[ChannelHeader] = c.Channel
	}
	if !o.token.Empty() {
		headers["authorization"] = "Bearer " + o.token.Expose()
	}
	got, err := c.http.Do(ctx, &browser.Request{
		Method: "POST", URL: c.URL, Headers: headers, Body: body.Done(), MaxBytes: maxAnswer, Credentials: c.Header == "", KeepAlive: o.leaving,
	})
	if err != nil {
		return answer{}, oauth.Transport(ctx, err)
	}
	wait := oauth.RetryAfter(got.Headers["retry-after"], c.clock.Now())
	switch {
	case got.Status == 429:
		return answer{}, &errcode.Error{Code: errcode.RateLimited, Message: "the server asks for fewer requests", RetryAfter: wait}
	case got.Status >= 500:
		return answer{}, &errcode.Error{Code: errcode.ServerError, Message: "the server failed", RetryAfter: wait}
	}
	v, err := strictjson.Parse(string(got.Body))
	if err != nil || v.Kind() != strictjson.Obj {
		return answer{}, errcode.New(errcode.ServerError, "the server's answer is no JSON object; is auth.url its GraphQL endpoint?")
	}
	if all := v.Get("errors").Items(); len(all) > 0 {
		return answer{}, c.Refuse(codeOf(all[0].Get("extensions").Get("code")))
	}
	result := v.Get("data").Get(o.name)
	if result.Kind() == strictjson.Missing {
		return answer{}, errcode.New(errcode.ServerError, "the server's answer has no data; is auth.url its GraphQL endpoint?")
	}
	return answer{result, got.Headers[c.Header]}, nil
}

// anywhere runs what depends on no channel: where that is unknown, without it.
func (c *Client) anywhere(ctx context.Context, o operation) (answer, error) {
	a, err := c.run(ctx, o)
	if isNoChannel(err) {
		a, err = c.run(ctx, o)
	}
	return a, err
}

// The codes of GraphQL errors that mean something here.
const (
	forbidden    = "FORBIDDEN"
	unauthorized = "UNAUTHORIZED"
	// NoChannel: the server does not know the channel's token.
	NoChannel = "CHANNEL_NOT_FOUND"
)

// ChannelHeader says which channel a request is for; so does a parameter of the same name.
const ChannelHeader = "vendure-token"

// Begins is what tells that a visitor has got a session: what shows an order makes one,
// and so does whatever answers with an order or a user.
var Begins = policy.Begins{
	Request: "active|order|eligible",
	Answer:  `"(activeOrder|addItemToOrder)"\s*:|:\s*"CurrentUser"`,
}

// Refusing are those that mean that nobody is signed in, or not somebody who may do
// that.
var Refusing = []string{forbidden, unauthorized}

func isNoChannel(err error) bool {
	var e *errcode.Error
	return errors.As(err, &e) && e.OAuth != nil && e.OAuth.Error == NoChannel
}

// codeOf is a code, if it is one: it becomes part of a sentence.
func codeOf(v strictjson.Value) string {
	code := v.TextOr("")
	for _, c := range []byte(code) {
		if c != '_' && (c < 'A' || c > 'Z') && (c < '0' || c > '9') {
			return ""
		}
	}
	return code[:min(len(code), 64)]
}

// Refuse is what a GraphQL error means: of the request, and not of what it is about.
// Its own words stay there: they may quote a variable, which may be a password.
func (c *Client) Refuse(code string) error {
	e := &errcode.Error{Code: errcode.ServerError, Message: "the server refused the operation", OAuth: &errcode.OAuth{Error: code}}
	switch code {
	case forbidden, unauthorized:
		e.Code = errcode.SessionExpired
	case NoChannel:
		c.unknown.Store(true)
		e.Code, e.Message = errcode.ConfigInvalid, "the server does not know auth.channelToken; it is not sent any more"
	}
	return e
}

// Whose asks who a session is of. It is nobody's where the server knows nobody.
func (c *Client) Whose(ctx context.Context, token secret.String) (session.Tokens, error) {
	a, err := c.anywhere(ctx, operation{document: "query { me { id identifier } }", name: "me", variables: "{}", token: token})
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
	code := codeOf(v.Get("errorCode"))
	if code == "" {
		return nil
	}
	return &errcode.Error{
		Code: errcode.InvalidCredentials, Message: "the server did not sign in: " + code,
		OAuth: &errcode.OAuth{Error: code, Description: v.Get("message").TextOr("")},
	}
}
