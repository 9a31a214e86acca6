package session

import (
	"context"
	"encoding/base64"

	"latchkey/core/errcode"
)

// Begin signs in: tokens become a new session, whatever was there before.
func (k *Keeper) Begin(ctx context.Context, tokens Tokens) error {
	var id [12]byte
	if err := k.Crypto.Random(id[:]); err != nil {
		return errcode.Wrap(errcode.RuntimeFailed, "the browser gave no random numbers", err)
	}
	name := base64.RawURLEncoding.EncodeToString(id[:])
	k.replace(ctx, func(now Record) (Record, bool) {
		return Record{Stamp: Stamp{name, now.Generation + 1}, Tokens: tokens}, true
	})
	return nil
}

// Continue signs in with tokens that were asked for while before was the
// record. Where that had somebody's name, their session goes on, if it is still
// there. Tokens of anybody else end it, and are dropped: not revoked, as with
// them a server may end what that person has begun elsewhere.
func (k *Keeper) Continue(ctx context.Context, before Record, tokens Tokens) error {
	if !before.Live() || before.Tokens.Subject == "" {
		return k.Begin(ctx, tokens)
	}
	same := tokens.Subject == before.Tokens.Subject
	_, ours := k.replace(ctx, func(now Record) (Record, bool) {
		switch {
		case now.Session != before.Session:
			return now, false
		case !same:
			return ended(now, Expired), true
		}
		return Record{Stamp: Stamp{now.Session, now.Generation + 1}, Tokens: tokens.After(now.Tokens)}, true
	})
	switch {
	case !same:
		return errcode.New(errcode.IDTokenInvalid, "the server has signed in somebody else")
	case ours:
		return nil
	}
	go k.discard(tokens)
	return errcode.New(errcode.SessionChanged, "somebody has signed in or out meanwhile")
}

// End ends the session that is there, for all tabs. The record stays without
// tokens, so that its generation goes on counting. It returns what there was.
func (k *Keeper) End(ctx context.Context, reason Reason) (was Record) {
	k.replace(ctx, func(now Record) (Record, bool) {
		if was = now; !now.Live() {
			// Storage may have lost what this tab still has; after an End here that is nothing.
			was = k.Record()
			return now, false
		}
		return ended(now, reason), true
	})
	return was
}

// EndOf is End, unless that session is not the one any more.
func (k *Keeper) EndOf(ctx context.Context, session string, reason Reason) {
	k.replace(ctx, func(now Record) (Record, bool) {
		if now.Session != session {
			return now, false
		}
		return ended(now, reason), true
	})
}

// over is End, unless the record has moved on from stamp.
func (k *Keeper) over(ctx context.Context, stamp Stamp, reason Reason) {
	k.replace(ctx, func(now Record) (Record, bool) {
		if now.Stamp != stamp {
			return now, false
		}
		return ended(now, reason), true
	})
}

func ended(now Record, reason Reason) Record {
	return Record{Stamp: Stamp{Generation: now.Generation + 1}, Ended: reason}
}

// replace is the one way a record is written. It returns what is stored now, and
// whether change wrote that.
func (k *Keeper) replace(ctx context.Context, change func(Record) (Record, bool)) (Record, bool) {
	defer k.io.Enter()()
	wrote := false
	rec := k.Store.Update(ctx, func(now Record) (Record, bool) {
		var next Record
		if next, wrote = change(now); next.Live() {
			next.Tokens = next.Tokens.dated(next.Generation)
		}
		return next, wrote
	})
	k.adopt(rec, !wrote, true)
	if wrote {
		k.Tell()
	}
	return rec, wrote
}
