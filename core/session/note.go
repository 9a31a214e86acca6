package session

import (
	"errors"
	"strings"

	"latchkey/core/errcode"
	"latchkey/core/strictjson"
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
	// Nobody says that no tab did it.
	Nobody bool
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

// Entry is a note as it is kept: JSON, for people.
func (k *Keeper) Entry(n Note) string {
	var o, said strictjson.Object
	o.Int("at", k.Clock.Now().UnixMilli())
	tab := k.Tab
	if n.Nobody {
		tab = ""
	}
	o.String("tab", tab)
	o.String("what", string(n.What))
	o.Text("trigger", string(n.Trigger))
	o.Text("reason", string(n.Reason))
	o.Int("generation", n.Generation)
	o.Text("error", string(errcode.Of(n.Err)))
	var e *errcode.Error
	if errors.As(n.Err, &e) && e.OAuth != nil {
		said.Text("error", trace.Word(e.OAuth.Error))
		said.Text("error_description", trace.Words(e.OAuth.Description))
		o.Raw("oauth", said.Done())
	}
	return o.Done()
}

// unsaid is the end of old's session, where rec does not say who did that: no tab, or one
// of an older version.
func (k *Keeper) unsaid(old, rec Record) Note {
	if rec.Generation == 0 {
		return Note{What: DidEnd, Trigger: OnCleared, Reason: Revoked, Generation: old.Generation, Nobody: true}
	}
	n := Note{What: DidEnd, Reason: rec.Ended, Generation: rec.Generation, Nobody: true}
	if rec.Why != "" {
		n.Trigger = OnServer
	}
	return n
}

// nobody is in an entry that is no tab's.
const nobody = `"tab":""`

// why is what rec says of the end of the session before it, for an event: with whether
// that was here.
func (k *Keeper) why(old, rec Record) string {
	why := rec.Why
	if why == "" {
		why = k.Entry(k.unsaid(old, rec))
	}
	here := `{"here":false,`
	if k.Tab != "" && strings.Contains(why, `"tab":"`+k.Tab+`"`) {
		here = `{"here":true,`
	}
	return here + why[1:]
}
