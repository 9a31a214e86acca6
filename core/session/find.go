package session

import (
	"context"

	"latchkey/core/errcode"
)

// Find looks, where nobody has a session, whether there is one all the same: who asks
// the server whose it is, and the zero Tokens.Subject is nobody's. It is asked once for
// all tabs, while unsettled says so of the record; that there is nobody is written down
// too.
func (k *Keeper) Find(ctx context.Context, unsettled func(Record) bool, who func(context.Context) (Tokens, error)) error {
	if rec := k.Record(); rec.Live() || !unsettled(rec) {
		return nil
	}
	turn, err := k.takeTurn()
	if err != nil {
		return errcode.Wrap(errcode.Timeout, "another tab did not finish its question in time", err)
	}
	defer turn.release()
	k.Reload(ctx)
	rec := k.Record()
	if rec.Live() || !unsettled(rec) {
		return nil
	}
	tokens, err := who(ctx)
	if err != nil {
		return err
	}
	name, err := k.name()
	if err != nil {
		return err
	}
	k.replace(ctx, func(now Record) (Record, bool) {
		next := ended(now, "")
		if tokens.Subject != "" {
			next = Record{Stamp: Stamp{name, now.Generation + 1}, Tokens: tokens}
		}
		return next, now.Stamp == rec.Stamp
	})
	return nil
}
