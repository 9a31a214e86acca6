package backend

import (
	"context"
	"strings"
	"time"

	"latchkey/core/browser"
	"latchkey/core/errcode"
	"latchkey/core/gate"
	"latchkey/core/oauth"
	"latchkey/core/secret"
	"latchkey/core/session"
	"latchkey/core/strictjson"
)

// maxAnswer bounds what a backend may answer.
const maxAnswer = 256 << 10

// Client makes the requests.
type Client struct {
	Config
	http    browser.HTTP
	cookies browser.Cookies
	clock   browser.Clock

	one gate.Gate
	// token is what the CSRF endpoint gave last.
	token secret.String
}

// New returns a Client that has asked nobody yet.
func New(c Config, http browser.HTTP, cookies browser.Cookies, clock browser.Clock) *Client {
	return &Client{Config: c, http: http, cookies: cookies, clock: clock, one: gate.New()}
}

// post sends JSON to an endpoint as the page itself would, and once more where the
// backend wants another CSRF token by now (CK-03).
func (c *Client) post(ctx context.Context, url, body string, keepAlive bool) (*browser.Response, error) {
	token, err := c.Token(ctx, "")
	for first := true; ; first = false {
		if err != nil {
			return nil, err
		}
		headers := map[string]string{"content-type": "application/json"}
		if !token.Empty() {
			headers[c.CSRF.Header] = token.Expose()
		}
		got, err := c.send(ctx, &browser.Request{Method: "POST", URL: url, Headers: headers, Body: body, KeepAlive: keepAlive, Spends: url == c.Refresh})
		if err != nil || !first || c.CSRF.Stale == 0 || got.Status != c.CSRF.Stale {
			return got, err
		}
		fresh, err := c.Token(ctx, token.Expose())
		if err != nil || fresh.Empty() || fresh.Expose() == token.Expose() {
			return got, nil
		}
		token = fresh
	}
}

func (c *Client) send(ctx context.Context, req *browser.Request) (*browser.Response, error) {
	return Send(ctx, c.http, req)
}

// Send sends a request to the app's backend, with cookies.
func Send(ctx context.Context, http browser.HTTP, req *browser.Request) (*browser.Response, error) {
	if req.Headers == nil {
		req.Headers = map[string]string{}
	}
	req.Headers["accept"] = "application/json"
	req.MaxBytes, req.Credentials = maxAnswer, true
	got, err := http.Do(ctx, req)
	switch {
	case err == nil:
		return got, nil
	case ctx.Err() == context.DeadlineExceeded:
		return nil, errcode.Wrap(errcode.Timeout, "the backend did not answer in time", err)
	case ctx.Err() != nil:
		return nil, errcode.Wrap(errcode.Aborted, "the request was given up", err)
	}
	return nil, errcode.Wrap(errcode.NetworkError, "the backend could not be reached, redirects, or does not allow this origin with credentials (CORS)", err)
}

// Who asks who is signed in. The zero Tokens.Subject is nobody.
func (c *Client) Who(ctx context.Context) (session.Tokens, error) {
	nobody := session.Tokens{Cookie: true}
	got, err := c.send(ctx, &browser.Request{Method: "GET", URL: c.Session})
	switch {
	case err != nil:
		return nobody, err
	case refused(got) || Good(got) && len(got.Body) == 0:
		return nobody, nil
	case !Good(got):
		return nobody, Failure(got, "auth.session", c.clock.Now())
	}
	v, err := strictjson.Parse(string(got.Body))
	if err != nil {
		return nobody, errcode.New(errcode.ServerError, "the answer of auth.session is no JSON; is it the right address?")
	}
	return c.tokens(v), nil
}

// Refreshing is what renews the cookies; nil where nothing does.
func (c *Client) Refreshing() func(context.Context) error {
	if c.Refresh == "" {
		return nil
	}
	return func(ctx context.Context) error {
		got, err := c.post(ctx, c.Refresh, "{}", false)
		switch {
		case err != nil:
			return err
		case Good(got):
			return nil
		case refused(got) && got.Status != c.CSRF.Stale:
			return errcode.New(errcode.SessionExpired, "the backend does not renew the session")
		}
		return Failure(got, "auth.refresh", c.clock.Now())
	}
}

// refused tells whether an answer is the backend's word that nobody is there. A 403 with a
// page for people is that of a firewall on the way (RR-22).
func refused(got *browser.Response) bool {
	return got.Status == 401 || got.Status == 403 && !strings.HasPrefix(got.Headers["content-type"], "text/html")
}

// Good tells whether a status is one of success.
func Good(got *browser.Response) bool { return got.Status >= 200 && got.Status < 300 }

// Failure is what an answer means that is none of those an endpoint has, and came now.
// Its text is the backend's own.
func Failure(got *browser.Response, endpoint string, now time.Time) *errcode.Error {
	e := errcode.New(errcode.ServerError, endpoint+" can't be used: the backend did not answer as expected")
	switch {
	case got.Status == 429:
		e.Code, e.Message = errcode.RateLimited, "the backend wants to be left alone for a while"
	case got.Status == 403:
		e.Code, e.Message = errcode.AccessDenied, "the backend does not allow that; does it want auth.csrf, or not know this origin?"
	}
	e.RetryAfter = oauth.RetryAfter(got.Headers["retry-after"], now)
	v, err := strictjson.Parse(string(got.Body))
	if err != nil {
		return e
	}
	code := v.Get("code").TextOr(v.Get("error").TextOr(""))
	if message := v.Get("message").TextOr(v.Get("error_description").TextOr("")); code != "" || message != "" {
		e.OAuth = &errcode.OAuth{Error: code, Description: message}
	}
	return e
}
