package supertokens

import (
	"context"
	"strconv"
	"strings"
	"time"

	"latchkey/core/errcode"
	"latchkey/core/policy"
	"latchkey/core/secret"
	"latchkey/core/session"
)

// fresh is how old a session's cookies are at most that the server ought to know.
const fresh = time.Minute

// Strategy implements [session.Strategy], [session.Visitors], [session.Observer] and
// [session.Settler].
type Strategy struct{ client *Client }

// NewStrategy returns the strategy over a client.
func NewStrategy(c *Client) Strategy { return Strategy{c} }

// Visitors have no session that could be refused, but any answer may begin one.
func (Strategy) Visitors() []policy.Rule {
	return []policy.Rule{{As: policy.User, Credentials: true, Capture: []string{front, antiCSRF, access, refresh}}}
}

// Rules sends cookies or the access token, and what shows that a request is the page's
// own.
func (s Strategy) Rules(r session.Record) []policy.Rule {
	rules := s.Visitors()
	rule := &rules[0]
	rule.ValidUntil = r.Tokens.ExpiresAt
	rule.Refused = policy.Refusal{Statuses: []int{401}}
	rule.Claims = 403
	if !r.Tokens.Access.Empty() {
		rule.Headers = []policy.Header{{Name: "authorization", Value: secret.New("Bearer " + r.Tokens.Access.Expose())}}
	}
	if !r.Tokens.CSRF.Empty() {
		rule.CSRF = policy.CSRF{Header: antiCSRF, Value: r.Tokens.CSRF}
	}
	return rules
}

// State shows what the front token said.
func (Strategy) State(r session.Record) session.State {
	t := r.Tokens
	return session.State{UserID: t.Subject, Claims: t.Claims, ExpiresAt: t.ExpiresAt, TokenType: t.Type}
}

// Renewable says yes: the refresh token is in a cookie, or here.
func (Strategy) Renewable(r session.Record) bool { return r.Tokens.Cookie || !r.Tokens.Refresh.Empty() }

// Costly says no.
func (Strategy) Costly(session.Record) bool { return false }

// Lost tells a session of another kind, from before the options changed.
func (Strategy) Lost(_ context.Context, r session.Record) bool { return r.Tokens.Subject == "" }

// Recover renews the tokens by the way that they came.
func (s Strategy) Recover(ctx context.Context, r session.Record, _ string) session.Outcome {
	if !s.Renewable(r) {
		return session.Dead(errGone)
	}
	t, err := s.client.Renew(ctx, r.Tokens)
	switch {
	case err == errGone && r.Tokens.Cookie && s.client.clock.Now().Sub(r.Tokens.IssuedAt) < fresh:
		return session.Lost(errBlocked)
	case errcode.Of(err) == errcode.SessionExpired:
		return session.Dead(err)
	case err != nil:
		return session.Failed(err)
	case t.Subject != r.Tokens.Subject && !s.Lost(ctx, r):
		return session.Another(t)
	}
	return session.Renewed(t)
}

// Discard does nothing: who ended the session has told the server.
func (Strategy) Discard(context.Context, session.Tokens) {}

// Unsettled says that no record may be a session all the same.
func (Strategy) Unsettled(r session.Record) bool { return r.Generation == 0 }

// Settle looks for a session that there is no record of, once for all tabs.
func (s Strategy) Settle(ctx context.Context, k *session.Keeper) {
	if err := k.Find(ctx, s.Unsettled, s.client.Find); err != nil {
		k.Trouble(err)
	}
}

// Observe takes what an answer has brought: a session, new tokens or another payload
// of the one there is, or its end. Only of the session that the request was sent by,
// or of none: what comes after a logout is of before it.
func (s Strategy) Observe(ctx context.Context, k *session.Keeper, from session.Stamp, a session.Answer) error {
	if len(a.Claims) > 0 {
		return &errcode.Error{
			Code: errcode.AccessDenied, Message: "the session lacks a claim that the server wants for this",
			OAuth: &errcode.OAuth{Error: "invalid_claim", Description: strings.Join(a.Claims, " ")},
		}
	}
	if a.Tries > 0 {
		return errcode.New(errcode.ServerError, "the server has refused a request with each of "+strconv.Itoa(a.Tries)+
			" new access tokens: what answers 401 there is not the session; retries says how often it is tried")
	}
	rec := k.Record()
	switch {
	case a.Headers[front] == "" || from.Session != rec.Session || rec.Ended == session.ByUser && from.Generation < rec.Generation:
		return nil
	case a.Headers[front] == removed:
		reason := session.ByUser
		if a.Status == 401 {
			reason = session.Expired
		}
		k.EndFor(ctx, rec.Session, session.Note{Reason: reason, Trigger: session.OnAnswer})
		return nil
	}
	t, err := s.client.read(a.Headers, s.client.clock.Now())
	switch {
	case err != nil:
		return err
	case !rec.Live() || t.Subject != rec.Tokens.Subject:
		_, err = k.Replace(ctx, rec.Stamp, t)
		return err
	}
	if t = t.After(rec.Tokens); t.Access.Expose() == rec.Tokens.Access.Expose() && t.CSRF.Expose() == rec.Tokens.CSRF.Expose() && t.Claims == rec.Tokens.Claims && t.ExpiresAt.Equal(rec.Tokens.ExpiresAt) {
		return nil
	}
	err = k.Continue(ctx, rec, t)
	if errcode.Of(err) == errcode.SessionChanged {
		err = nil // it was for the one before
	}
	return err
}
