package oauth

import (
	"context"
	"encoding/base64"
	"strings"

	"latchkey/core/errcode"
	"latchkey/core/secret"
)

// EndSessionURL is the server's logout page (OpenID Connect RP-Initiated Logout
// 1.0, section 2), or "" where it has none that is known. The server sends the
// person back with state.
func (c *Client) EndSessionURL(ctx context.Context, idToken secret.String, returnTo, state string) string {
	m, err := c.metadata(ctx)
	if err != nil || m.EndSession == "" {
		return ""
	}
	var f form
	f.addText("id_token_hint", idToken.Expose())
	f.add("client_id", c.ClientID)
	f.addText("post_logout_redirect_uri", returnTo)
	f.add("state", state)
	return withQuery(m.EndSession, f.String())
}

// NewLogoutState is what the server shall bring back from its logout page.
func (c *Client) NewLogoutState() (string, error) {
	var b [16]byte
	if err := c.crypto.Random(b[:]); err != nil {
		return "", errcode.Wrap(errcode.RuntimeFailed, "the browser gave no random numbers", err)
	}
	return string(Logout) + base64.RawURLEncoding.EncodeToString(b[:]), nil
}

// LogoutState is the state in an address that a logout page leads back to; ""
// where it is another address.
func LogoutState(address string) string {
	before, _, _ := strings.Cut(address, "#")
	_, query, _ := strings.Cut(before, "?")
	got, twice := parameters(query)
	if twice || isAnswer(got) || !strings.HasPrefix(got["state"], string(Logout)) {
		return ""
	}
	return got["state"]
}
