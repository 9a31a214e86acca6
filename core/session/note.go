package session

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
)
