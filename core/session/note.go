package session

import (
	"latchkey/core/event"
	"latchkey/core/trace"
)

// Note is one step in a session's life, as it is kept for whoever asks later why they
// were signed out. Nothing in it is secret.
type Note struct {
	// What happened.
	What What
	// Trigger is what set it off; "" where that is plain from What.
	Trigger Trigger
	// Reason is a session's that ended.
	Reason Reason
	// Err is why it failed, or the server's word that the session is over.
	Err error
	// Generation is the record's after it.
	Generation int64
}

// What is what can happen.
type What string

// What there is to note.
const (
	// Began is a sign-in.
	Began What = "began"
	// Sending is noted before a refresh is sent.
	Sending What = "sending"
	// One of these is noted after it: it may have come too late.
	DidRenew What = "renewed"
	DidFail  What = "failed"
	TooLate  What = "late"
	// TookOver says that the tab that refreshed was frozen, and this one went on.
	TookOver What = "tookOver"
	// DidEnd is the end of the session.
	DidEnd What = "ended"
)

// Trigger is what sets a step off.
type Trigger string

// The triggers.
const (
	// OnDue is a refresh ahead of time, OnRefused one for a request that the server
	// refused, OnUse one for a request past the expiry, OnAsk one that the page asked for.
	OnDue     Trigger = "due"
	OnRefused Trigger = "refused"
	OnUse     Trigger = "use"
	OnAsk     Trigger = "ask"
	// OnDoubt is a refresh whose last outcome is unknown.
	OnDoubt Trigger = "doubt"
	// OnIdle and OnAbsolute are the ceilings.
	OnIdle     Trigger = "idle"
	OnAbsolute Trigger = "absolute"
	// OnLogin is a sign-in that takes a session's place, OnAnswer an answer to a request of
	// the page's that says whose session it is now, OnCheck the watch over the session at the
	// server, OnServer the server itself, by latchkey.logout.html (web/src/tombstone.ts),
	// OnCleared a record that is gone from storage.
	OnLogin   Trigger = "login"
	OnAnswer  Trigger = "answer"
	OnCheck   Trigger = "check"
	OnServer  Trigger = "server"
	OnCleared Trigger = "cleared"
)

// Cause is why a session is ended.
type Cause struct {
	Reason  Reason
	Trigger Trigger
	// Err is the server's word, or what was found here.
	Err error
}

// Entry is a note as it is kept.
func (k *Keeper) Entry(n Note) trace.Entry {
	e := trace.Entry{At: k.Clock.Now(), Tab: k.Tab, What: string(n.What), Trigger: string(n.Trigger), Reason: string(n.Reason), Generation: n.Generation}
	if n.Trigger == OnServer || n.Trigger == OnCleared {
		e.Tab = "" // no tab did that
	}
	return e.Failed(n.Err)
}

// notes are what there is to note of a change of this tab's: that a session has ended,
// or begun.
func (k *Keeper) notes(was, rec Record, c Cause) (all []Note) {
	for _, e := range k.events(was, rec, false) {
		n := Note{Generation: rec.Generation}
		switch {
		case e.Reason == string(ByAgent): // whoever acts for whom, the session is the same
			continue
		case e.Type == event.Login:
			n.What = Began
		case e.Type == event.Logout:
			n.What, n.Trigger, n.Reason, n.Err = DidEnd, c.Trigger, Reason(e.Reason), c.Err
			if n.Reason == Switched && n.Trigger == "" {
				n.Trigger = OnLogin
			}
		default:
			continue
		}
		all = append(all, n)
	}
	return all
}

// why is what rec says of the end of the session before it.
func (k *Keeper) why(old, rec Record) *trace.Entry {
	e := rec.Why
	if e.What == "" {
		e = trace.Entry{At: k.Clock.Now(), What: string(DidEnd), Generation: rec.Generation}
		if rec.Generation == 0 {
			e.Trigger, e.Generation = string(OnCleared), old.Generation
		}
	}
	return &e
}
