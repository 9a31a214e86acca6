// Package cookie is the strategy of a session that the app's own backend keeps in
// cookies. What is in them the page can't see: the record is what is known of it,
// and the backend is asked where that may not be so.
package cookie

import (
	"context"

	"latchkey/core/errcode"
	"latchkey/core/policy"
	"latchkey/core/session"
)

// Options is what a Strategy works with.
type Options struct {
	// CSRF is what unsafe requests carry.
	CSRF policy.CSRF
	// Who asks the backend who is signed in. The zero Tokens.Subject is nobody.
	Who func(context.Context) (session.Tokens, error)
	// Refresh has the backend renew its cookies; nil where it can't, or does so by
	// itself. session_expired is its word that there is nothing to renew.
	Refresh func(context.Context) error
	// Marker is nil where the backend sets none.
	Marker Marker
}

// Marker is a cookie that the page may read where there is a session.
type Marker interface {
	// Mark is what it says; "" where that is nobody.
	Mark() string
	// Unmark takes it away, as far as the page can.
	Unmark()
}

// Strategy implements [session.Strategy], [session.Visitors], [session.Settler] and
// [session.Marked].
type Strategy struct{ Options }

// New returns the strategy.
func New(o Options) Strategy { return Strategy{o} }

// Visitors sends cookies too, as nobody knows what is in them. A refusal is the
// caller's: there is nothing to renew (CK-05).
func (s Strategy) Visitors() []policy.Rule {
	return []policy.Rule{{As: policy.User, Credentials: true, CSRF: s.CSRF}}
}

// Rules lets the cookies travel.
func (s Strategy) Rules(r session.Record) []policy.Rule {
	rules := s.Visitors()
	rules[0].ValidUntil = r.Tokens.ExpiresAt
	rules[0].Refused = policy.Refusal{Statuses: []int{401}}
	return rules
}

// State shows what the backend said.
func (Strategy) State(r session.Record) session.State {
	return session.State{UserID: r.Tokens.Subject, Claims: r.Tokens.Claims, ExpiresAt: r.Tokens.ExpiresAt}
}

// Renewable says yes: a look at the session is what renews some.
func (Strategy) Renewable(session.Record) bool { return true }

// Costly says no.
func (Strategy) Costly(session.Record) bool { return false }

// Mark is what the marker says.
func (s Strategy) Mark() string {
	if s.Marker == nil {
		return ""
	}
	return s.Marker.Mark()
}

func (s Strategy) unmark() {
	if s.Marker != nil {
		s.Marker.Unmark()
	}
}

// Lost tells a session that may have gone, or be somebody else's, as the marker is another
// one (CK-05); and one of another kind, from before the options changed.
func (s Strategy) Lost(_ context.Context, r session.Record) bool {
	return foreign(r) || s.Mark() != r.Mark
}

func foreign(r session.Record) bool { return !r.Tokens.Cookie || r.Tokens.Subject == "" }

// Recover renews the cookies, and looks whose they are: they may be another's by
// now, or nobody's.
func (s Strategy) Recover(ctx context.Context, r session.Record, _ string) session.Outcome {
	if s.Refresh != nil {
		if err := s.Refresh(ctx); errcode.Of(err) == errcode.SessionExpired {
			return s.dead(err)
		} else if err != nil {
			return session.Failed(err)
		}
	}
	who, err := s.Who(ctx)
	switch {
	case err != nil:
		return session.Failed(err)
	case who.Subject == "" && s.Refresh != nil:
		// Where the browser does not keep cookies, each refusal would be renewed (CK-06).
		s.unmark()
		return session.Lost(ErrBlocked)
	case who.Subject == "":
		return s.dead(errcode.New(errcode.SessionExpired, "the backend knows nobody any more"))
	case who.Subject != r.Tokens.Subject && !foreign(r):
		return session.Another(who)
	}
	return session.Renewed(who)
}

// dead takes the marker away too: whoever reads it would take the session for alive.
func (s Strategy) dead(err error) session.Outcome {
	s.unmark()
	return session.Dead(err)
}

// ErrBlocked is what it looks like where the browser keeps no cookies.
var ErrBlocked = errcode.New(errcode.StorageFailed, "the backend's answer was good, but auth.session then knows nobody: the browser did not keep its cookies (another site's, or Secure over http:), or auth.userId is not where the id is")

// Unsettled says that no record may be a session all the same, unless there would be a
// marker then. Where there is one that the end of the last session has not seen, somebody
// has signed in by another way. One that could not be taken away then is no news: whoever has
// signed out stays so (CK-08).
func (s Strategy) Unsettled(r session.Record) bool {
	if mark := s.Mark(); s.Marker != nil {
		return !r.Live() && mark != "" && mark != r.Mark
	}
	return r.Generation == 0
}

// Settle looks for a session that there is no record of, once for all tabs. What a
// record says is so until the backend, or the marker, says otherwise.
func (s Strategy) Settle(ctx context.Context, k *session.Keeper) {
	err := k.Find(ctx, s.Unsettled, func(ctx context.Context) (session.Tokens, error) {
		who, err := s.Who(ctx)
		if err == nil && who.Subject == "" {
			s.unmark()
		}
		return who, err
	})
	if err != nil {
		k.Trouble(err)
	}
}

// Discard does nothing: the cookies are the backend's.
func (Strategy) Discard(context.Context, session.Tokens) {}
