// Package event names what the page is told.
package event

import (
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
)

// Event is one thing that happened to the session.
type Event struct {
	Type Type
	// Reason goes with a logout.
	Reason string
	// Remote is true when another tab did it.
	Remote         bool
	PreviousUserID string
	UserID         string
	// Err goes with an error.
	Err error
}

// JSON writes e as it crosses to the page.
func (e Event) JSON() string {
	var o strictjson.Object
	o.String("type", string(e.Type))
	o.Text("reason", e.Reason)
	o.Bool("remote", e.Remote)
	o.String("previousUserId", e.PreviousUserID)
	o.String("userId", e.UserID)
	if e.Err != nil {
		o.Raw("error", errcode.JSON(e.Err))
	}
	return o.Done()
}
