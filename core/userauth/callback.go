package userauth

import (
	"context"
	"strings"

	"latchkey/core/errcode"
	"latchkey/core/oauth"
)

// Callback deals with the server's answer in address. ok is false where there
// is none; then nothing happens. An answer that fails leaves the session as it
// was. The same address again, from a reload, another tab or a component that is
// mounted twice, has the same outcome, and asks the server nothing.
func (s *Service) Callback(ctx context.Context, address string) (returnTo string, ok bool, err error) {
	answer, ok, bad := s.Client.ParseAnswer(address)
	if !ok || strings.HasPrefix(answer.State.Expose(), string(oauth.Beside)) != (s.Way == oauth.Beside) {
		return "", false, nil
	}
	defer s.one.Enter()()
	returnTo, again, err := s.Pending.Redeem(ctx, answer.State.Expose(), func(t oauth.Transaction) (string, error) {
		switch {
		// The state is used up even by a bad answer.
		case bad != nil:
			return "", bad
		case t.Issuer != s.Client.Issuer || t.ClientID != s.Client.ClientID:
			return "", errcode.New(errcode.IssuerMismatch, "this sign-in was begun with another server or client")
		}
		if err := s.finish(ctx, t, answer); err != nil {
			return "", err
		}
		return s.Navigation.Return(ctx, t.ReturnTo), nil
	})
	if again && err == nil && !s.Keeper.Record().Live() {
		err = errcode.New(errcode.StateMismatch, "this sign-in answer was used already, and its session is over; sign in again")
	}
	return returnTo, true, err
}

// finish signs in with the answer to t, whichever way it came.
func (s *Service) finish(ctx context.Context, t oauth.Transaction, answer oauth.Answer) error {
	if err := s.Allowed(); err != nil {
		return err
	}
	tokens, err := s.Client.Redeem(ctx, t, answer)
	if err != nil {
		return err
	}
	if err := s.Allowed(); err != nil { // it may have taken a while
		s.Client.Revoke(ctx, tokens)
		return err
	}
	return s.Keeper.Begin(ctx, tokens)
}

// LoggedOut deals with the way back from the server's logout page. ok is false
// where address is none.
func (s *Service) LoggedOut(ctx context.Context, address string) (ok bool, err error) {
	state := oauth.LogoutState(address)
	if state == "" {
		return false, nil
	}
	if !s.Pending.TakeLogout(ctx, state) {
		return true, errcode.New(errcode.StateMismatch, "the way back from the server's logout page was not asked for here; the session is over all the same")
	}
	return true, nil
}
