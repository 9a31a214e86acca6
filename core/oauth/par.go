package oauth

import (
	"context"
	"slices"

	"latchkey/core/errcode"
	"latchkey/core/strictjson"
)

// push sends the authorization request to the server itself (RFC 9126), so that
// nobody on the way to the sign-in page can read or change it. What it returns
// goes into the address instead; nil where the server will not have it from this
// client, and does not insist.
func (c *Client) push(ctx context.Context, m Metadata, request *form) (*form, error) {
	secretly := &form{}
	secretly.b.WriteString(request.String())
	secretly.addSecret(c, m)
	answer, err := c.post(ctx, m.Pushed, secretly, false, "")
	if err != nil {
		// Many servers let no page read this endpoint: CORS looks like no network.
		if errcode.Of(err) == errcode.NetworkError && !m.WantsPushed {
			return nil, nil
		}
		return nil, err
	}
	if answer.Status != 201 && answer.Status != 200 {
		err := c.refusal(answer)
		unwanted := answer.Status == 404 || answer.Status == 405 || slices.Contains([]string{"invalid_client", "unauthorized_client"}, oauthError(err))
		if unwanted && !m.WantsPushed {
			return nil, nil
		}
		return nil, err
	}
	v, err := strictjson.Parse(string(answer.Body))
	uri, ok := v.Get("request_uri").Text()
	if err != nil || !ok || !visible(uri) {
		return nil, badAnswer("the pushed authorization request got no request_uri")
	}
	f := &form{}
	f.add("client_id", c.ClientID)
	f.add("request_uri", uri)
	return f, nil
}
