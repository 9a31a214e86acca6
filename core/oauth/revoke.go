package oauth

import (
	"context"

	"latchkey/core/secret"
	"latchkey/core/session"
)

// Revoke gives tokens back (RFC 7009), the refresh token first, as it may take
// the access token with it. Failures are silent: the session is over here
// whatever the server says. The requests outlive the page.
func (c *Client) Revoke(ctx context.Context, t session.Tokens) {
	e, err := c.metadata(ctx)
	if err != nil || e.Revocation == "" {
		return
	}
	for _, token := range []struct {
		hint  string
		value secret.String
	}{{"refresh_token", t.Refresh}, {"access_token", t.Access}} {
		if token.value.Empty() {
			continue
		}
		var f form
		f.add("token", token.value.Expose())
		f.add("token_type_hint", token.hint)
		f.add("client_id", c.ClientID)
		f.addText("client_secret", c.ClientSecret.Expose())
		_, _ = c.post(ctx, e.Revocation, &f, true, "")
	}
}
