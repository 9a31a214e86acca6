// Package handover is the strategy of a session that the app's own backend keeps:
// the page hands the authorization code over, the backend redeems it and sets a
// cookie. There is no token in the page, and nothing to refresh: a new code can be
// had silently, or not at all.
package handover

import (
	"context"

	"latchkey/core/errcode"
	"latchkey/core/policy"
	"latchkey/core/session"
)

// Strategy implements [session.Strategy].
type Strategy struct{ silently session.Silently }

// New returns the strategy. silently hands a new code over, and is nil where none
// can be had without the person.
func New(silently session.Silently) Strategy { return Strategy{silently} }

// Rules lets the cookie travel until the backend's session ends.
func (Strategy) Rules(r session.Record) []policy.Rule {
	if !r.Tokens.Cookie {
		return nil
	}
	return []policy.Rule{{As: policy.User, ValidUntil: r.Tokens.ExpiresAt, Refused: policy.Refusal{Statuses: []int{401}}, Credentials: true}}
}

// State shows what the backend said.
func (Strategy) State(r session.Record) session.State {
	t := r.Tokens
	state := session.State{UserID: t.Subject, Claims: t.Claims, ExpiresAt: t.ExpiresAt}
	if state.UserID == "" {
		state.UserID = session.Current
	}
	return state
}

// Renewable says whether there is a silent way for somebody whose name is known.
func (s Strategy) Renewable(r session.Record) bool { return s.silently.Can(r) }

// Costly says yes: a frame, and a page of the server in it.
func (Strategy) Costly(session.Record) bool { return true }

// Lost tells a session with tokens, as it was before the options changed.
func (Strategy) Lost(_ context.Context, r session.Record) bool { return !r.Tokens.Cookie }

// Recover hands a new code over.
func (s Strategy) Recover(ctx context.Context, r session.Record, _ string) session.Outcome {
	switch {
	case !r.Tokens.Cookie:
		return session.Dead(errcode.New(errcode.SessionExpired, "the session was begun without auth.codeExchange; sign in again"))
	case !s.Renewable(r):
		return session.Stuck(errcode.New(errcode.SessionExpired, "the backend's session can't be renewed without the person"))
	}
	return s.silently.Recover(ctx, r)
}

// Discard does nothing: the cookie is the backend's.
func (Strategy) Discard(context.Context, session.Tokens) {}
