package session

import (
	"maps"
	"slices"
	"time"

	"latchkey/core/secret"
)

// Access is one access token of a session.
type Access struct {
	Token secret.String
	Type  string
	// ExpiresAt is when it ends; zero where nobody knows.
	ExpiresAt time.Time
	// Since is the generation that it came with.
	Since int64
}

// Over tells whether the token has ended at a time.
func (a Access) Over(at time.Time) bool { return !a.ExpiresAt.IsZero() && !at.Before(a.ExpiresAt) }

// Lacks tells whether there is no access token for a resource yet. A session
// lacks no main one: an id token may be all it has.
func (t Tokens) Lacks(resource string) bool { return resource != "" && t.More[resource].Token.Empty() }

// For is the access token for a resource; the main one is for "". The zero Access
// stands for one that is not there.
func (t Tokens) For(resource string) Access {
	if resource != "" {
		return t.More[resource]
	}
	return Access{t.Access, t.Type, t.ExpiresAt, t.Since}
}

// With returns t with what a refresh for one resource brought: its access token,
// and the refresh token, which is everybody's. All that the page sees stays, the
// claims of the id token too.
func (t Tokens) With(resource string, got Tokens) Tokens {
	if resource == "" {
		return got.After(t)
	}
	if !got.Refresh.Empty() {
		t.Refresh = got.Refresh
	}
	more := maps.Clone(t.More)
	if more == nil {
		more = map[string]Access{}
	}
	more[resource] = got.For("")
	t.More = more
	return t
}

// Resources lists what there is an access token of its own for.
func (t Tokens) Resources() []string {
	names := make([]string, 0, len(t.More))
	for name := range t.More {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// dated returns t where each access token that is new has a generation.
func (t Tokens) dated(generation int64) Tokens {
	if t.Since == 0 {
		t.Since = generation
	}
	var more map[string]Access
	for resource, a := range t.More {
		if a.Since != 0 {
			continue
		}
		if more == nil {
			more = maps.Clone(t.More)
		}
		a.Since = generation
		more[resource] = a
	}
	if more != nil {
		t.More = more
	}
	return t
}
