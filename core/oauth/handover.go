package oauth

import (
	"context"
	"slices"
	"time"

	"latchkey/core/browser"
	"latchkey/core/errcode"
	"latchkey/core/secret"
	"latchkey/core/session"
	"latchkey/core/strictjson"
)

// handOver gives a code to the app's own backend, with what it needs to redeem it:
// the verifier (RFC 7636, section 4.5), the redirect URI (RFC 6749, section 4.1.3)
// and, where an id token was asked for, the nonce to compare its own with (OpenID
// Connect Core, section 3.1.3.7). The backend keeps the tokens, sets a cookie, and
// may say whose session it is.
//
// A body of this type can't be posted by a form, and is asked for beforehand (CORS)
// when another origin sends it.
func (c *Client) handOver(ctx context.Context, t Transaction, code secret.String) (session.Tokens, error) {
	var o strictjson.Object
	o.String("code", code.Expose())
	o.String("codeVerifier", t.Verifier.Expose())
	o.String("redirectUri", t.RedirectURI)
	if c.openID() {
		o.String("nonce", t.Nonce.Expose())
	}
	answer, err := c.http.Do(ctx, &browser.Request{
		Method: "POST", URL: c.Handover, Body: o.Done(), MaxBytes: maxAnswer, Credentials: true,
		Headers: map[string]string{"content-type": "application/json", "accept": "application/json"},
	})
	if err != nil {
		return session.Tokens{}, Transport(ctx, err)
	}
	if !slices.Contains([]int{200, 201, 204}, answer.Status) {
		return session.Tokens{}, c.refusal(answer)
	}
	return readHandover(string(answer.Body), c.clock.Now())
}

// readHandover reads what the backend says of the session. It is the app's own, so
// what it says is believed; but what is not as agreed is a mistake that somebody
// should hear of.
func readHandover(text string, now time.Time) (session.Tokens, error) {
	t := session.Tokens{Cookie: true, IssuedAt: now}
	if text == "" {
		return t, nil
	}
	v, err := strictjson.Parse(text)
	if err != nil || v.Kind() != strictjson.Obj {
		return session.Tokens{}, badHandover("it is no JSON object")
	}
	var ok bool
	if sub := v.Get("sub"); given(sub) {
		if t.Subject, ok = sub.Text(); !ok || t.Subject == "" {
			return session.Tokens{}, badHandover("sub is no string, or an empty one")
		}
	}
	if claims := v.Get("claims"); given(claims) {
		if claims.Kind() != strictjson.Obj {
			return session.Tokens{}, badHandover("claims is no object")
		}
		t.Claims = claims.JSON()
	}
	if life := v.Get("expiresIn"); given(life) {
		seconds, ok := life.Number()
		if !ok || seconds <= 0 {
			return session.Tokens{}, badHandover("expiresIn is no number of seconds")
		}
		t.ExpiresAt = now.Add(time.Duration(min(seconds, longestLife.Seconds()) * float64(time.Second)))
	}
	return t, nil
}

func given(v strictjson.Value) bool {
	return v.Kind() != strictjson.Missing && v.Kind() != strictjson.Null
}

func badHandover(why string) error {
	return errcode.New(errcode.ServerError, "the answer of auth.codeExchange can't be used: "+why)
}
