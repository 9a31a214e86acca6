package backend

import (
	"context"

	"latchkey/core/errcode"
	"latchkey/core/gate"
	"latchkey/core/secret"
	"latchkey/core/session"
	"latchkey/core/session/cookie"
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

// LoginWithCredentials posts name and password, and params beside them, and looks
// who is signed in then: a browser that keeps no cookies can't be told otherwise.
func (s *Service) LoginWithCredentials(ctx context.Context, username string, password secret.String, params userauth.Params, _ bool) error {
	c := s.client
	if c.Login == "" {
		return errcode.New(errcode.NotSupported, "loginWithCredentials needs auth.login")
	}
	var body strictjson.Object
	body.String(c.Username, username)
	body.String(c.Password, password.Expose())
	for _, p := range params {
		if p[0] == c.Username || p[0] == c.Password {
			return errcode.New(errcode.ConfigInvalid, "params must not have what the name and the password go by")
		}
		body.String(p[0], p[1])
	}
	defer s.one.Enter()()
	before := s.keeper.Record()
	got, err := c.post(ctx, c.Login, body.Done(), false)
	switch {
	case err != nil:
		return err
	case got.Status == 400 || got.Status == 401 || got.Status == 422:
		e := Failure(got, "auth.login", c.clock.Now())
		e.Code, e.Message = errcode.InvalidCredentials, "the backend does not take this name and password"
		return e
	case !Good(got):
		return Failure(got, "auth.login", c.clock.Now())
	}
	c.forget()
	who, err := c.Who(ctx)
	switch {
	case err != nil:
		return err
	case who.Subject == "" && s.keeper.Left(ctx, before):
		return errLeft
	case who.Subject == "":
		return cookie.ErrBlocked
	}
	in, err := s.keeper.Enter(ctx, before, who)
	if err == nil && !in {
		// The answer has set cookies that nobody waits for any more.
		s.leave(ctx)
		return errLeft
	}
	return err
}

var errLeft = errcode.New(errcode.SessionChanged, "somebody has signed out meanwhile")

// LoginSilently takes up the session that the backend knows of, however it began.
func (s *Service) LoginSilently(ctx context.Context, _ userauth.SilentOptions) error {
	defer s.one.Enter()()
	before := s.keeper.Record()
	who, err := s.client.Who(ctx)
	switch {
	case err != nil:
		return err
	case who.Subject == "":
		return errcode.New(errcode.InteractionRequired, "the backend knows nobody; sign in")
	case before.Live() && before.Tokens.Subject == who.Subject:
		return s.keeper.Continue(ctx, before, who)
	}
	in, err := s.keeper.Enter(ctx, before, who)
	if err == nil && !in {
		return errLeft
	}
	return err
}

// Logout ends the session here, then at the backend. Where that can't be reached, its
// cookies stay, and its session with them (CK-08).
func (s *Service) Logout(ctx context.Context, o userauth.LogoutOptions) {
	// Before, so that the record knows whether it is gone.
	if s.client.Marker != "" {
		s.client.Unmark()
	}
	if _, ok := o.End(ctx, s.keeper); ok && o.Revoke {
		s.leave(ctx)
	}
}

func (s *Service) leave(ctx context.Context) {
	if s.client.Logout != "" {
		_, _ = s.client.post(ctx, s.client.Logout, "{}", true)
	}
	s.client.forget()
}

// UserInfo asks the backend again.
func (s *Service) UserInfo(ctx context.Context, t session.Tokens) (string, error) {
	who, err := s.client.Who(ctx)
	switch {
	case err != nil:
		return "", err
	case who.Subject != t.Subject:
		return "", errcode.New(errcode.SessionExpired, "the backend does not know the session any more")
	case who.Claims == "":
		return "null", nil
	}
	return who.Claims, nil
}
