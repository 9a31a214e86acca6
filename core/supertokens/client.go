package supertokens

import (
	"context"
	"strings"

	"latchkey/core/backend"
	"latchkey/core/browser"
	"latchkey/core/errcode"
	"latchkey/core/session"
	"latchkey/core/strictjson"
)

// versions are those of the frontend driver interface that this speaks.
const versions = "1.16,1.17,1.18,1.19,2.0,3.0,3.1,4.0,4.1"

// Config says where the endpoints are.
type Config struct {
	Login, Logout, Refresh string
	// Username and Password are the members' names in what is posted to Login; where
	// Fields is set, they are the ids of form fields, as the recipes have it.
	Username, Password string
	Fields             bool
	// Mode is how the tokens of a new session shall travel: cookie or header.
	Mode string
}

// Parse reads the configuration; the data plane has checked it.
func Parse(v strictjson.Value) *Config {
	str := func(name string) string { return v.Get(name).TextOr("") }
	login := func(name string) string { return v.Get("login").Get(name).TextOr("") }
	fields, _ := v.Get("login").Get("formFields").Bool()
	return &Config{
		Login: login("url"), Logout: str("logout"), Refresh: str("refresh"),
		Username: login("username"), Password: login("password"), Fields: fields, Mode: str("tokenTransferMethod"),
	}
}

// Client makes the requests.
type Client struct {
	Config
	http  browser.HTTP
	clock browser.Clock
}

// New returns a Client that has asked nobody yet.
func New(c Config, http browser.HTTP, clock browser.Clock) *Client { return &Client{c, http, clock} }

// post asks what the SDK of the server itself has.
func (c *Client) post(ctx context.Context, url, rid, body string, of session.Tokens, token string, keepAlive bool) (*browser.Response, error) {
	headers := map[string]string{"fdi-version": versions}
	return c.send(ctx, &browser.Request{Method: "POST", URL: url, Headers: headers, Body: body, KeepAlive: keepAlive, Spends: url == c.Refresh}, rid, of, token)
}

// send adds what the SDK of the server knows a request by. token is that of the two
// which the endpoint wants, where they do not travel in cookies.
func (c *Client) send(ctx context.Context, req *browser.Request, rid string, of session.Tokens, token string) (*browser.Response, error) {
	req.Headers["rid"], req.Headers["st-auth-mode"] = rid, c.Mode
	if req.Body != "" {
		req.Headers["content-type"] = "application/json"
	}
	if !of.CSRF.Empty() {
		req.Headers[antiCSRF] = of.CSRF.Expose()
	}
	if token != "" {
		req.Headers["authorization"] = "Bearer " + token
	}
	return backend.Send(ctx, c.http, req)
}

// errGone is the server's word that there is no session.
var errGone = errcode.New(errcode.SessionExpired, "the server does not know the session any more")

// errStolen is its word that somebody else has used the refresh token.
var errStolen = errcode.New(errcode.SessionExpired, "the server takes the session for stolen, and has ended it")

// Renew has the server give new tokens for those, or for what the cookies have.
func (c *Client) Renew(ctx context.Context, old session.Tokens) (session.Tokens, error) {
	sent := c.clock.Now()
	got, err := c.post(ctx, c.Refresh, "session", "", old, old.Refresh.Expose(), false)
	switch {
	case err != nil:
		return session.Tokens{}, err
	case got.Status == 401 && strings.Contains(string(got.Body), "token theft detected"):
		return session.Tokens{}, errStolen
	case got.Status == 401 || got.Headers[front] == removed:
		return session.Tokens{}, errGone
	case !backend.Good(got):
		return session.Tokens{}, backend.Failure(got, "auth.refresh", c.clock.Now())
	case got.Headers[front] == "":
		return session.Tokens{}, errHidden
	}
	return c.read(got.Headers, sent)
}

// Find is Renew where nobody knows whether there is a session. The zero
// Tokens.Subject is none. With headers too: there may be cookies of before the page
// changed to those, and the server goes on with them.
func (c *Client) Find(ctx context.Context) (session.Tokens, error) {
	t, err := c.Renew(ctx, session.Tokens{})
	if errcode.Of(err) == errcode.SessionExpired {
		err = nil
	}
	return t, err
}
