// Package captured is the strategy of a server that hands its session out in a
// header of an answer, whatever the request was: a value replaces the token, an empty
// one takes it away, none leaves it. There is nothing to refresh. A server may give
// a session to a visitor too.
package captured

import (
	"context"

	"latchkey/core/errcode"
	"latchkey/core/policy"
	"latchkey/core/secret"
	"latchkey/core/session"
)

// longest bounds a token that is taken from a header.
const longest = 4096

// Options is what a Strategy works with.
type Options struct {
	// Header is the name of the answers' header with the token, in lower case; "" where
	// the session is in a cookie, which the browser keeps.
	Header string
	// Making is what is in the body of a request that may get a visitor a session: a
	// regular expression.
	Making string
	// Headers go with every request.
	Headers []policy.Header
	// Codes are those of GraphQL errors that refuse the session.
	Codes []string
	// Whose asks the server who a token is of. The zero Tokens.Subject is nobody's.
	Whose func(ctx context.Context, token secret.String) (session.Tokens, error)
}

// Strategy implements [session.Strategy], [session.Visitors] and [session.Observer].
type Strategy struct{ Options }

// New returns the strategy.
func New(o Options) Strategy { return Strategy{o} }

// Visitors lets a visitor's first request that may bring a session go alone.
func (s Strategy) Visitors() []policy.Rule {
	rule := s.rule()
	if s.Header != "" {
		rule.Single = s.Making
	}
	return []policy.Rule{rule}
}

func (s Strategy) rule() policy.Rule {
	rule := policy.Rule{As: policy.User, Headers: s.Headers[:len(s.Headers):len(s.Headers)], Credentials: s.Header == ""}
	if s.Header != "" {
		rule.Capture = []string{s.Header}
	}
	return rule
}

// Rules sends the token.
func (s Strategy) Rules(r session.Record) []policy.Rule {
	rule := s.rule()
	rule.ValidUntil = r.Tokens.ExpiresAt
	if !r.Tokens.Access.Empty() {
		rule.Headers = append(rule.Headers, policy.Header{Name: "authorization", Value: secret.New("Bearer " + r.Tokens.Access.Expose())})
	}
	if r.Tokens.Subject != "" {
		rule.Refused = policy.Refusal{Statuses: []int{200}, Codes: s.Codes}
	}
	return []policy.Rule{rule}
}

// State shows whom the server named; a session without a name is a visitor's.
func (s Strategy) State(r session.Record) session.State {
	if r.Tokens.Subject == "" {
		return session.State{UserID: session.Anonymous}
	}
	return session.State{UserID: r.Tokens.Subject, Claims: r.Tokens.Claims, TokenType: r.Tokens.Type, ExpiresAt: r.Tokens.ExpiresAt}
}

// Renewable says no.
func (Strategy) Renewable(session.Record) bool { return false }

// Costly says no.
func (Strategy) Costly(session.Record) bool { return false }

// Lost tells a session of the other kind, from before the options changed.
func (s Strategy) Lost(_ context.Context, r session.Record) bool {
	return r.Tokens.Cookie != (s.Header == "")
}

// Recover finds out whether a session is still somebody's: the code that refuses also
// means that they may not do that.
func (s Strategy) Recover(ctx context.Context, r session.Record, _ string) session.Outcome {
	if s.Lost(ctx, r) {
		return session.Dead(errcode.New(errcode.SessionExpired, "the session was begun with another auth.tokenMethod; sign in again"))
	}
	who, err := s.Whose(ctx, r.Tokens.Access)
	switch {
	case err != nil:
		return session.Failed(err)
	case who.Subject != r.Tokens.Subject:
		return session.Dead(errcode.New(errcode.SessionExpired, "the server does not know the session any more"))
	}
	return session.Failed(errcode.New(errcode.AccessDenied, "the session is good; the server refuses this request to its user"))
}

// Discard does nothing: there is no session that anybody waits for.
func (Strategy) Discard(context.Context, session.Tokens) {}

// usable tells whether a header's value can be a token.
func usable(value string) bool {
	for _, c := range []byte(value) {
		if c < 0x21 || c > 0x7e {
			return false
		}
	}
	return value != "" && len(value) <= longest
}

// Observe takes the token that an answer has brought. Only one of the session that
// the request was sent by counts, or it may be of before a logout; and where it
// replaces another, the server is asked whose it is, as it gives a visitor's to
// somebody whose session has ended.
func (s Strategy) Observe(ctx context.Context, k *session.Keeper, from session.Stamp, headers map[string]string) error {
	value, there := headers[s.Header]
	rec := k.Record()
	if !there || s.Header == "" || from.Session != rec.Session || rec.Live() && from.Generation < rec.Tokens.Since {
		return nil
	}
	if value == "" {
		if rec.Live() {
			k.EndOf(ctx, rec.Session, session.Expired)
		}
		return nil
	}
	if !usable(value) {
		return errcode.New(errcode.ServerError, "the server's token can't be used: it is no text that a header can carry, or too long")
	}
	if value == rec.Tokens.Access.Expose() {
		return nil
	}
	token := session.Tokens{Access: secret.New(value), Type: "Bearer"}
	if rec.Live() {
		who, err := s.Whose(ctx, token.Access)
		if err != nil {
			return err
		}
		token.Subject, token.Claims = who.Subject, who.Claims
	}
	_, err := k.Replace(ctx, from, token)
	return err
}
