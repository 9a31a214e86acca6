package oauth

import (
	"context"
	"strings"

	"latchkey/core/errcode"
	"latchkey/core/secret"
	"latchkey/core/session"
)

// AuthCodeURL is where the page goes to sign in: the authorization code flow
// with PKCE (RFC 7636). params can't replace what binds the answer to t.
func (c *Client) AuthCodeURL(ctx context.Context, t Transaction, params [][2]string) (string, error) {
	e, err := c.metadata(ctx)
	if err != nil {
		return "", err
	}
	if e.Authorization == "" {
		return "", errcode.New(errcode.DiscoveryFailed, "the server names no authorization endpoint")
	}
	challenge, err := c.challenge(ctx, t.Verifier)
	if err != nil {
		return "", err
	}
	bound, err := c.boundTo(ctx)
	if err != nil {
		return "", err
	}
	own := [][2]string{
		{"response_type", "code"}, {"client_id", c.ClientID}, {"redirect_uri", t.RedirectURI}, {"scope", c.Scope},
		{"state", t.State.Expose()}, {"code_challenge", challenge}, {"code_challenge_method", "S256"},
		{"dpop_jkt", bound},
	}
	if c.openID() {
		own = append(own, [2]string{"nonce", t.Nonce.Expose()})
	}
	var f form
	taken := map[string]bool{"nonce": true, "response_mode": true, "request": true, "request_uri": true}
	for _, p := range own {
		f.addText(p[0], p[1])
		taken[p[0]] = true
	}
	for _, p := range params {
		if taken[p[0]] {
			return "", errcode.New(errcode.ConfigInvalid, "params."+printable(p[0])+" is the runtime's own; leave it out")
		}
		f.add(p[0], p[1])
	}
	return withQuery(e.Authorization, f.String()), nil
}

// openID tells whether an id token is asked for.
func (c *Client) openID() bool {
	for _, s := range strings.Fields(c.Scope) {
		if s == "openid" {
			return true
		}
	}
	return false
}

// Exchange redeems an authorization code.
func (c *Client) Exchange(ctx context.Context, t Transaction, code secret.String) (session.Tokens, error) {
	var f form
	f.add("grant_type", "authorization_code")
	f.add("code", code.Expose())
	f.add("redirect_uri", t.RedirectURI)
	f.add("code_verifier", t.Verifier.Expose())
	tokens, err := c.request(ctx, &f)
	if err != nil {
		return tokens, err
	}
	if tokens.ID.Empty() && c.openID() && c.Discover {
		return tokens, errcode.New(errcode.IDTokenInvalid, "the scope has openid, but the server sent no id token")
	}
	return c.identify(ctx, tokens, expectation{issuer: c.Issuer, nonce: t.Nonce, maxAge: -1})
}
