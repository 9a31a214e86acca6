package userauth

import (
	"context"
	"time"

	"latchkey/core/errcode"
	"latchkey/core/oauth"
)

// justBegun is for how long a sign-in is not begun again for want of a form.
const justBegun = 15 * time.Second

// LoginForm returns what an app's own sign-in page posts to the server. Where the
// server knows of no sign-in, or has forgotten it, one is begun and the page leaves;
// but not again and again, as that would not help where its cookies do not arrive.
func (s *Service) LoginForm(ctx context.Context) (oauth.LoginForm, error) {
	form, err := s.Client.LoginForm(ctx)
	if errcode.Of(err) != errcode.InteractionRequired || s.Pending.BegunWithin(ctx, justBegun) {
		return form, err
	}
	if leaving := s.LoginWithRedirect(ctx, RedirectOptions{ReturnTo: s.Navigation.Return(ctx, "")}); leaving != nil {
		return form, leaving
	}
	return form, err // the page is about to go
}
