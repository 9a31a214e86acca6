package session

import (
	"time"

	"latchkey/core/policy"
)

// Stamp tells one state of a session from all others. Session is the random id
// of a sign-in; Generation counts every change of the record, also the end of
// a session, and never goes back.
type Stamp struct {
	Session    string
	Generation int64
}

// Record is a session, whole. It is replaced, never changed in place.
type Record struct {
	Stamp
	// Began is when somebody signed in.
	Began time.Time
	// Ended is why the last session ended, where there is none now, and Why who ended it, when
	// and on what grounds: an entry of the trace, or "" where nobody said. It is for people.
	Ended  Reason
	Why    string
	Tokens Tokens
	// Acts is the user whom the session's own acts for, since a generation: "" and 0
	// where for nobody but themselves.
	Acts      string
	ActsSince int64
	// Mark is what a [Marked] strategy's mark was when the record was written.
	Mark string
}

// Live tells whether somebody is signed in.
func (r Record) Live() bool { return r.Session != "" }

// Past tells whether r has moved on from a stamp as far as the access token for a
// resource goes: that is another one, or another session's. A record changes for
// others of its tokens as well.
func (r Record) Past(from Stamp, resource string) bool {
	return !r.Live() || r.Session != from.Session || r.Generation < from.Generation || r.Tokens.For(resource).Since > from.Generation
}

// Reason is why a session ended.
type Reason string

// The reasons, as the page gets them with a logout event.
const (
	ByUser   Reason = "user"
	Expired  Reason = "expired"
	Revoked  Reason = "revoked"
	Switched Reason = "switched"
	// ByAgent: an agent came, went, or acts for somebody else.
	ByAgent Reason = "agent"
)

// View is what a record means to the page: computed from it, and kept beside
// it so that the next page load has it before the runtime is there.
type View struct {
	State  State
	Policy policy.Policy
}
