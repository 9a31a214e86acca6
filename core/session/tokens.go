package session

import (
	"fmt"
	"time"

	"latchkey/core/secret"
)

// Tokens is what a sign-in or a refresh brought. It prints as its type and
// expiry.
type Tokens struct {
	Access  secret.String
	Refresh secret.String
	// RefreshEnds is when the refresh token ends; zero where nobody knows.
	RefreshEnds time.Time
	ID          secret.String
	// Type is the token type in its usual spelling ("Bearer").
	Type string
	// ProofKey is the thumbprint of the key that the tokens are bound to (RFC
	// 9449); "" for bearer tokens.
	ProofKey string
	// Scope is what was granted; nil where the server did not say.
	Scope []string
	// IssuedAt is when the answer came, by this browser's wall clock.
	IssuedAt time.Time
	// ExpiresAt is when the access token ends; zero where nobody knows.
	ExpiresAt time.Time
	// Since is the generation that the access token came with; zero before it is
	// part of a record.
	Since int64
	// More are the access tokens for a resource of their own (RFC 8707), one for
	// each. It is replaced, never changed in place.
	More []Access
	// Named are the resources that the sign-in named: a server that is asked for
	// another one may take the refresh token for that.
	Named []string
	// Subject and Claims are the id token's, Claims as JSON; both empty where
	// there is none.
	Subject string
	Claims  string
	// SessionState is what the session at the server is watched by; empty where
	// the server gave none.
	SessionState string
	// CSRF is what unsafe requests show, where the server gives that with the session.
	CSRF secret.String
	// Cookie says that the session travels in a cookie of the app's own backend,
	// which has the tokens: there are none here, and IssuedAt and ExpiresAt, Subject
	// and Claims are what the backend said.
	Cookie bool
}

// Format prints what the tokens are, never what they hold.
func (t Tokens) Format(f fmt.State, _ rune) {
	kind := t.Type
	if kind == "" {
		kind = "no"
	}
	_, _ = fmt.Fprintf(f, "%s tokens, expiring %s", kind, t.ExpiresAt.Format(time.RFC3339))
}

// After returns t completed by what the tokens before it had and a refresh need
// not repeat: the refresh token (RFC 6749, section 6), the id token with its
// claims (OpenID Connect Core, section 12.2), the scope, the session at the server.
// A backend that keeps the tokens says anew who it is about each time.
func (t Tokens) After(old Tokens) Tokens {
	if t.Refresh.Empty() {
		t.Refresh, t.RefreshEnds = old.Refresh, old.RefreshEnds
	}
	if t.CSRF.Empty() {
		t.CSRF = old.CSRF
	}
	// A server that names the user with each token says anew who that is.
	if t.ID.Empty() && !t.Cookie && t.Subject == "" {
		t.ID, t.Subject, t.Claims = old.ID, old.Subject, old.Claims
	}
	if t.Scope == nil {
		t.Scope = old.Scope
	}
	if t.SessionState == "" {
		t.SessionState = old.SessionState
	}
	if t.Named == nil {
		t.Named = old.Named
	}
	if t.More == nil {
		t.More = old.More
	}
	return t
}
