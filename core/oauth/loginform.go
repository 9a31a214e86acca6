package oauth

import (
	"context"

	"latchkey/core/browser"
	"latchkey/core/errcode"
	"latchkey/core/secret"
	"latchkey/core/strictjson"
)

// LoginForm is what an app's own sign-in page posts to the server, as a form of the
// browser's: the person's name and password do not come past here.
type LoginForm struct {
	Action string
	// Field is the name of the hidden one, and Token its value, which proves that the
	// server's own session and the form belong together.
	Field string
	Token secret.String
}

// LoginForm asks the server what its form has. It fails with InteractionRequired
// where the server knows of no sign-in that this could be for.
func (c *Client) LoginForm(ctx context.Context) (LoginForm, error) {
	if c.FormToken == "" || c.FormAction == "" {
		return LoginForm{}, errcode.New(errcode.NotSupported, "this scheme has no sign-in form for the app's own page; use loginWithRedirect")
	}
	answer, err := c.http.Do(ctx, &browser.Request{
		Method: "GET", URL: c.FormToken, MaxBytes: maxAnswer, Credentials: true, Headers: map[string]string{"accept": "application/json"},
	})
	switch {
	case err != nil:
		return LoginForm{}, Transport(ctx, err)
	case answer.Status == 401, answer.Status == 403, answer.Status == 404:
		return LoginForm{}, errcode.New(errcode.InteractionRequired, "the server knows of no sign-in that was begun; begin one with loginWithRedirect. Are the server's cookies let through?")
	case answer.Status != 200:
		return LoginForm{}, c.refusal(answer)
	}
	v, err := strictjson.Parse(string(answer.Body))
	field, token := v.Get("parameterName").TextOr(""), v.Get("token").TextOr("")
	if err != nil || field == "" || token == "" {
		return LoginForm{}, badAnswer("the CSRF endpoint named no parameterName and token")
	}
	return LoginForm{Action: c.FormAction, Field: field, Token: secret.New(token)}, nil
}
