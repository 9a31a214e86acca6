package vendure

import (
	"context"

	"latchkey/core/errcode"
	"latchkey/core/gate"
	"latchkey/core/secret"
	"latchkey/core/session"
	"latchkey/core/strictjson"
	"latchkey/core/userauth"
)

// Service implements [userauth.Ways].
type Service struct {
	userauth.NoWays
	client *Client
	keeper *session.Keeper
	one    gate.Gate
}

// NewService returns the ways into the keeper's session.
func NewService(client *Client, keeper *session.Keeper) *Service {
	return &Service{client: client, keeper: keeper, one: gate.New()}
}

// operations are those that make a session, each with its document. What each may
// answer is a union: a user, or an error with a code.
var operations = map[string]string{
	"login":                 "mutation($username: String!, $password: String!, $rememberMe: Boolean) { login(username: $username, password: $password, rememberMe: $rememberMe) {" + result,
	"authenticate":          "mutation($input: AuthenticationInput!, $rememberMe: Boolean) { authenticate(input: $input, rememberMe: $rememberMe) {" + result,
	"verifyCustomerAccount": "mutation($token: String!, $password: String) { verifyCustomerAccount(token: $token, password: $password) {" + result,
	"resetPassword":         "mutation($token: String!, $password: String!) { resetPassword(token: $token, password: $password) {" + result,
}

const result = " __typename ... on CurrentUser { id identifier } ... on ErrorResult { errorCode message } } }"

// LoginWithCredentials signs in with a name and a password; params may have
// rememberMe, "true" or "false".
func (s *Service) LoginWithCredentials(ctx context.Context, username string, password secret.String, params userauth.Params, _ bool) error {
	var v strictjson.Object
	v.String("username", username)
	v.String("password", password.Expose())
	remember := true
	for _, p := range params {
		if p[0] != "rememberMe" || p[1] != "true" && p[1] != "false" {
			return errcode.New(errcode.ConfigInvalid, "params may have rememberMe only: 'true' or 'false'")
		}
		remember = p[1] == "true"
	}
	v.Bool("rememberMe", remember)
	return s.LoginWith(ctx, "login", v.Done())
}

// LoginWith implements [userauth.Ways]. It goes as the visitor who is there, whose
// cart the server then gives to the user.
func (s *Service) LoginWith(ctx context.Context, operation, variables string) error {
	document, ok := operations[operation]
	if !ok {
		return errcode.New(errcode.ConfigInvalid, "the operation must be login, authenticate, verifyCustomerAccount or resetPassword")
	}
	defer s.one.Enter()()
	rec := s.keeper.Record()
	a, err := s.client.run(ctx, document, operation, variables, rec.Tokens.Access)
	if err != nil {
		return err
	}
	if err := typed(a.result); err != nil {
		return err
	}
	t := s.client.tokens(a)
	switch {
	case t.Subject == "":
		return errcode.New(errcode.ServerError, "the server signed nobody in, and named no reason")
	case !t.Cookie && (!a.given || a.token == ""):
		return errcode.New(errcode.ServerError, "the server signed in, but its header "+s.client.Header+" can't be read; it has to name it in Access-Control-Expose-Headers, and tokenMethod must have 'bearer'")
	}
	return s.keeper.Begin(ctx, t)
}

// Logout ends the session here, then at the server, which ends all of the user's
// on all devices.
func (s *Service) Logout(ctx context.Context, o userauth.LogoutOptions) {
	was := s.keeper.End(ctx, session.ByUser)
	if (was.Live() || s.client.Header == "") && o.Revoke {
		_, _ = s.client.run(ctx, "mutation { logout { success } }", "logout", "{}", was.Tokens.Access)
	}
}
