package oauth

import (
	"context"

	"latchkey/core/session"
)

// ClientCredentials gets a token for the client itself (RFC 6749, section 4.4):
// nobody's, and without a refresh token, as it can be had again at any time.
func (c *Client) ClientCredentials(ctx context.Context) (session.Tokens, error) {
	var f form
	f.add("grant_type", "client_credentials")
	return c.request(ctx, &f)
}
