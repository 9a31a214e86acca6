package oauth

import (
	"context"

	"latchkey/core/errcode"
	"latchkey/core/secret"
	"latchkey/core/session"
)

// Revoke gives tokens back (RFC 7009), the refresh token first, as it may take
// the access token with it. Failures are silent: the session is over here
// whatever the server says. The requests outlive the page. It returns whether
// the server could be reached, as far as it was asked.
func (c *Client) Revoke(ctx context.Context, t session.Tokens) (reached bool) {
	e, err := c.metadata(ctx)
	if err != nil {
		return errcode.Of(err) != errcode.NetworkError
	}
	if e.Revocation == "" {
		return true
	}
	reached = true
	type one struct {
		hint  string
		value secret.String
	}
	all := []one{{"refresh_token", t.Refresh}, {"access_token", t.Access}}
	for _, a := range t.More {
		all = append(all, one{"access_token", a.Token})
	}
	for _, token := range all {
		if token.value.Empty() {
			continue
		}
		var f form
		f.hide("token", token.value)
		f.add("token_type_hint", token.hint)
		f.authenticate(c, e)
		if c.AuthorizeRevocation && !t.Access.Empty() {
			f.authorization = secret.New(t.Type + " " + t.Access.Expose())
		}
		if _, err := c.post(ctx, e.Revocation, &f, true, ""); errcode.Of(err) == errcode.NetworkError {
			reached = false
		}
	}
	return reached
}
