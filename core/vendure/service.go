package vendure

import (
	"context"

	"latchkey/core/browser"
	"latchkey/core/errcode"
	"latchkey/core/event"
	"latchkey/core/gate"
	"latchkey/core/secret"
	"latchkey/core/session"
	"latchkey/core/session/captured"
	"latchkey/core/strictjson"
	"latchkey/core/userauth"
)

// Service implements [userauth.Ways].
type Service struct {
	userauth.NoWays
	client   *Client
	keeper   *session.Keeper
	forget   func(context.Context)
	location browser.Location
	one      gate.Gate
}

// NewService returns the ways into the keeper's session. forget forgets the page
// wanted.
func NewService(client *Client, keeper *session.Keeper, forget func(context.Context), location browser.Location) *Service {
	return &Service{client: client, keeper: keeper, forget: forget, location: location, one: gate.New()}
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

// Watched is what is in the body of a request that signs somebody in, or out.
const Watched = Logout + "|login|authenticate|verifyCustomerAccount|resetPassword"

// Logout is the operation that signs out.
const Logout = "logout"

// LoginWithCredentials signs in with a name and a password; params may have
// rememberMe, "true" or "false".
func (s *Service) LoginWithCredentials(ctx context.Context, username string, password secret.String, params userauth.Params, _ bool) error {
	var v strictjson.Object
	v.String("username", username)
	v.String("password", password.Expose())
	for _, p := range params {
		if p[0] != "rememberMe" || p[1] != "true" && p[1] != "false" {
			return errcode.New(errcode.ConfigInvalid, "params may have rememberMe only: 'true' or 'false'")
		}
		v.Bool("rememberMe", p[1] == "true")
	}
	return s.LoginWith(ctx, "login", v.Done())
}

// LoginWith implements [userauth.Ways]. It goes as the visitor who is there, whose
// cart the server then gives to the user.
func (s *Service) LoginWith(ctx context.Context, name, variables string) error {
	document, ok := operations[name]
	if !ok {
		return errcode.New(errcode.ConfigInvalid, "the operation must be login, authenticate, verifyCustomerAccount or resetPassword")
	}
	if name == "login" || name == "authenticate" {
		variables = s.remembering(variables)
	}
	defer s.one.Enter()()
	rec := s.keeper.Record()
	a, err := s.client.run(ctx, operation{document: document, name: name, variables: variables, token: rec.Tokens.Access})
	if err == nil {
		err = typed(a.result)
	}
	if err != nil {
		// What is sent no more is everybody's affair.
		if isNoChannel(err) {
			s.announce(err)
		}
		return err
	}
	t := s.client.tokens(a)
	switch {
	case t.Subject == "":
		return errcode.New(errcode.ServerError, "the server signed nobody in, and named no reason")
	case !t.Cookie && a.token == "":
		return captured.Hidden(s.client.Header)
	}
	in, err := s.keeper.Enter(ctx, rec, t)
	if err == nil && !in {
		// The answer has begun what nobody waits for any more.
		_ = s.leave(ctx, t.Access)
		return errcode.New(errcode.SessionChanged, "somebody has signed out meanwhile")
	}
	return err
}

// leave signs out at the server.
func (s *Service) leave(ctx context.Context, token secret.String) error {
	_, err := s.client.anywhere(ctx, operation{
		document: "mutation { logout { success } }", name: Logout, variables: "{}", token: token, leaving: true,
	})
	return err
}

// remembering completes variables by what the page's storage says, where they say
// nothing.
func (s *Service) remembering(variables string) string {
	v, err := strictjson.Parse(variables)
	if _, said := v.Get("rememberMe").Bool(); said || err != nil {
		return variables
	}
	var o strictjson.Object
	for _, name := range v.Names() {
		if name != "rememberMe" {
			o.Raw(name, v.Get(name).JSON())
		}
	}
	o.Bool("rememberMe", !s.client.Forgets)
	return o.Done()
}

func (s *Service) announce(err error) {
	user := s.keeper.UserID()
	s.keeper.Announce(event.Event{Type: event.Error, Err: err, PreviousUserID: user, UserID: user})
}

// Logout ends the session here, then at the server, which ends all of the user's
// on all devices.
func (s *Service) Logout(ctx context.Context, o userauth.LogoutOptions) {
	was, ok := o.End(ctx, s.keeper)
	if ok {
		s.forget(ctx)
	}
	cookie := s.client.Header == ""
	if ok && (was.Live() || cookie) && o.Revoke {
		if err := s.leave(ctx, was.Tokens.Access); err != nil && cookie {
			s.announce(err) // the cookie is still there, and nobody but the server can take it away
		}
	}
	if path, ours := s.location.SameOrigin(o.ReturnTo); ours && o.ReturnTo != "" {
		_ = s.location.Navigate(path)
	}
}
