package session

import (
	"time"

	"latchkey/core/strictjson"
)

// State is what the page may know of the session: never a token.
type State struct {
	LoggedIn bool
	UserID   string
	// Agent says that an agent is signed in, and Emulated that they act for the user.
	Agent, Emulated bool
	// Restoring says that it will soon be known who is signed in.
	Restoring bool
	Claims    string // JSON, or ""
	Scope     []string
	ExpiresAt time.Time
	TokenType string
}

// Anonymous is the user id of nobody.
const Anonymous = "anonymous"

// Current is the user id of somebody whose name nobody told us.
const Current = "current"

// Guest is the user id of somebody who orders without an account.
const Guest = "guest"

// IsUser tells whether id can be that of somebody in particular: it goes into
// addresses and headers.
func IsUser(id string) bool {
	switch id {
	case "", Anonymous, Current, Guest:
		return false
	}
	for _, c := range []byte(id) {
		if c < 0x21 || c > 0x7e {
			return false
		}
	}
	return len(id) <= 255
}

// JSON writes the page's SessionState, whole.
func (s State) JSON() string {
	var o strictjson.Object
	status, user := "anonymous", Anonymous
	if s.LoggedIn {
		status, user = "authenticated", s.UserID
	}
	if s.Restoring {
		status = "restoring"
	}
	o.String("status", status)
	o.Bool("isLoggedIn", s.LoggedIn)
	o.String("userId", user)
	o.Bool("isEmulated", s.Emulated)
	o.Bool("isAgent", s.Agent)
	if s.Claims == "" {
		o.Raw("claims", "null")
	} else {
		o.Raw("claims", s.Claims)
	}
	o.Texts("scope", s.Scope)
	if s.ExpiresAt.IsZero() {
		o.Raw("expiresAt", "null")
	} else {
		o.Int("expiresAt", s.ExpiresAt.UnixMilli())
	}
	if s.TokenType == "" {
		o.Raw("tokenType", "null")
	} else {
		o.String("tokenType", s.TokenType)
	}
	return o.Done()
}
