// Package captured is the strategy of a server that hands its session out in a
// header of an answer, whatever the request was: a value replaces the token, an empty
// one takes it away, none leaves it. There is nothing to refresh. A server may give
// a session to a visitor too. Where it is in a cookie instead, the server is asked.
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
	// Watch is what is in the body of one that signs in or out, and Ending the part of it
	// that signs out.
	Watch, Ending string
	// Begins is what tells that a visitor has got one.
	Begins policy.Begins
	// Codes are those of GraphQL errors that refuse a user's session.
	Codes []string
	// Tells are errors that are for Refuse, whoever asks.
	Tells policy.Tells
	// Whose asks the server who a token is of. The zero Tokens.Subject is nobody's.
	Whose func(ctx context.Context, token secret.String) (session.Tokens, error)
	// Refuse is told of an error of Tells, and returns what to tell the page.
	Refuse func(code string) error
}

// Strategy implements [session.Strategy], [session.Visitors], [session.Observer] and
// [session.Settler].
type Strategy struct{ Options }

// New returns the strategy.
func New(o Options) Strategy { return Strategy{o} }

// Visitors lets a visitor's first request that may bring a session go alone.
func (s Strategy) Visitors() []policy.Rule {
	rule := s.rule(nil)
	rule.Single, rule.Begins = s.Making, s.Begins
	return []policy.Rule{rule}
}

func (s Strategy) rule(codes []string) policy.Rule {
	rule := policy.Rule{As: policy.User, Watch: s.Watch, Tells: s.Tells, Credentials: s.Header == ""}
	if s.Header != "" {
		rule.Capture = []string{s.Header}
	}
	if codes != nil {
		rule.Refused = policy.Refusal{Statuses: []int{200}, Codes: codes}
	}
	return rule
}

// Rules sends the token.
func (s Strategy) Rules(r session.Record) []policy.Rule {
	var codes []string
	if r.Tokens.Subject != "" {
		codes = s.Codes
	}
	rule := s.rule(codes)
	if !r.Tokens.Access.Empty() {
		rule.Headers = []policy.Header{{Name: "authorization", Value: secret.New("Bearer " + r.Tokens.Access.Expose())}}
	}
	return []policy.Rule{rule}
}

// State shows whom the server named; a session without a name is a visitor's.
func (s Strategy) State(r session.Record) session.State {
	if r.Tokens.Subject == "" {
		return session.State{UserID: session.Anonymous}
	}
	return session.State{UserID: r.Tokens.Subject, Claims: r.Tokens.Claims, TokenType: r.Tokens.Type}
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
	return len(value) <= longest
}

var errUnusable = errcode.New(errcode.ServerError, "the server's token can't be used: it is no text that a header can carry, or too long")

// Hidden is the error of a header that CORS keeps from the page.
func Hidden(header string) error {
	return errcode.New(errcode.ServerError, "the server began a session, but its header "+header+" can't be read; the server has to send it, and to name it in Access-Control-Expose-Headers")
}

// Observe takes what an answer has brought.
func (s Strategy) Observe(ctx context.Context, k *session.Keeper, from session.Stamp, a session.Answer) error {
	reason := session.Expired
	if s.Ending != "" && a.Watched == s.Ending {
		reason = session.ByUser
	}
	value, there := a.Headers[s.Header]
	switch {
	case a.Code != "":
		return s.Refuse(a.Code)
	case s.Header == "" && a.Watched != "":
		return s.ask(ctx, k, reason)
	case s.Header == "":
		return nil
	case a.Hidden:
		return Hidden(s.Header)
	case there:
		return s.take(ctx, k, from, value, reason)
	}
	return nil
}

// take takes a token. Only one of the session that the request was sent by counts,
// or it may be of before a logout. The server is asked whose it is: it gives a
// visitor's to somebody whose session has ended, and the page may sign somebody in by
// requests of its own.
func (s Strategy) take(ctx context.Context, k *session.Keeper, from session.Stamp, value string, reason session.Reason) error {
	rec := k.Record()
	switch {
	case from.Session != rec.Session || rec.Live() && from.Generation < rec.Tokens.Since:
		return nil
	case value == "":
		if rec.Live() {
			k.EndFor(ctx, rec.Session, session.Note{Reason: reason, Trigger: session.OnAnswer})
		}
		return nil
	case !usable(value):
		return errUnusable
	case value == rec.Tokens.Access.Expose():
		return nil
	}
	who, err := s.Whose(ctx, secret.New(value))
	if err != nil && rec.Tokens.Subject != "" {
		return err // the next answer brings another one
	}
	// A visitor's has a cart in it, so it is not thrown away for that nobody could be asked.
	who.Access, who.Type, who.Cookie = secret.New(value), "Bearer", false
	if _, failed := k.Replace(ctx, from, who); failed != nil {
		return failed
	}
	return err
}

// ask makes the record what the server says of the cookie.
func (s Strategy) ask(ctx context.Context, k *session.Keeper, reason session.Reason) error {
	rec := k.Record()
	who, err := s.Whose(ctx, secret.String{})
	switch {
	case err != nil || who.Subject == rec.Tokens.Subject:
	case who.Subject == "":
		k.EndFor(ctx, rec.Session, session.Note{Reason: reason, Trigger: session.OnAnswer})
	default:
		_, err = k.Replace(ctx, rec.Stamp, who)
	}
	return err
}

// Unsettled says that no record may be a session all the same.
func (Strategy) Unsettled(r session.Record) bool { return r.Generation == 0 }

// Settle asks the server about the cookie. Whoever has signed out here stays so, also
// where the server could not be told.
func (s Strategy) Settle(ctx context.Context, k *session.Keeper) {
	if rec := k.Record(); s.Header == "" && (rec.Live() || rec.Ended != session.ByUser) && s.ask(ctx, k, session.Expired) == nil {
		k.Vacant(ctx)
	}
}
