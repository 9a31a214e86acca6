package oauth

import (
	"context"
	"slices"
	"strconv"
	"strings"

	"latchkey/core/browser"
	"latchkey/core/errcode"
	"latchkey/core/session"
	"latchkey/core/strictjson"
)

// UserInfo asks the server what it says of the person (OpenID Connect Core,
// section 5.3), and returns it as JSON: an object whose sub is that of the
// session. The error's code is SessionExpired where the server does not take
// the access token.
func (c *Client) UserInfo(ctx context.Context, t session.Tokens) (string, error) {
	m, err := c.metadata(ctx)
	if err != nil {
		return "", err
	}
	if m.UserInfo == "" {
		return "", errcode.New(errcode.NotSupported, "the server names no userinfo endpoint")
	}
	answer, err := c.send(ctx, &browser.Request{
		Method: "GET", URL: m.UserInfo, MaxBytes: maxAnswer, ProofKey: t.ProofKey,
		Headers: map[string]string{"accept": "application/json", "authorization": t.Type + " " + t.Access.Expose()},
	})
	switch {
	case err != nil:
		return "", err
	case answer.Status == 401:
		return "", errcode.New(errcode.SessionExpired, "the server does not take the access token for userinfo")
	case answer.Status >= 500 || answer.Status == 429:
		return "", c.refusal(answer)
	case answer.Status != 200:
		return "", unusableInfo("status " + strconv.Itoa(answer.Status) + "; does the scope have openid?")
	}
	kind, _, _ := strings.Cut(answer.Headers["content-type"], ";")
	var v strictjson.Value
	if lower(strings.TrimSpace(kind)) == "application/jwt" {
		if v, err = c.signedInfo(ctx, string(answer.Body), m); err != nil {
			return "", err
		}
	} else if v, err = strictjson.Parse(string(answer.Body)); err != nil || v.Kind() != strictjson.Obj {
		return "", unusableInfo("it is no JSON object")
	}
	// Section 5.3.2: otherwise nothing of it may be used.
	if sub, _ := v.Get("sub").Text(); sub == "" || t.Subject != "" && sub != t.Subject {
		return "", unusableInfo("sub is missing, or somebody else than in the id token")
	}
	return v.JSON(), nil
}

// signedInfo reads a signed answer (section 5.3.2). One whose signature can't be
// checked is refused, never only decoded.
func (c *Client) signedInfo(ctx context.Context, text string, m Metadata) (v strictjson.Value, err error) {
	token, why := readUnverified(text)
	switch issuer, _ := token.claims.Get("iss").Text(); {
	case why != "":
		return v, unusableInfo(why)
	case m.UserInfoAlgs != nil && !slices.Contains(m.UserInfoAlgs, token.alg):
		return v, unusableInfo("alg is none that the issuer's metadata names (userinfo_signing_alg_values_supported)")
	case m.JWKS == "":
		return v, unusableInfo("it is signed, and there are no keys to verify it with (jwks_uri, or auth.endpoints.jwks)")
	case issuer == "" || c.Discover && issuer != c.Issuer:
		return v, unusableInfo("iss is missing, or another issuer")
	case !c.isFor(token.claims.Get("aud")):
		return v, unusableInfo("aud is not auth.clientId, and that alone")
	}
	if exp := token.claims.Get("exp"); exp.Kind() != strictjson.Missing {
		until, ok := seconds(exp)
		if !ok || !c.clocks(expectation{}).any(func(now float64) bool { return until > now-c.ClockTolerance.Seconds() }) {
			return v, unusableInfo("exp is past; is this computer's clock right?")
		}
	}
	err = c.verify(ctx, token, m.JWKS)
	if errcode.Of(err) == errcode.IDTokenInvalid {
		err = unusableInfo("its signature is not by a key that the issuer publishes")
	}
	return token.claims, err
}

func unusableInfo(why string) error {
	return errcode.New(errcode.ServerError, "the userinfo answer can't be used: "+why)
}
