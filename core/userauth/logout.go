package userauth

import (
	"context"

	"latchkey/core/session"
)

// LogoutOptions is what a page may say about a logout.
type LogoutOptions struct {
	ReturnTo         string
	Revoke, AtServer bool
	// Was is what there was in a session that has ended already; nil ends the one that is
	// there.
	Was *session.Record
}

// End ends the session, and returns what there was.
func (o LogoutOptions) End(ctx context.Context, k *session.Keeper) session.Record {
	if o.Was != nil {
		return *o.Was
	}
	return k.End(ctx, session.ByUser)
}

// Logout ends the session here, then in the other tabs, then at the server. It
// can't fail: the first part needs nobody, and the rest is silent.
func (s *Service) Logout(ctx context.Context, o LogoutOptions) {
	// Of two logouts at once, the first has the tokens.
	tokens := o.End(ctx, s.Keeper).Tokens
	s.Navigation.Forget(ctx)
	s.Client.ForgetKey(ctx)
	revoked := true
	if o.Revoke {
		revoked = s.Client.Revoke(ctx, tokens)
	}
	path, ours := s.Location.SameOrigin(o.ReturnTo)
	if somebody := tokens.Type != "" || !tokens.ID.Empty() || tokens.Cookie; o.AtServer && somebody && s.Flow == Code &&
		// A logout page that can't be reached would take the app away as well. A
		// revocation that fails says little: many servers let no page read it.
		(revoked || s.Client.Reachable(ctx)) {
		back := s.AfterLogout
		if o.ReturnTo != "" && ours {
			back = s.Origin + path
		}
		if s.atServer(ctx, tokens, back) {
			return
		}
	}
	if o.ReturnTo != "" && ours {
		_ = s.Location.Navigate(path)
	}
}

// atServer leaves for the server's logout page, if it has one.
func (s *Service) atServer(ctx context.Context, tokens session.Tokens, back string) bool {
	state, err := s.Client.NewLogoutState()
	if err != nil {
		return false
	}
	address := s.Client.EndSessionURL(ctx, tokens.ID, back, state)
	if address == "" {
		return false
	}
	s.Pending.AddLogout(ctx, state)
	return s.Location.Assign(address) == nil
}
