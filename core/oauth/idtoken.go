package oauth

import (
	"context"
	"encoding/base64"
	"slices"
	"unicode/utf8"

	"latchkey/core/errcode"
	"latchkey/core/secret"
	"latchkey/core/session"
	"latchkey/core/strictjson"
)

// expectation is what an id token must say.
type expectation struct {
	issuer string
	// nonce is empty where none was sent.
	nonce secret.String
	// anyAge accepts a token whose times don't fit this clock. A refresh is about
	// the same person as before, and neither a lid closed between the request
	// and its answer nor a clock that is wrong must sign them out.
	anyAge bool
	// maxAge is how many seconds ago the person may have signed in; nil where
	// nobody asked (OpenID Connect Core, section 3.1.2.1).
	maxAge *int64
	// front says that the token came through the browser's address, where no
	// TLS vouches for it: at_hash and c_hash are then required for what came
	// with it.
	front bool
	// code is what came with it or before it, and state what was sent.
	code, state secret.String
	// subject is who the session is about, and before what its last id token
	// claimed, as JSON. Both are empty where nobody knows.
	subject, before string
}

// identify reads who t's id token says the person is (OpenID Connect Core,
// section 3.1.3.7). Without one it returns t as it is.
//
// With discovery the signature is always checked, also where TLS vouches for
// the server. Without, it is where the options name the keys.
func (c *Client) identify(ctx context.Context, t session.Tokens, want expectation) (session.Tokens, error) {
	if t.ID.Empty() {
		return t, nil
	}
	token, why := readUnverified(t.ID.Expose())
	if why != "" {
		return session.Tokens{}, invalid(why)
	}
	m, err := c.metadata(ctx)
	if err != nil {
		return session.Tokens{}, err
	}
	if m.IDTokenAlgs != nil && !slices.Contains(m.IDTokenAlgs, token.alg) {
		return session.Tokens{}, invalid("alg is none that the issuer's metadata names (id_token_signing_alg_values_supported)")
	}
	if why := c.check(token.claims, want); why != "" {
		return session.Tokens{}, invalid(why)
	}
	if err := c.bound(ctx, token, t.Access, want); err != nil {
		return session.Tokens{}, err
	}
	switch {
	case m.JWKS != "":
		err = c.verify(ctx, token, m.JWKS)
	case c.Discover:
		err = errcode.Wrap(errcode.IDTokenInvalid, "the id token can't be verified: the issuer's metadata names no keys (jwks_uri); have the server publish them", errNoKey)
	case want.front:
		err = invalid("it came through the browser, and there are no keys to verify it with; set auth.endpoints.jwks")
	}
	if err != nil {
		return session.Tokens{}, err
	}
	t.Subject = token.claims.Get("sub").TextOr("")
	t.Claims = token.claims.JSON()
	return t, nil
}

// invalid is the one error for a token that is refused. why names a claim, and
// never what it holds.
func invalid(why string) error {
	return errcode.New(errcode.IDTokenInvalid, "the id token is not for this sign-in: "+why)
}

// logoutEvent marks a logout token (OpenID Connect Back-Channel Logout 1.0,
// section 2.4), which has all that an id token needs.
const logoutEvent = "http://schemas.openid.net/event/backchannel-logout"

// check says what is wrong with the claims, or "".
func (c *Client) check(claims strictjson.Value, want expectation) string {
	// Without discovery nobody said what the issuer calls itself.
	if issuer, _ := claims.Get("iss").Text(); issuer == "" || c.Discover && issuer != want.issuer {
		return "iss is missing, or another issuer than auth.issuer"
	}
	switch sub, _ := claims.Get("sub").Text(); {
	case sub == "" || utf8.RuneCountInString(sub) > 255:
		return "sub is missing, empty, or longer than 255 characters"
	case want.subject != "" && sub != want.subject:
		return "sub is somebody else than before"
	}
	if !c.isFor(claims.Get("aud")) {
		return "aud is not auth.clientId, or has others beside it that auth.trustedAudiences does not name"
	}
	if azp := claims.Get("azp"); azp.Kind() != strictjson.Missing && azp.TextOr("") != c.ClientID {
		return "azp is another client than auth.clientId"
	}
	if claims.Get("events").Get(logoutEvent).Kind() != strictjson.Missing {
		return "events says that it is a logout token"
	}
	if why := c.checkTimes(claims, want); why != "" {
		return why
	}
	switch nonce := claims.Get("nonce"); {
	case !want.nonce.Empty():
		if got, ok := nonce.Text(); !ok || got != want.nonce.Expose() {
			return "nonce is missing, or another sign-in's; sign in again"
		}
	case !want.anyAge && nonce.Kind() != strictjson.Missing:
		return "nonce is there, and none was sent"
	}
	return differs(claims, want.before)
}

