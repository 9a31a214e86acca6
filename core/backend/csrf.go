package backend

import (
	"context"

	"latchkey/core/browser"
	"latchkey/core/policy"
	"latchkey/core/secret"
	"latchkey/core/strictjson"
)

// Rule is what the data plane needs to know: it reads a cookie by itself, and asks
// for what only the core has.
func (c *Client) Rule() policy.CSRF {
	rule := policy.CSRF{Header: c.CSRF.Header, Value: c.CSRF.Value, Cookie: c.CSRF.Cookie, Stale: c.CSRF.Stale}
	if c.CSRF.Endpoint != "" {
		rule.Cookie = ""
	}
	return rule
}

// Application is the rule of requests that the backend makes as itself: they travel as
// all do, and their refusal says nothing of the session (S50).
func (c *Client) Application() policy.Rule {
	return policy.Rule{As: policy.Client, Credentials: true, CSRF: c.Rule()}
}

// Token is what an unsafe request carries: another one than stale, if there is one
// by now. It is empty where there is nothing to carry.
func (c *Client) Token(ctx context.Context, stale string) (secret.String, error) {
	switch {
	case c.CSRF.Header == "":
		return secret.String{}, nil
	case c.CSRF.Endpoint == "" && c.CSRF.Cookie == "":
		return c.CSRF.Value, nil
	}
	defer c.one.Enter()()
	if known := c.known(); c.CSRF.Endpoint == "" || !known.Empty() && known.Expose() != stale {
		return known, nil
	}
	got, err := c.send(ctx, &browser.Request{Method: "GET", URL: c.CSRF.Endpoint})
	if err != nil {
		return secret.String{}, err
	}
	if !Good(got) {
		return secret.String{}, Failure(got, "auth.csrf.endpoint", c.clock.Now())
	}
	c.token = secret.New(got.Headers[c.CSRF.Header])
	if v, err := strictjson.Parse(string(got.Body)); err == nil && c.token.Empty() {
		c.token = secret.New(v.TextOr(""))
		for _, name := range []string{"token", "csrfToken", "csrf_token", "csrf"} {
			if c.token.Empty() {
				c.token = secret.New(v.Get(name).TextOr(""))
			}
		}
	}
	return c.known(), nil
}

// known is the token without asking: a cookie's, where that is the way.
func (c *Client) known() secret.String {
	if c.CSRF.Cookie != "" {
		return secret.New(c.cookies.Cookie(c.CSRF.Cookie))
	}
	return c.token
}

// forget drops the token: it was the session's that is no more.
func (c *Client) forget() {
	defer c.one.Enter()()
	c.token = secret.String{}
}
