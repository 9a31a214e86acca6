package oauth

import (
	"context"

	"latchkey/core/secret"
)

// EndSessionURL is the server's logout page (OpenID Connect RP-Initiated Logout
// 1.0, section 2), or "" where it has none that is known.
func (c *Client) EndSessionURL(ctx context.Context, idToken secret.String, returnTo string) string {
	e, err := c.metadata(ctx)
	if err != nil || e.EndSession == "" {
		return ""
	}
	var f form
	f.addText("id_token_hint", idToken.Expose())
	f.add("client_id", c.ClientID)
	f.addText("post_logout_redirect_uri", returnTo)
	return withQuery(e.EndSession, f.String())
}
