package oauth

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"latchkey/core/browser"
	"latchkey/core/errcode"
	"latchkey/core/secret"
	"latchkey/core/session"
	"latchkey/core/strictjson"
)

// maxAnswer bounds what the token endpoint may answer. Tokens of 16 kB exist;
// answers of this size don't.
const maxAnswer = 512 << 10

// longestLife bounds expires_in, so that a mad value can't overflow a time.
const longestLife = 10 * 365 * 24 * time.Hour

// request sends a form to the token endpoint and reads the answer (RFC 6749,
// sections 5.1 and 5.2).
func (c *Client) request(ctx context.Context, f *form) (session.Tokens, error) {
	e, err := c.metadata(ctx)
	if err != nil {
		return session.Tokens{}, err
	}
	f.authenticate(c, e)
	key, _, err := c.proofKey(ctx)
	if err != nil {
		return session.Tokens{}, err
	}
	answer, err := c.post(ctx, e.Token, f, false, key)
	if err != nil {
		return session.Tokens{}, err
	}
	if answer.Status != 200 {
		err := c.refusal(answer)
		if err.OAuth != nil && f.quoted(err.OAuth.Description+err.OAuth.URI) {
			err.OAuth = &errcode.OAuth{Error: err.OAuth.Error} // Spring's words have the token in them
		}
		return session.Tokens{}, err
	}
	c.learn(answer.Headers["date"])
	v, err := strictjson.Parse(string(answer.Body))
	if err != nil || v.Kind() != strictjson.Obj {
		return session.Tokens{}, errcode.New(errcode.ServerError, "the token endpoint answered 200, but not with a JSON object; is something between the page and the server?")
	}
	t, err := c.tokens(v)
	t.ProofKey = key
	return t, err
}

func (c *Client) post(ctx context.Context, endpoint string, f *form, keepAlive bool, key string) (*browser.Response, error) {
	headers := map[string]string{"content-type": "application/x-www-form-urlencoded", "accept": "application/json"}
	if !f.authorization.Empty() {
		headers["authorization"] = f.authorization.Expose()
	}
	return c.send(ctx, &browser.Request{
		Method: "POST", URL: endpoint, Body: f.String(), MaxBytes: maxAnswer, KeepAlive: keepAlive, ProofKey: key, Headers: headers, Spends: f.spends,
	})
}

// Transport gives an error without an answer its code.
func Transport(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() == context.DeadlineExceeded:
		return errcode.Wrap(errcode.Timeout, "the server did not answer in time", err)
	case ctx.Err() != nil:
		return errcode.Wrap(errcode.Aborted, "the request was given up", err)
	case errors.Is(err, browser.ErrKey):
		return errcode.Wrap(errcode.RuntimeFailed, "the key that proves the request is gone; try again", err)
	case errors.Is(err, browser.ErrTooLarge):
		return errcode.Wrap(errcode.ServerError, "the server's answer is too large", err)
	}
	return errcode.Wrap(errcode.NetworkError, "the server could not be reached, or does not allow this origin (CORS)", err)
}

// refusal reads an answer that is no success. Only an error that the server
// spells out in JSON is the server's word; anything else may come from a
// proxy, a portal, or a server in trouble.
func (c *Client) refusal(answer *browser.Response) *errcode.Error {
	wait := RetryAfter(answer.Headers["retry-after"], c.clock.Now())
	status := "the server answered with status " + strconv.Itoa(answer.Status)
	if answer.Status == 429 {
		return &errcode.Error{Code: errcode.RateLimited, Message: status, RetryAfter: wait}
	}
	var o *errcode.OAuth
	if v, err := strictjson.Parse(string(answer.Body)); err == nil && answer.Status >= 400 && answer.Status < 500 {
		if code, ok := v.Get("error").Text(); ok && code != "" {
			o = &errcode.OAuth{Error: code, Description: v.Get("error_description").TextOr(""), URI: v.Get("error_uri").TextOr("")}
			status = "the server refused: " + printable(code)
		}
	}
	return &errcode.Error{Code: errcode.ServerError, Message: status, OAuth: o, RetryAfter: wait}
}

// oauthError is the server's error code in err, or "".
func oauthError(err error) string {
	var e *errcode.Error
	if errors.As(err, &e) && e.OAuth != nil {
		return e.OAuth.Error
	}
	return ""
}

// printable cuts an error code to what RFC 6749, section 5.2, lets it be.
func printable(code string) string {
	if len(code) > 64 {
		code = code[:64]
	}
	var b []byte
	for _, c := range []byte(code) {
		if c >= 0x20 && c <= 0x7e && c != '"' && c != '\\' {
			b = append(b, c)
		}
	}
	return string(b)
}

// tokens reads a successful answer. What can't be used is refused here, and
// not at the first request that would carry it.
func (c *Client) tokens(v strictjson.Value) (session.Tokens, error) {
	life, _ := v.Get("expires_in").Int()
	t, err := c.usable(v.Get("access_token").TextOr(""), v.Get("token_type").TextOr(""), life)
	if err != nil {
		return t, err
	}
	switch refresh := v.Get("refresh_token"); refresh.Kind() {
	case strictjson.Missing, strictjson.Null:
	case strictjson.Text:
		t.Refresh = secret.New(refresh.TextOr(""))
		t.RefreshEnds = c.refreshEnds(v)
	default:
		return session.Tokens{}, badAnswer("refresh_token is not a string")
	}
	if scope, ok := v.Get("scope").Text(); ok {
		t.Scope = strings.Fields(scope)
	}
	t.ID = secret.New(v.Get("id_token").TextOr(""))
	return t, nil
}

// refreshEnds reads how long the refresh token lasts, which no standard has a name for:
// Keycloak's, and Azure's and GitHub's. Where it is 0, as for Keycloak's offline tokens,
// nobody knows.
func (c *Client) refreshEnds(v strictjson.Value) time.Time {
	for _, name := range []string{"refresh_expires_in", "refresh_token_expires_in"} {
		if life, ok := v.Get(name).Int(); ok && life > 0 {
			return c.clock.Now().Add(time.Duration(min(life, int64(longestLife/time.Second))) * time.Second)
		}
	}
	return time.Time{}
}

func badAnswer(why string) error {
	return errcode.New(errcode.ServerError, "the server's answer can't be used: "+why)
}

// usable makes tokens of an access token that came just now. life is its
// expires_in; anything but a positive number is as if the server had not said.
func (c *Client) usable(access, kind string, life int64) (session.Tokens, error) {
	if !visible(access) {
		return session.Tokens{}, badAnswer("access_token is missing, empty, or no text that a header can carry")
	}
	kind, wrong := c.tokenType(kind)
	if wrong != "" {
		return session.Tokens{}, badAnswer(wrong)
	}
	t := session.Tokens{Access: secret.New(access), Type: kind, IssuedAt: c.clock.Now()}
	if life > 0 {
		t.ExpiresAt = t.IssuedAt.Add(time.Duration(min(life, int64(longestLife/time.Second))) * time.Second)
	}
	return t, nil
}

// expiresIn reads the expires_in of an address; 0 where it is no number.
func expiresIn(text string) int64 {
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return 0
	}
	return n
}

// visible tells whether s is made of VSCHAR (RFC 6749, appendix A.12).
func visible(s string) bool {
	for _, c := range []byte(s) {
		if c < 0x21 || c > 0x7e {
			return false
		}
	}
	return s != ""
}
