package userauth

import (
	"context"

	"latchkey/core/session"
)

// LogoutOptions is what a page may say about a logout.
type LogoutOptions struct {
	ReturnTo         string
	Revoke, AtServer bool
	// Shown is what the page showed when it was asked for: that is what it is to end. The zero
	// State is nobody, or a page that did not know yet; then it is for whoever is there.
	Shown session.State
	// Was is what there was in a session that has ended already; nil ends the one that is
	// there.
	Was *session.Record
}

// End ends the session, and returns what there was; ok is false where it is somebody
// else's by now, who has not asked for it.
func (o LogoutOptions) End(ctx context.Context, k *session.Keeper) (was session.Record, ok bool) {
	if o.Was != nil {
		return *o.Was, true
	}
	return k.End(ctx, session.ByUser, o.Shown.UserID)
}

// Logout ends the session here, then in the other tabs, then at the server. It
// can't fail: the first part needs nobody, and the rest is silent.
func (s *Service) Logout(ctx context.Context, o LogoutOptions) {
	// Of two logouts at once, the first has the tokens.
	was, ok := o.End(ctx, s.Keeper)
	path, ours := s.Location.SameOrigin(o.ReturnTo)
	if ok && s.leave(ctx, o, was.Tokens, path, ours) {
		return
	}
	if o.ReturnTo != "" && ours {
		_ = s.Location.Navigate(path)
	}
}

// leave forgets what went with the session, and says so to the server. It returns whether
// the page is leaving for that.
func (s *Service) leave(ctx context.Context, o LogoutOptions, tokens session.Tokens, path string, ours bool) bool {
	s.Navigation.Forget(ctx)
	s.Client.ForgetKey(ctx)
	revoked := true
	if o.Revoke {
		revoked = s.Client.Revoke(ctx, tokens)
	}
	if somebody := tokens.Type != "" || !tokens.ID.Empty() || tokens.Cookie; o.AtServer && somebody && s.Flow == Code &&
		// A logout page that can't be reached would take the app away as well. A
		// revocation that fails says little: many servers let no page read it.
		(revoked || s.Client.Reachable(ctx)) {
		back := s.AfterLogout
		if o.ReturnTo != "" && ours {
			back = s.Origin + path
		}
		return s.atServer(ctx, tokens, back)
	}
	return false
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
