package oauth

import (
	"context"
	"errors"

	"latchkey/core/errcode"
	"latchkey/core/secret"
	"latchkey/core/session"
)

// Password signs in with a user name and a password (RFC 6749, section 4.3).
// The password is not kept.
func (c *Client) Password(ctx context.Context, username string, password secret.String, params [][2]string) (session.Tokens, error) {
	var f form
	f.add("grant_type", "password")
	f.add("username", username)
	f.hide("password", password)
	f.addText("scope", c.Scope)
	c.addResources(&f, "")
	for _, p := range params {
		f.add(p[0], p[1])
	}
	t, err := c.request(ctx, &f)
	if oauthError(err) == "invalid_grant" {
		var e *errcode.Error
		errors.As(err, &e)
		return t, &errcode.Error{Code: errcode.InvalidCredentials, Message: "the user name or the password is wrong", OAuth: e.OAuth}
	}
	if err != nil {
		return t, err
	}
	return c.identify(ctx, c.granted(t), expectation{issuer: c.Issuer})
}
