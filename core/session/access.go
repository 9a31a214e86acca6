package session

import (
	"slices"
	"time"

	"latchkey/core/secret"
)

// Access is one access token of a session.
type Access struct {
	// Resource is what it is for; "" for the main one.
	Resource string
	Token    secret.String
	Type     string
	// ExpiresAt is when it ends; zero where nobody knows.
	ExpiresAt time.Time
	// Since is the generation that it came with.
	Since int64
}

// Over tells whether the token has ended at a time.
func (a Access) Over(at time.Time) bool { return !a.ExpiresAt.IsZero() && !at.Before(a.ExpiresAt) }

// Lacks tells whether there is no access token for a resource yet. A session
// lacks no main one: an id token may be all it has.
func (t Tokens) Lacks(resource string) bool { return resource != "" && t.place(resource) < 0 }

// For is the access token for a resource; the main one is for "". The zero Access
// stands for one that is not there.
func (t Tokens) For(resource string) Access {
	if resource == "" {
		return Access{"", t.Access, t.Type, t.ExpiresAt, t.Since}
	}
	if i := t.place(resource); i >= 0 {
		return t.More[i]
	}
	return Access{}
}

// place is where the token for a resource is among More, or -1.
func (t Tokens) place(resource string) int {
	for i, a := range t.More {
		if a.Resource == resource {
			return i
		}
	}
	return -1
}

// With returns t with what a refresh for one resource brought: its access token,
// and the refresh token, which is everybody's. All that the page sees stays, the
// claims of the id token too.
func (t Tokens) With(resource string, got Tokens) Tokens {
	if resource == "" {
		return got.After(t)
	}
	if !got.Refresh.Empty() {
		t.Refresh, t.RefreshEnds = got.Refresh, got.RefreshEnds
	}
	a := got.For("")
	a.Resource = resource
	t.More = slices.Clone(t.More)
	if i := t.place(resource); i >= 0 {
		t.More[i] = a
	} else {
		t.More = append(t.More, a)
	}
	return t
}

// dated returns t where each access token that is new has a generation.
func (t Tokens) dated(generation int64) Tokens {
	if t.Since == 0 {
		t.Since = generation
	}
	t.More = slices.Clone(t.More)
	for i := range t.More {
		if t.More[i].Since == 0 {
			t.More[i].Since = generation
		}
	}
	return t
}
