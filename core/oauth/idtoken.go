package oauth

import (
	"context"
	"time"

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
	// anyAge accepts a token that has expired. A refresh is about the same
	// person as before, and a lid closed between the request and its answer
	// must not sign them out.
	anyAge bool
	// maxAge is how many seconds ago the person may have signed in; negative
	// where nobody asked (OpenID Connect Core, section 3.1.2.1).
	maxAge int64
	// front says that the token came through the browser's address, where no
	// TLS vouches for it: at_hash and c_hash are then required for what came
	// with it.
	front bool
	// code is what came with it, in a hybrid flow.
	code secret.String
}

// identify reads who t's id token says the person is. Without one it returns t
// as it is.
//
// The token came straight from the token endpoint, so that TLS vouches for
// the server (OpenID Connect Core, section 3.1.3.7, item 6).
func (c *Client) identify(_ context.Context, t session.Tokens, want expectation) (session.Tokens, error) {
	if t.ID.Empty() {
		return t, nil
	}
	claims, err := payload(t.ID)
	if err != nil {
		return session.Tokens{}, errcode.Wrap(errcode.IDTokenInvalid, "the id token can't be read", err)
	}
	if why := c.check(claims, want); why != "" {
		return session.Tokens{}, errcode.New(errcode.IDTokenInvalid, "the id token is not for this sign-in: "+why)
	}
	t.Subject = claims.Get("sub").TextOr("")
	t.Claims = claims.JSON()
	return t, nil
}

// check says what is wrong, or "".
func (c *Client) check(claims strictjson.Value, want expectation) string {
	// Without discovery nobody said what the issuer calls itself.
	if issuer, _ := claims.Get("iss").Text(); issuer == "" || c.Discover && issuer != want.issuer {
		return "iss is missing, or another issuer"
	}
	if sub, _ := claims.Get("sub").Text(); sub == "" {
		return "sub is missing"
	}
	if !c.audience(claims) {
		return "aud is not this client"
	}
	now := c.clock.Now()
	if exp, ok := claims.Get("exp").Number(); !ok || !want.anyAge && !now.Add(-c.ClockTolerance).Before(fromSeconds(exp)) {
		return "exp is missing, or past; is this clock right?"
	}
	if _, ok := claims.Get("iat").Number(); !ok {
		return "iat is missing"
	}
	if nonce, _ := claims.Get("nonce").Text(); !want.nonce.Empty() && nonce != want.nonce.Expose() {
		return "nonce is missing, or another sign-in's"
	}
	return ""
}

// audience accepts this client alone, or with others where azp says that it is
// the one the token was made for.
func (c *Client) audience(claims strictjson.Value) bool {
	aud := claims.Get("aud")
	if one, ok := aud.Text(); ok {
		return one == c.ClientID
	}
	found := false
	for _, item := range aud.Items() {
		s, _ := item.Text()
		found = found || s == c.ClientID
	}
	azp, _ := claims.Get("azp").Text()
	return found && (len(aud.Items()) == 1 || azp == c.ClientID)
}

// fromSeconds bounds what a mad claim may say to the years that a time can hold.
func fromSeconds(s float64) time.Time {
	const last = 1 << 40
	return time.Unix(int64(max(-last, min(last, s))), 0)
}
