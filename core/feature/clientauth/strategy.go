package clientauth

import (
	"context"

	"latchkey/core/errcode"
	"latchkey/core/oauth"
	"latchkey/core/policy"
	"latchkey/core/session"
	"latchkey/core/session/bearer"
)

// strategy implements [session.Strategy].
type strategy struct {
	client   *oauth.Client
	bearer   bearer.Strategy
	complain func(error)
}

// Rules holds requests until there is a token.
func (s strategy) Rules(r session.Record) []policy.Rule {
	rule := policy.Rule{Hold: true}
	if rules := s.bearer.Rules(r); rules != nil {
		rule = rules[0]
	}
	rule.As, rule.Session, rule.Version = policy.Client, name, r.Generation
	return []policy.Rule{rule}
}

// State is nobody's.
func (strategy) State(session.Record) session.State { return session.State{UserID: session.Anonymous} }

// Renewable says no: nothing is got before it is needed.
func (strategy) Renewable(session.Record) bool { return false }

// Costly says no.
func (strategy) Costly(session.Record) bool { return false }

// Lost tells whether there is no token yet.
func (strategy) Lost(_ context.Context, r session.Record) bool { return r.Tokens.Access.Empty() }

// Recover gets a token. It is never dead: a server that gives none now may do so
// when somebody has mended it.
func (s strategy) Recover(ctx context.Context, _ session.Record, _ string) session.Outcome {
	t, err := s.client.ClientCredentials(ctx)
	if err == nil {
		return session.Renewed(t)
	}
	if errcode.Of(err) == errcode.ServerError {
		s.complain(explain(err))
	}
	return session.Failed(err)
}

// Discard revokes.
func (s strategy) Discard(ctx context.Context, t session.Tokens) { s.client.Revoke(ctx, t) }
