package supertokens

import (
	"context"
	"strings"
	"sync"

	"latchkey/core/backend"
	"latchkey/core/browser"
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

	locks browser.Locks
	lock  string
	mu    sync.Mutex
	// callers counts those who want claims to be looked at, and asked has how many
	// there were when an address had last been asked.
	callers int
	asked   map[string]int
}

// NewService returns the ways into the keeper's session. lock is the name of the one that
// looking at claims holds.
func NewService(client *Client, keeper *session.Keeper, locks browser.Locks, lock string) *Service {
	return &Service{client: client, keeper: keeper, one: gate.New(), locks: locks, lock: lock, asked: map[string]int{}}
}

// body is what is posted to sign in.
func (c *Client) body(username string, password secret.String, params userauth.Params) string {
	all := append([][2]string{{c.Username, username}, {c.Password, password.Expose()}}, params...)
	var o strictjson.Object
	if !c.Fields {
		for _, p := range all {
			o.String(p[0], p[1])
		}
		return o.Done()
	}
	fields := make([]string, len(all))
	for i, p := range all {
		var field strictjson.Object
		field.String("id", p[0])
		field.String("value", p[1])
		fields[i] = field.Done()
	}
	o.Raw("formFields", "["+strings.Join(fields, ",")+"]")
	return o.Done()
}

// LoginWithCredentials posts name and password. The server says by the front token
// that it has begun a session.
func (s *Service) LoginWithCredentials(ctx context.Context, username string, password secret.String, params userauth.Params, _ bool) error {
	c := s.client
	if c.Login == "" {
		return errcode.New(errcode.NotSupported, "loginWithCredentials needs auth.login")
	}
	for _, p := range params {
		if p[0] == c.Username || p[0] == c.Password {
			return errcode.New(errcode.ConfigInvalid, "params must not have what the name and the password go by")
		}
	}
	defer s.one.Enter()()
	before, sent := s.keeper.Record(), c.clock.Now()
	got, err := c.post(ctx, c.Login, "anti-csrf", c.body(username, password, params), session.Tokens{}, "", false)
	if err != nil {
		return err
	}
	v, _ := strictjson.Parse(string(got.Body))
	status := v.Get("status").TextOr("OK")
	switch {
	case got.Status == 400 || got.Status == 401 || got.Status == 422, backend.Good(got) && got.Headers[front] == "" && status != "OK":
		e := backend.Failure(got, "auth.login", c.clock.Now())
		e.Code, e.Message = errcode.InvalidCredentials, "the server does not take this name and password"
		if status != "OK" {
			e.OAuth = &errcode.OAuth{Error: status, Description: v.Get("message").TextOr(v.Get("reason").TextOr(""))}
		}
		return e
	case !backend.Good(got):
		return backend.Failure(got, "auth.login", c.clock.Now())
	case got.Headers[front] == "" || got.Headers[front] == removed:
		return errHidden
	}
	t, err := c.read(got.Headers, sent)
	if err != nil {
		return err
	}
	in, err := s.keeper.Enter(ctx, before, t)
	if err == nil && !in {
		// The answer has begun what nobody waits for any more.
		s.leave(ctx, t)
		return errcode.New(errcode.SessionChanged, "somebody has signed out meanwhile")
	}
	return err
}

// LoginSilently takes up the session that the cookies have, however it began.
func (s *Service) LoginSilently(ctx context.Context, _ userauth.SilentOptions) error {
	defer s.one.Enter()()
	before := s.keeper.Record()
	if before.Live() {
		return s.keeper.RenewNow(ctx)
	}
	t, err := s.client.Find(ctx)
	switch {
	case err != nil:
		return err
	case t.Subject == "":
		return errcode.New(errcode.InteractionRequired, "the server knows nobody; sign in")
	}
	in, err := s.keeper.Enter(ctx, before, t)
	if err == nil && !in {
		return errcode.New(errcode.SessionChanged, "somebody has signed out meanwhile")
	}
	return err
}

// Logout ends the session here, then at the server.
func (s *Service) Logout(ctx context.Context, o userauth.LogoutOptions) {
	if was, ok := o.End(ctx, s.keeper); ok && was.Live() && o.Revoke {
		s.leave(ctx, was.Tokens)
	}
}

// leave signs out at the server, which wants an access token that is not over.
func (s *Service) leave(ctx context.Context, t session.Tokens) {
	got, err := s.client.post(ctx, s.client.Logout, "session", "", t, t.Access.Expose(), true)
	if err != nil || got.Status != 401 {
		return
	}
	if fresh, err := s.client.Renew(ctx, t); err == nil {
		fresh = fresh.After(t)
		_, _ = s.client.post(ctx, s.client.Logout, "session", "", fresh, fresh.Access.Expose(), true)
	}
}
