package oauth

import (
	"context"

	"latchkey/core/errcode"
	"latchkey/core/session"
)

// Refresh asks for new tokens (RFC 6749, section 6).
func (c *Client) Refresh(ctx context.Context, old session.Tokens) (session.Tokens, error) {
	var f form
	f.add("grant_type", "refresh_token")
	f.add("refresh_token", old.Refresh.Expose())
	t, err := c.request(ctx, &f)
	if err != nil || t.ID.Empty() {
		return t, err
	}
	t, err = c.identify(ctx, t, expectation{issuer: c.Issuer, anyAge: true, maxAge: -1})
	if err == nil && old.Subject != "" && t.Subject != old.Subject {
		err = errcode.New(errcode.IDTokenInvalid, "the refreshed id token is about somebody else")
	}
	return t, err
}

// Dead tells whether a refresh failed for good: the server refused the refresh
// token itself, or answered for somebody else (OpenID Connect Core, section
// 12.2). Nothing else ends a session.
func Dead(err error) bool {
	return oauthError(err) == "invalid_grant" || errcode.Of(err) == errcode.IDTokenInvalid
}
