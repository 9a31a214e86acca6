package oauth

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"latchkey/core/errcode"
	"latchkey/core/secret"
	"latchkey/core/session"
	"latchkey/core/strictjson"
)

// AuthCodeURL is where the page goes to sign in: with a code, always with PKCE
// (RFC 7636). params can't replace what binds the answer to t.
// A max_age among them is noted in t, as the id token must then show it.
func (c *Client) AuthCodeURL(ctx context.Context, t *Transaction, params [][2]string) (string, error) {
	m, err := c.metadata(ctx)
	if err != nil {
		return "", err
	}
	if m.Authorization == "" {
		return "", errcode.New(errcode.DiscoveryFailed, "the server names no authorization endpoint")
	}
	rest := make([][2]string, 0, len(params))
	for _, p := range params {
		if p[0] != "max_age" {
			rest = append(rest, p)
			continue
		}
		n, err := strconv.ParseInt(p[1], 10, 32)
		if err != nil || n < 0 {
			return "", errcode.New(errcode.ConfigInvalid, "params.max_age must be a number of seconds")
		}
		t.MaxAge = &n
	}
	f, err := c.authorization(ctx, *t, rest)
	if err != nil {
		return "", err
	}
	if m.Pushed != "" {
		pushed, err := c.push(ctx, m, f)
		if err != nil {
			return "", err
		}
		if pushed != nil {
			f = pushed
		}
	}
	return withQuery(m.Authorization, f.String()), nil
}

// authorization is the authorization request (RFC 6749, section 4.1.1; OpenID
// Connect Core, section 3.1.2.1).
func (c *Client) authorization(ctx context.Context, t Transaction, params [][2]string) (*form, error) {
	f := &form{}
	own := map[string]bool{"response_mode": true, "request": true, "request_uri": true, "nonce": true}
	add := func(name, value string) {
		own[name] = true
		f.addText(name, value)
	}
	add("response_type", c.ResponseType.String())
	add("client_id", c.ClientID)
	add("redirect_uri", t.RedirectURI)
	add("scope", c.Scope)
	add("state", t.State.Expose())
	if c.ResponseType.HasCode() {
		challenge, err := c.challenge(ctx, t.Verifier)
		if err != nil {
			return nil, err
		}
		add("code_challenge", challenge)
		add("code_challenge_method", "S256")
	}
	if c.openID() || c.ResponseType.IDToken {
		add("nonce", t.Nonce.Expose())
	}
	named := map[string]bool{}
	for _, resource := range slices.Concat(c.Resources, c.APIResources) {
		if !named[resource] {
			named[resource] = true
			add("resource", resource)
		}
	}
	bound, err := c.boundTo(ctx)
	if err != nil {
		return nil, err
	}
	add("dpop_jkt", bound)
	if t.MaxAge != nil {
		f.add("max_age", strconv.FormatInt(*t.MaxAge, 10))
	}
	for _, p := range params {
		if own[p[0]] {
			return nil, errcode.New(errcode.ConfigInvalid, "params."+printable(p[0])+" is the runtime's own; leave it out")
		}
		f.add(p[0], p[1])
	}
	return f, nil
}

// openID tells whether an id token is asked for.
func (c *Client) openID() bool { return slices.Contains(strings.Fields(c.Scope), "openid") }

// Redeem makes tokens of the answer to t, whichever way it came.
func (c *Client) Redeem(ctx context.Context, t Transaction, a Answer) (session.Tokens, error) {
	if err := c.fromIssuer(ctx, t, a); err != nil {
		return session.Tokens{}, err
	}
	if a.Err != nil {
		return session.Tokens{}, a.Err
	}
	if c.Handover != "" {
		return c.handOver(ctx, t, a.Code)
	}
	front, err := c.identify(ctx, c.granted(a.Tokens), expectation{issuer: c.Issuer, nonce: t.Nonce, maxAge: t.MaxAge, front: true, code: a.Code, state: t.State})
	if err != nil {
		return session.Tokens{}, err
	}
	front.SessionState = a.SessionState
	if !c.ResponseType.HasCode() {
		return c.asSession(front), nil
	}
	// What came through the address is not used beyond this: the token endpoint
	// gives all of it again, to us alone.
	tokens, err := c.exchange(ctx, t, a.Code)
	if err == nil && !front.ID.Empty() && tokens.Subject != front.Subject {
		err = errcode.New(errcode.IDTokenInvalid, "the two id tokens of one sign-in are about different people (OpenID Connect Core, section 3.3.3.6)")
	}
	if err != nil {
		return session.Tokens{}, err
	}
	tokens.SessionState = a.SessionState
	return tokens, nil
}

// asSession lets an id token that came alone be a session, for as long as it is
// good.
func (c *Client) asSession(t session.Tokens) session.Tokens {
	if t.Access.Empty() {
		t.IssuedAt = c.clock.Now()
		claims, _ := strictjson.Parse(t.Claims)
		exp, _ := seconds(claims.Get("exp"))
		t.ExpiresAt = time.Unix(int64(exp), 0)
	}
	return t
}

// fromIssuer refuses an answer that another server may have given (RFC 9207,
// section 2.4).
func (c *Client) fromIssuer(ctx context.Context, t Transaction, a Answer) error {
	if !c.Discover {
		return nil // nobody said what the issuer calls itself
	}
	m, err := c.metadata(ctx)
	if err != nil {
		return err
	}
	switch {
	case a.Issuer != "" && a.Issuer != t.Issuer:
		return errcode.New(errcode.IssuerMismatch, "the sign-in answer came from another issuer (RFC 9207)")
	// An id token beside it says the same, signed (section 1), and some servers
	// then leave the parameter out.
	case a.Issuer == "" && m.AnswersWithIssuer && a.Tokens.ID.Empty():
		return errcode.New(errcode.IssuerMismatch, "the sign-in answer lacks the iss that this server promises (RFC 9207)")
	}
	return nil
}

// exchange redeems an authorization code (RFC 6749, section 4.1.3).
func (c *Client) exchange(ctx context.Context, t Transaction, code secret.String) (session.Tokens, error) {
	var f form
	f.add("grant_type", "authorization_code")
	f.hide("code", code)
	f.add("redirect_uri", t.RedirectURI)
	f.hide("code_verifier", t.Verifier)
	c.addResources(&f, "")
	tokens, err := c.request(ctx, &f)
	if err != nil {
		return tokens, err
	}
	if tokens.ID.Empty() && c.openID() && c.Discover {
		return session.Tokens{}, errcode.New(errcode.IDTokenInvalid, "the scope has openid, but the server sent no id token")
	}
	return c.identify(ctx, c.granted(tokens), expectation{issuer: c.Issuer, nonce: t.Nonce, maxAge: t.MaxAge, code: code, state: t.State})
}

// granted is t with what was asked for: the resources, and the scope where the
// server did not say which it grants (RFC 6749, section 5.1).
func (c *Client) granted(t session.Tokens) session.Tokens {
	if t.Scope == nil {
		t.Scope = strings.Fields(c.Scope)
	}
	t.Named = slices.Concat(c.Resources, c.APIResources)
	return t
}
