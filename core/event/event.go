// Package event names what the page is told.
package event

import (
	"time"

	"latchkey/core/errcode"
	"latchkey/core/strictjson"
)

// Type is an event's name.
type Type string

// The events. The data plane adds "statechange", as it alone knows what the
// page has seen.
const (
	Login   Type = "login"
	Logout  Type = "logout"
	Expired Type = "expired"
	Refresh Type = "refresh"
	Error   Type = "error"
	// Idle warns of an end for want of activity, or calls that off.
	Idle Type = "idle"
)

// Event is one thing that happened to the session.
type Event struct {
	Type Type
	// Reason goes with a logout, and with whatever an agent is the reason for.
	Reason string
	// Remote is true when another tab did it.
	Remote         bool
	PreviousUserID string
	UserID         string
	// Err goes with an error.
	Err error
	// Why goes with the end of a session: who ended it, and on what grounds, as JSON.
	Why string
	// EndsAt goes with Idle: zero where nothing ends any more.
	EndsAt time.Time
}

// JSON writes e as it crosses to the page.
func (e Event) JSON() string {
	var o strictjson.Object
	o.String("type", string(e.Type))
	o.Text("reason", e.Reason)
	o.Bool("remote", e.Remote)
	o.String("previousUserId", e.PreviousUserID)
	o.String("userId", e.UserID)
	if e.Type == Idle {
		if e.EndsAt.IsZero() {
			o.Raw("endsAt", "null")
		} else {
			o.Int("endsAt", e.EndsAt.UnixMilli())
		}
	}
	if e.Why != "" {
		o.Raw("why", e.Why)
	}
	if e.Err != nil {
		o.Raw("error", errcode.JSON(e.Err))
	}
	return o.Done()
}