// isFor accepts this client, alone or beside audiences that the page trusts.
// Any other could use the token too (OP-50).
func (c *Client) isFor(aud strictjson.Value) bool {
	if one, ok := aud.Text(); ok {
		return one == c.ClientID
	}
	found := false
	for _, item := range aud.Items() {
		s, _ := item.Text()
		if s != c.ClientID && !slices.Contains(c.TrustedAudiences, s) {
			return false
		}
		found = found || s == c.ClientID
	}
	return found
}

// latest is the end of the year 9999. What is beyond is a mistake: milliseconds,
// as a rule.
const latest = 253402300799

// seconds reads a NumericDate (RFC 7519, section 2), which may have a fraction.
func seconds(v strictjson.Value) (float64, bool) {
	n, ok := v.Number()
	return n, ok && n >= 0 && n <= latest
}

// checkTimes accepts a token that was made a week ago, if it has not ended.
func (c *Client) checkTimes(claims strictjson.Value, want expectation) string {
	at := c.clocks(want)
	slack := c.ClockTolerance.Seconds()
	exp, ok := seconds(claims.Get("exp"))
	if !ok || !want.anyAge && !at.any(func(now float64) bool { return exp > now-slack }) {
		return "exp is missing, or past; is this computer's clock right?"
	}
	begun := func(name string) bool {
		from, ok := seconds(claims.Get(name))
		return ok && (want.anyAge || at.any(func(now float64) bool { return from <= now+slack }))
	}
	if !begun("iat") {
		return "iat is missing, or ahead; is this computer's clock right?"
	}
	if claims.Get("nbf").Kind() != strictjson.Missing && !begun("nbf") {
		return "nbf is ahead; is this computer's clock right?"
	}
	if want.maxAge != nil {
		since, ok := seconds(claims.Get("auth_time"))
		recent := func(now float64) bool { return since <= now+slack && now-slack-since <= float64(*want.maxAge) }
		if !ok || !at.any(recent) {
			return "auth_time is missing, or longer ago than auth.maxAge; sign in again"
		}
	}
	return ""
}

// differs says what a refreshed token must not have changed (OpenID Connect
// Core, section 12.2), or "". aud and azp can only be this client.
func differs(claims strictjson.Value, before string) string {
	old, err := strictjson.Parse(before)
	if err != nil {
		return ""
	}
	if claims.Get("iss").JSON() != old.Get("iss").JSON() {
		return "iss is another than before"
	}
	for _, name := range []string{"nonce", "auth_time"} {
		is, was := claims.Get(name), old.Get(name)
		a, numbers := is.Number()
		b, ok := was.Number()
		same := is.JSON() == was.JSON() || numbers && ok && a == b
		if is.Kind() != strictjson.Missing && was.Kind() != strictjson.Missing && !same {
			return name + " is another than before"
		}
	}
	return ""
}

// bound checks that the token belongs to the tokens and parameters around it
// (OpenID Connect Core, sections 3.1.3.8, 3.2.2.9 and 3.3.2.10).
func (c *Client) bound(ctx context.Context, token jws, access secret.String, want expectation) error {
	for _, b := range []struct {
		name     string
		of       secret.String
		required bool
	}{
		{"at_hash", access, want.front}, {"c_hash", want.code, want.front}, {"s_hash", want.state, false},
	} {
		claim := token.claims.Get(b.name)
		if b.of.Empty() || claim.Kind() == strictjson.Missing && !b.required {
			continue
		}
		sum, err := c.crypto.Digest(ctx, algorithms[token.alg], []byte(b.of.Expose()))
		if err != nil {
			if ctx.Err() != nil {
				return Transport(ctx, err)
			}
			return errcode.Wrap(errcode.RuntimeFailed, "the browser could not compute "+b.name, err)
		}
		if claim.TextOr("") != base64.RawURLEncoding.EncodeToString(sum[:len(sum)/2]) {
			return invalid(b.name + " is missing, or of something else than what came with the token")
		}
	}
	return nil
}
