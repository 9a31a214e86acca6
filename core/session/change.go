package session

import (
	"context"
	"encoding/base64"

	"latchkey/core/errcode"
	"latchkey/core/event"
	"latchkey/core/secret"
)

// Begin signs in: tokens become a new session, whatever was there before.
func (k *Keeper) Begin(ctx context.Context, tokens Tokens) error {
	name, err := k.name()
	if err != nil {
		return err
	}
	k.replace(ctx, func(now Record) (Record, bool) {
		return Record{Stamp: Stamp{name, now.Generation + 1}, Tokens: tokens}, true
	})
	return nil
}

// name is one for a new session.
func (k *Keeper) name() (string, error) {
	var id [12]byte
	if err := k.Crypto.Random(id[:]); err != nil {
		return "", errcode.Wrap(errcode.RuntimeFailed, "the browser gave no random numbers", err)
	}
	return base64.RawURLEncoding.EncodeToString(id[:]), nil
}

// Enter is Begin for a sign-in that was asked for while before was the record. It
// returns whether it was in time: nobody has signed out meanwhile.
func (k *Keeper) Enter(ctx context.Context, before Record, tokens Tokens) (ok bool, err error) {
	name, err := k.name()
	if err != nil {
		return false, err
	}
	_, ok = k.replace(ctx, func(now Record) (Record, bool) {
		if now.left(before) {
			return now, false
		}
		return Record{Stamp: Stamp{name, now.Generation + 1}, Tokens: tokens}, true
	})
	return ok, nil
}

// Left tells whether somebody has signed out since before was the record.
func (k *Keeper) Left(ctx context.Context, before Record) bool {
	k.Reload(ctx)
	return k.Record().left(before)
}

func (r Record) left(before Record) bool {
	return r.Ended == ByUser && r.Generation > before.Generation
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
	var other error
	if !same {
		other = errcode.New(errcode.IDTokenInvalid, "the server has signed in somebody else")
	}
	_, ours := k.replaceFor(ctx, Note{Err: other}, func(now Record) (Record, bool) {
		switch {
		case now.Session != before.Session:
			return now, false
		case !same:
			return ended(now, Expired), true
		}
		return now.with(tokens.After(now.Tokens)), true
	})
	switch {
	case !same:
		return other
	case ours:
		return nil
	}
	go k.discard(tokens)
	return errcode.New(errcode.SessionChanged, "somebody has signed in or out meanwhile")
}

// End ends the session that is there, for all tabs, unless it is known to be of
// another user than this one. The record stays without tokens, so that its generation
// goes on counting. It returns what there was, and whether that has ended.
func (k *Keeper) End(ctx context.Context, reason Reason, user string) (was Record, ok bool) {
	k.replace(ctx, func(now Record) (Record, bool) {
		if ok = !k.anothers(now, user); !ok {
			return now, false
		}
		if was = now; !now.Live() {
			// Storage may have lost what this tab still has; after an End here that is nothing.
			was = k.Record()
			return now, false
		}
		return ended(now, reason), true
	})
	return was, ok
}

// anothers tells whether a session is known to be of another user than this one. Whom
// nobody has named may be anybody.
func (k *Keeper) anothers(rec Record, user string) bool {
	now := k.userID(rec)
	return IsUser(user) && IsUser(now) && now != user
}

// Vacant notes that nobody has a session, where there has never been one.
func (k *Keeper) Vacant(ctx context.Context) {
	k.replace(ctx, func(now Record) (Record, bool) {
		return Record{Stamp: Stamp{Generation: 1}}, now.Generation == 0
	})
}

// Adopt is Begin where there has never been a session, and nothing else. It
// returns whether it was so.
func (k *Keeper) Adopt(ctx context.Context, tokens Tokens) (ok bool, err error) {
	name, err := k.name()
	if err != nil {
		return false, err
	}
	_, ok = k.replace(ctx, func(now Record) (Record, bool) {
		return Record{Stamp: Stamp{name, 1}, Tokens: tokens}, now.Generation == 0
	})
	return ok, nil
}

// Replace begins a session with tokens, in place of the one that was there at from;
// if that is not the one any more, or has moved on, nothing happens.
func (k *Keeper) Replace(ctx context.Context, from Stamp, tokens Tokens) (ok bool, err error) {
	name, err := k.name()
	if err != nil {
		return false, err
	}
	_, ok = k.replace(ctx, func(now Record) (Record, bool) {
		if now.Session != from.Session || now.Live() && now.Past(from, "") || !now.Live() && now.Generation > from.Generation {
			return now, false
		}
		return Record{Stamp: Stamp{name, now.Generation + 1}, Tokens: tokens}, true
	})
	return ok, nil
}

