package oauth

import (
	"context"
	"encoding/base64"
	"time"

	"latchkey/core/errcode"
	"latchkey/core/secret"
	"latchkey/core/strictjson"
)

// Way is how the answer comes back. The state begins with it: the data plane
// can tell our answers from other parameters of the same name on any page, and
// those that a popup or a hidden frame has to hand on.
type Way string

// The ways. No state of one begins like that of another: what follows has no
// full stop in it.
const (
	Redirect Way = "lk."
	Popup    Way = "lk.p."
	Silent   Way = "lk.s."
	Logout   Way = "lk.o."
	// Beside comes back by redirect too: a sign-in beside the session's own.
	Beside Way = "lk.b."
)

// Transaction is a sign-in that is under way. It binds the answer to this
// browser, server and client.
type Transaction struct {
	State, Nonce, Verifier secret.String
	Issuer, ClientID       string
	RedirectURI            string
	// MaxAge is how many seconds ago the person may have signed in; nil where
	// nobody asked.
	MaxAge *int64
	// ReturnTo is the page to go to afterwards.
	ReturnTo string
	Began    time.Time
}

// Begin makes a transaction: 256 bits each of state, nonce and code verifier
// (RFC 7636, section 7.1), never used again.
func (c *Client) Begin(way Way, returnTo string) (Transaction, error) {
	t := Transaction{Issuer: c.Issuer, ClientID: c.ClientID, RedirectURI: c.RedirectURI, ReturnTo: returnTo, MaxAge: c.MaxAge, Began: c.clock.Now()}
	for _, s := range []*secret.String{&t.State, &t.Nonce, &t.Verifier} {
		var b [32]byte
		if err := c.crypto.Random(b[:]); err != nil {
			return Transaction{}, errcode.Wrap(errcode.RuntimeFailed, "the browser gave no random numbers, without which no sign-in is safe", err)
		}
		*s = secret.New(base64.RawURLEncoding.EncodeToString(b[:]))
	}
	t.State = secret.New(string(way) + t.State.Expose())
	return t, nil
}

// challenge is the code challenge, method S256 (RFC 7636, section 4.2).
func (c *Client) challenge(ctx context.Context, verifier secret.String) (string, error) {
	sum, err := c.crypto.Digest(ctx, "SHA-256", []byte(verifier.Expose()))
	if err != nil {
		return "", errcode.Wrap(errcode.RuntimeFailed, "the browser could not hash the code verifier", err)
	}
	return base64.RawURLEncoding.EncodeToString(sum), nil
}

// JSON writes t to be kept across the redirect.
func (t Transaction) JSON() string {
	var o strictjson.Object
	o.String("state", t.State.Expose())
	o.String("nonce", t.Nonce.Expose())
	o.String("verifier", t.Verifier.Expose())
	o.String("issuer", t.Issuer)
	o.String("client", t.ClientID)
	o.String("redirectUri", t.RedirectURI)
	o.String("returnTo", t.ReturnTo)
	if t.MaxAge != nil {
		o.Int("maxAge", *t.MaxAge)
	}
	o.Int("began", t.Began.UnixMilli())
	return o.Done()
}

// ParseTransaction reads what JSON wrote.
func ParseTransaction(v strictjson.Value) (Transaction, bool) {
	began, ok := v.Get("began").Int()
	t := Transaction{
		State: secret.New(v.Get("state").TextOr("")), Nonce: secret.New(v.Get("nonce").TextOr("")), Verifier: secret.New(v.Get("verifier").TextOr("")),
		Issuer: v.Get("issuer").TextOr(""), ClientID: v.Get("client").TextOr(""), RedirectURI: v.Get("redirectUri").TextOr(""),
		ReturnTo: v.Get("returnTo").TextOr(""), Began: time.UnixMilli(began),
	}
	if maxAge, ok := v.Get("maxAge").Int(); ok {
		t.MaxAge = &maxAge
	}
	return t, ok && !t.State.Empty() && !t.Nonce.Empty() && !t.Verifier.Empty()
}
