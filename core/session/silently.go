package session

import (
	"context"

	"latchkey/core/errcode"
)

// Silently gets new tokens for the same person from a server that knows them
// by its own cookie. It is nil where there is no such way.
type Silently func(ctx context.Context, old Tokens) (Tokens, error)

// Can tells whether there is a way for a session: only one with a name, as
// nobody could tell otherwise whose tokens came back.
func (s Silently) Can(r Record) bool { return s != nil && r.Tokens.Subject != "" }

// Recover signs in silently. That the server wants to ask somebody may also mean
// that its cookie does not reach a frame: it says nothing about a token that is
// still good.
func (s Silently) Recover(ctx context.Context, r Record) Outcome {
	t, err := s(ctx, r.Tokens)
	switch errcode.Of(err) {
	case "":
		return Renewed(t)
	case errcode.IDTokenInvalid:
		return Dead(err)
	case errcode.InteractionRequired, errcode.AccessDenied:
		return Stuck(err)
	}
	return Failed(err)
}