// Act makes the user of a session act for another one from now on, or with ""
// for nobody but themselves. It returns whether that session is still there.
func (k *Keeper) Act(ctx context.Context, session, user string) bool {
	rec, _ := k.replace(ctx, func(now Record) (Record, bool) {
		if now.Session != session || now.Acts == user {
			return now, false
		}
		now.Generation++
		now.Acts, now.ActsSince = user, 0
		if user != "" {
			now.ActsSince = now.Generation
		}
		return now, true
	})
	return rec.Session == session
}

// Rest ends that the user of a session acts for another one, if they still act for this one.
func (k *Keeper) Rest(ctx context.Context, session, user string) {
	k.replace(ctx, func(now Record) (Record, bool) {
		if now.Session != session || now.Acts != user {
			return now, false
		}
		now.Generation++
		now.Acts, now.ActsSince = "", 0
		return now, true
	})
}

// EndOf is End, unless that session is not the one any more. It returns whether
// it has ended the session, and what was in it.
func (k *Keeper) EndOf(ctx context.Context, session string, reason Reason) (was Record, ok bool) {
	return k.EndFor(ctx, session, Note{Reason: reason})
}

// EndFor is EndOf that says more of why.
func (k *Keeper) EndFor(ctx context.Context, session string, why Note) (was Record, ok bool) {
	_, ok = k.replaceFor(ctx, why, func(now Record) (Record, bool) {
		was = now
		if !now.Live() || now.Session != session {
			return now, false
		}
		return ended(now, why.Reason), true
	})
	return was, ok
}

// over is End, unless the record has moved on from a stamp as far as the token
// for a resource goes. It returns whether it has ended the session.
func (k *Keeper) over(ctx context.Context, from Stamp, resource string, why Note) (ok bool) {
	_, ok = k.replaceFor(ctx, why, func(now Record) (Record, bool) {
		if now.Past(from, resource) {
			return now, false
		}
		return ended(now, why.Reason), true
	})
	return ok
}

// Forgo leaves the refresh token to another tab: the session goes on for as long as the
// access token does, or in another way.
func (k *Keeper) Forgo(ctx context.Context) {
	k.mu.Lock()
	loaded := k.loaded
	k.mu.Unlock()
	without := func(now Record) (Record, bool) {
		if !now.Live() || now.Tokens.Refresh.Empty() {
			return now, false
		}
		t := now.Tokens
		t.Refresh = secret.String{}
		return now.with(t), true
	}
	if loaded {
		k.replace(ctx, without)
	} else {
		k.Store.Update(ctx, without)
	}
}

// with is a session's next state: the same with other tokens.
func (r Record) with(t Tokens) Record {
	r.Generation++
	r.Tokens = t
	return r
}

func ended(now Record, reason Reason) Record {
	return Record{Stamp: Stamp{Generation: now.Generation + 1}, Ended: reason}
}

// replace is the one way a record is written. It returns what is stored now, and
// whether change wrote that.
func (k *Keeper) replace(ctx context.Context, change func(Record) (Record, bool)) (Record, bool) {
	return k.replaceFor(ctx, Note{}, change)
}

// replaceFor is replace that says why, for a change that ends a session.
func (k *Keeper) replaceFor(ctx context.Context, why Note, change func(Record) (Record, bool)) (Record, bool) {
	defer k.io.Enter()()
	wrote := false
	began := false
	rec := k.Store.Update(ctx, func(now Record) (Record, bool) {
		var next Record
		if next, wrote = change(now); next.Live() {
			next.Tokens = next.Tokens.dated(next.Generation)
			if next.Session != now.Session {
				next.Began = k.Clock.Now()
			}
		}
		if !wrote {
			return next, false
		}
		if s, ok := k.Strategy.(Marked); ok {
			next.Mark = s.Mark()
		}
		// The coming and going of a visitor's is nothing to note.
		for _, e := range k.events(now, next, false) {
			switch {
			case now.Session == next.Session:
			case e.Type == event.Login:
				began = true
			case e.Type == event.Logout:
				why.What, why.Reason, why.Generation = DidEnd, Reason(e.Reason), next.Generation
				if why.Reason == Switched && why.Trigger == "" {
					why.Trigger = OnLogin
				}
				next.Why = k.Entry(why)
			}
		}
		return next, true
	})
	k.adopt(rec, !wrote, true)
	if why.What != "" {
		k.Note(why)
	}
	if began {
		k.Note(Note{What: Began, Generation: rec.Generation})
	}
	if wrote {
		k.Tell()
	}
	return rec, wrote
}
