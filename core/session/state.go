package session

import (
	"time"

	"latchkey/core/strictjson"
)

// State is what the page may know of the session: never a token.
type State struct {
	LoggedIn  bool
	UserID    string
	Claims    string // JSON, or ""
	Scope     []string
	ExpiresAt time.Time
	TokenType string
}

// Anonymous is the user id of nobody.
const Anonymous = "anonymous"

// Current is the user id of somebody whose name nobody told us.
const Current = "current"

// JSON writes the page's SessionState, whole.
func (s State) JSON() string {
	var o strictjson.Object
	status, user := "anonymous", Anonymous
	if s.LoggedIn {
		status, user = "authenticated", s.UserID
	}
	o.String("status", status)
	o.Bool("isLoggedIn", s.LoggedIn)
	o.String("userId", user)
	o.Bool("isEmulated", false)
	o.Bool("isAgent", false)
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
