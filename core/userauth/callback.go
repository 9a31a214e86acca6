package userauth

import (
	"context"

	"latchkey/core/errcode"
	"latchkey/core/oauth"
	"latchkey/core/session"
)

// Callback deals with the server's answer in address. ok is false where there
// is none; then nothing happens. An answer that fails leaves the session as it
// was.
func (s *Service) Callback(ctx context.Context, address string) (returnTo string, ok bool, err error) {
	answer, ok, err := oauth.ParseAnswer(address)
	if !ok {
		return "", false, nil
	}
	defer s.one.Enter()()
	// The state is used up even by a bad answer: it is good for one.
	t, known := s.Pending.Take(ctx, answer.State.Expose())
	switch {
	case err != nil:
		return "", true, err
	case !known || t.Issuer != s.Client.Issuer || t.ClientID != s.Client.ClientID:
		return "", true, errcode.New(errcode.StateMismatch, "this sign-in answer was not asked for here, was used already, or is too old; sign in again")
	}
	if err := s.finish(ctx, t, answer); err != nil {
		return "", true, err
	}
	return s.Navigation.Return(ctx, t.ReturnTo), true, nil
}

// finish signs in with the answer to t, whichever way it came.
func (s *Service) finish(ctx context.Context, t oauth.Transaction, answer oauth.Answer) error {
	tokens, err := redeem(ctx, s.Client, t, answer)
	if err != nil {
		return err
	}
	return s.Keeper.Begin(ctx, tokens)
}

// redeem makes tokens of the answer to t.
func redeem(ctx context.Context, client *oauth.Client, t oauth.Transaction, answer oauth.Answer) (session.Tokens, error) {
	switch {
	case answer.Issuer != "" && client.Discover && answer.Issuer != t.Issuer:
		return session.Tokens{}, errcode.New(errcode.IssuerMismatch, "the sign-in answer came from another issuer (RFC 9207)")
	case answer.Err != nil:
		return session.Tokens{}, answer.Err
	}
	return client.Exchange(ctx, t, answer.Code)
}
