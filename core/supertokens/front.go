// Package supertokens speaks the wire protocol of SuperTokens' backend SDKs: a
// strategy for the session, and the ways in and out of it. What is in the cookies, or
// in two headers instead, the header front-token tells: whose session it is, until
// when, and what the access token has to say.
package supertokens

import (
	"encoding/base64"
	"time"

	"latchkey/core/errcode"
	"latchkey/core/secret"
	"latchkey/core/session"
	"latchkey/core/strictjson"
)

// The headers of answers.
const (
	front    = "front-token"
	antiCSRF = "anti-csrf"
	access   = "st-access-token"
	refresh  = "st-refresh-token"
)

// removed is what front has where the session is no more.
const removed = "remove"

// longest bounds a token that is taken from a header.
const longest = 16 << 10

// skewed is how far the server's clock must be off to be taken for another one.
const skewed = 7 * time.Second

// errHidden is an answer that should have a session in it, and shows none.
var errHidden = errcode.New(errcode.ServerError, "the server's answer has no header front-token that can be read: a proxy takes it away, or Access-Control-Expose-Headers does not name it")

// errBlocked is what it looks like where the browser keeps no cookies: there are new ones
// that the server has not seen.
var errBlocked = errcode.New(errcode.StorageFailed, "the server knows no session, just after it has given one: the browser did not keep its cookies (another site's, or Secure over http:), or somebody has deleted them")

var errFront = errcode.New(errcode.ServerError, "the server's header front-token can't be read: it has to be Base64 of JSON with uid, ate and up")

// read makes tokens of an answer with a front token, to a request that was sent then.
func (c *Client) read(headers map[string]string, sent time.Time) (session.Tokens, error) {
	none := session.Tokens{}
	text, err := base64.StdEncoding.DecodeString(headers[front])
	if err != nil {
		if text, err = base64.RawURLEncoding.DecodeString(headers[front]); err != nil {
			return none, errFront
		}
	}
	v, err := strictjson.Parse(string(text))
	uid, ate := v.Get("uid").TextOr(""), v.Get("ate")
	ends, ok := ate.Int()
	if err != nil || uid == "" || uid == session.Anonymous || !ok {
		return none, errFront
	}
	now := c.clock.Now()
	t := session.Tokens{Subject: uid, IssuedAt: now, CSRF: secret.New(headers[antiCSRF]), Cookie: true}
	if up := v.Get("up"); up.Kind() == strictjson.Obj {
		t.Claims = up.JSON()
	}
	// The token was issued between the two, by the server's clock; a slow answer is no
	// clock that is wrong.
	var skew time.Duration
	if iat, ok := v.Get("up").Get("iat").Int(); ok {
		switch at := time.Unix(iat, 0); {
		case at.Sub(now) >= skewed:
			skew = at.Sub(now)
		case at.Sub(sent) <= -skewed:
			skew = at.Sub(sent)
		}
	}
	t.ExpiresAt = time.UnixMilli(ends).Add(-skew)
	a, r := headers[access], headers[refresh]
	if !usable(a) || !usable(r) || !usable(headers[antiCSRF]) {
		return none, errcode.New(errcode.ServerError, "the server's tokens can't be used: they are no text that a header can carry, or too long")
	}
	if a != "" {
		t.Cookie, t.Type, t.Access, t.Refresh = false, "Bearer", secret.New(a), secret.New(r)
	}
	return t, nil
}

func usable(value string) bool {
	for _, c := range []byte(value) {
		if c < 0x21 || c > 0x7e {
			return false
		}
	}
	return len(value) <= longest
}
