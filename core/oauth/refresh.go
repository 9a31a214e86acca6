package oauth

import (
	"context"
	"errors"
	"time"

	"latchkey/core/errcode"
	"latchkey/core/secret"
	"latchkey/core/session"
)

// Refresh asks for new tokens (RFC 6749, section 6): for those that the sign-in
// brought, or with a resource for an access token that is good for this one only
// (RFC 8707, section 2.2).
//
// A refresh token that rotates is spent by now, so what came is kept also where
// its id token can't be verified for a reason that is not its own: the keys
// can't be had. That id token is not used: the one before it and its claims
// stay.
func (c *Client) Refresh(ctx context.Context, old session.Tokens, resource string) (session.Tokens, error) {
	var f form
	f.add("grant_type", "refresh_token")
	f.hide("refresh_token", old.Refresh)
	f.spends = true
	c.addResources(&f, resource)
	t, err := c.request(ctx, &f)
	if err != nil || t.ID.Empty() {
		return t, misconfigured(err)
	}
	// Time is left to store them.
	short, cancel := ctx, context.CancelFunc(func() {})
	if end, ok := ctx.Deadline(); ok {
		short, cancel = context.WithTimeout(ctx, time.Until(end)/2)
	}
	defer cancel()
	identified, err := c.identify(short, t, expectation{issuer: c.Issuer, anyAge: true, subject: old.Subject, before: old.Claims})
	if err != nil && (errcode.Of(err) != errcode.IDTokenInvalid || errors.Is(err, errNoKey)) {
		t.ID = secret.String{}
		return t, nil
	}
	return identified, err
}

// Refreshes tells whether there is a refresh token, and it is not over by what the
// server has said.
func (c *Client) Refreshes(t session.Tokens) bool {
	return !t.Refresh.Empty() && (t.RefreshEnds.IsZero() || c.clock.Now().Before(t.RefreshEnds))
}

// misconfigured gives the errors that are about this client rather than about its tokens
// (RFC 6749, section 5.2) the code for that: to try again is of no use before somebody
// has mended it, and nobody is signed out for it.
func misconfigured(err error) error {
	switch oauthError(err) {
	case "invalid_client", "unauthorized_client", "invalid_request", "unsupported_grant_type", "invalid_scope":
		var e *errcode.Error
		errors.As(err, &e)
		wrong := *e
		wrong.Code = errcode.ConfigInvalid
		return &wrong
	}
	return err
}

// addResources names what an access token is asked for: one resource, or those of
// the main token.
func (c *Client) addResources(f *form, one string) {
	if one != "" {
		f.add("resource", one)
		return
	}
	for _, resource := range c.Resources {
		f.add("resource", resource)
	}
}

// NoTarget tells whether the server does not give a token for that resource (RFC
// 8707, section 2).
func NoTarget(err error) bool { return oauthError(err) == "invalid_target" }

// Dead tells whether a refresh failed for good: the server refused the refresh
// token itself, or answered for somebody else (OpenID Connect Core, section
// 12.2). Nothing else ends a session.
func (c *Client) Dead(err error) bool {
	return oauthError(err) == "invalid_grant" || errcode.Of(err) == errcode.IDTokenInvalid ||
		c.TokenInvalid && oauthError(err) == "invalid_token"
}
