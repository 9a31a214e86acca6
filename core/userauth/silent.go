package userauth

import (
	"context"
	"errors"
	"time"

	"latchkey/core/browser"
	"latchkey/core/errcode"
	"latchkey/core/oauth"
	"latchkey/core/session"
)

// Silent asks the server for whom it knows by its own cookie, in a frame that
// nobody sees, with prompt=none (OpenID Connect Core, section 3.1.2.1).
type Silent struct {
	Client  *oauth.Client
	Windows browser.Windows
}

// Tokens returns those of whoever the server knows. The frame may take as long
// as patience; what ctx allows beyond that is for the rest.
func (s Silent) Tokens(ctx context.Context, patience time.Duration, params Params) (session.Tokens, error) {
	t, err := s.Client.Begin(oauth.Silent, "")
	if err != nil {
		return session.Tokens{}, err
	}
	address, err := s.Client.AuthCodeURL(ctx, &t, Params{{"prompt", "none"}}.and(params))
	if err != nil {
		return session.Tokens{}, err
	}
	waiting, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	back, err := s.Windows.Frame(waiting, address, t.State.Expose())
	switch {
	case err == nil:
	case ctx.Err() != nil:
		return session.Tokens{}, ctx.Err()
	case errors.Is(err, context.DeadlineExceeded) && !s.Client.Reachable(ctx):
		return session.Tokens{}, errcode.Wrap(errcode.NetworkError, "the server could not be reached", err)
	case errors.Is(err, context.DeadlineExceeded):
		return session.Tokens{}, errcode.Wrap(errcode.InteractionRequired, "the server did not answer in a hidden frame; perhaps it may not be framed", err)
	default:
		return session.Tokens{}, errcode.Wrap(errcode.InteractionRequired, "there is no hidden frame to sign in with", err)
	}
	answer, err := answerTo(s.Client, t, back)
	if err != nil {
		return session.Tokens{}, err
	}
	return s.Client.Redeem(ctx, t, answer)
}

// Again is Tokens for a session that is to go on: those of anybody else are
// refused. Three quarters of the time that ctx leaves are the frame's.
func (s Silent) Again(ctx context.Context, old session.Tokens) (session.Tokens, error) {
	deadline, _ := ctx.Deadline()
	tokens, err := s.Tokens(ctx, time.Until(deadline)*3/4, nil)
	if err == nil && tokens.Subject != old.Subject {
		err = errcode.New(errcode.IDTokenInvalid, "the server has signed in somebody else")
	}
	return tokens, err
}

// SilentOptions is what a page may say about a silent sign-in.
type SilentOptions struct {
	LoginHint string
	Params    Params
}

// LoginSilently signs in whom the server knows, without asking anybody. The
// session of the same person goes on, with new tokens; that of another ends.
func (s *Service) LoginSilently(ctx context.Context, o SilentOptions) error {
	if s.Flow != Code {
		return errcode.New(errcode.ConfigInvalid, "loginSilently needs auth.flow 'code'")
	}
	for _, p := range o.Params {
		if p[0] == "prompt" {
			return errcode.New(errcode.ConfigInvalid, "params.prompt is the runtime's own; leave it out")
		}
	}
	if err := s.Allowed(); err != nil {
		return err
	}
	before := s.Keeper.Record()
	tokens, err := s.Silent.Tokens(ctx, s.Timeout, o.Params.with("login_hint", o.LoginHint))
	if err != nil {
		return err
	}
	defer s.one.Enter()()
	if err := s.Allowed(); err != nil {
		return err
	}
	return s.Keeper.Continue(ctx, before, tokens)
}
