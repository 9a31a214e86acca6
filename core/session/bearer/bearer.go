// Package bearer is the strategy of OAuth 2.0: an access token in the
// Authorization header (RFC 6750), with a proof where it is bound to a key (RFC
// 9449), recovered with a refresh token.
package bearer

import (
	"context"
	"slices"

	"latchkey/core/errcode"
	"latchkey/core/oauth"
	"latchkey/core/policy"
	"latchkey/core/secret"
	"latchkey/core/session"
)

// Strategy implements [session.Strategy].
type Strategy struct {
	client *oauth.Client
	Options
}

// Options is how a Strategy works.
type Options struct {
	// Silently is for sessions without a refresh token, and nil where there is no
	// such way.
	Silently session.Silently
	// Refusal is what the API's look like; a 401 where it says nothing.
	Refusal policy.Refusal
	// Nameless says that the API calls everybody who is signed in by one name,
	// whatever an id token says.
	Nameless bool
}

// New returns the strategy of one client.
func New(client *oauth.Client, o Options) Strategy {
	if o.Refusal.Statuses == nil {
		o.Refusal.Statuses = []int{401}
	}
	return Strategy{client, o}
}

// Rules sends each access token until it ends. One for a resource is got when it
// is first needed.
func (s Strategy) Rules(r session.Record) []policy.Rule {
	if r.Tokens.Access.Empty() {
		return nil // an id token alone says who somebody is, and opens nothing
	}
	rules := []policy.Rule{s.rule(policy.User, r.Tokens.For(""), r.Tokens.ProofKey)}
	for _, resource := range s.client.APIResources {
		as := policy.UserAt(resource)
		if r.Tokens.Lacks(resource) {
			rules = append(rules, policy.Rule{As: as, Hold: true})
		} else {
			rules = append(rules, s.rule(as, r.Tokens.For(resource), r.Tokens.ProofKey))
		}
	}
	return rules
}

func (s Strategy) rule(as string, access session.Access, key string) policy.Rule {
	value := secret.New(access.Type + " " + access.Token.Expose())
	return policy.Rule{
		As:         as,
		Headers:    []policy.Header{{Name: "authorization", Value: value}},
		ValidUntil: access.ExpiresAt,
		Refused:    s.Refusal,
		ProofKey:   key,
	}
}

// State shows what the tokens say.
func (s Strategy) State(r session.Record) session.State {
	t := r.Tokens
	state := session.State{UserID: t.Subject, Claims: t.Claims, Scope: t.Scope, ExpiresAt: t.ExpiresAt, TokenType: t.Type}
	if state.UserID == "" || s.Nameless {
		state.UserID = session.Current
	}
	return state
}

// Renewable says whether there is a refresh token, or a silent way for somebody
// whose name is known.
func (s Strategy) Renewable(r session.Record) bool {
	return s.client.Refreshes(r.Tokens) || s.Silently.Can(r)
}

// Costly says that it is the silent way: a frame, and a page of the server in it.
func (s Strategy) Costly(r session.Record) bool { return !s.client.Refreshes(r.Tokens) }

// Lost tells whether the key is gone that the tokens are bound to, or whether there
// are no tokens, as the app's backend had them before its options changed.
func (s Strategy) Lost(ctx context.Context, r session.Record) bool {
	if r.Tokens.Cookie {
		return true
	}
	lost, err := s.client.Lost(ctx, r.Tokens)
	return lost && err == nil
}

// Recover refreshes, or signs in again silently. Only a refresh can ask for one
// resource.
func (s Strategy) Recover(ctx context.Context, r session.Record, resource string) session.Outcome {
	if r.Tokens.Cookie {
		return session.Dead(errcode.New(errcode.SessionExpired, "the session was begun with auth.codeExchange; sign in again"))
	}
	// Nothing is sent for tokens that nobody can prove to be theirs.
	switch lost, err := s.client.Lost(ctx, r.Tokens); {
	case err != nil:
		return session.Failed(err)
	case lost:
		return session.Dead(errcode.New(errcode.SessionExpired, "the key that the session is bound to is gone (RFC 9449); sign in again"))
	}
	refreshes := s.client.Refreshes(r.Tokens)
	switch {
	case resource != "" && !refreshes:
		return session.Barred(errcode.New(errcode.NotSupported, "the server gave no refresh token, or it is over, and without one there is none for "+resource+" (RFC 8707, section 2.2)"))
	case resource != "" && !slices.Contains(r.Tokens.Named, resource):
		// Seen at oidc-provider: the refresh token is spent by the refusal.
		return session.Barred(errcode.New(errcode.InteractionRequired, "this session was begun before the page named "+resource+"; sign in again for a token for it"))
	case !s.Renewable(r):
		return session.Stuck(errcode.New(errcode.SessionExpired, "there is no refresh token, or it is over"))
	case !refreshes:
		return s.Silently.Recover(ctx, r)
	}
	t, err := s.client.Refresh(ctx, r.Tokens, resource)
	switch {
	case err == nil:
		return session.Renewed(t)
	case resource != "" && oauth.NoTarget(err):
		return session.Barred(err)
	case s.client.Dead(err):
		return session.Dead(err)
	}
	return session.Failed(err)
}

// Discard revokes.
func (s Strategy) Discard(ctx context.Context, t session.Tokens) { s.client.Revoke(ctx, t) }
