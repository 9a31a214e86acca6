package session

import (
	"context"

	"latchkey/core/errcode"
)

// Find looks, where there has never been a record, whether there is a session all
// the same: who asks the server whose it is, and the zero Tokens.Subject is nobody's. It
// is asked once for all tabs, so that there is nobody is written down too.
func (k *Keeper) Find(ctx context.Context, who func(context.Context) (Tokens, error)) error {
	if k.Record().Generation > 0 {
		return nil
	}
	release, err := k.takeTurn()
	if err != nil {
		return errcode.Wrap(errcode.Timeout, "another tab did not finish its question in time", err)
	}
	defer release()
	k.Reload(ctx)
	if k.Record().Generation > 0 {
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
			next = Record{Stamp: Stamp{name, 1}, Tokens: tokens}
		}
		return next, now.Generation == 0
	})
	return nil
}
