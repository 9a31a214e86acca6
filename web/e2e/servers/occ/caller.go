package main

import (
	"net/http"
	"strings"
)

// A caller is who a request came from, by its token alone.
type caller struct {
	kind    string   // none, client, customer or agent
	account *account // of customers and agents
	client  string
}

// bearer is the token in Authorization, "" without one.
func bearer(r *http.Request) string {
	scheme, value, _ := strings.Cut(r.Header.Get("Authorization"), " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(value)
}

// kind is what a token makes its bearer.
func (s *server) kind(one *token) string {
	switch a := s.users.byName[one.user]; {
	case one.user == "":
		return "client"
	case a != nil && a.agent:
		return "agent"
	}
	return "customer"
}

// owner is the account a token is for, or the client.
func (t *token) owner() string {
	if t.user == "" {
		return t.client
	}
	return t.user
}

// identify finds the caller. A token that is not good is refused everywhere, also where none is needed.
func (s *server) identify(r *http.Request) (caller, *refusal) {
	value := bearer(r)
	if value == "" {
		return caller{kind: "none"}, nil
	}
	one, stands := s.find(value, false)
	if stands != "live" {
		return caller{}, s.badToken(value, stands)
	}
	return caller{kind: s.kind(one), account: s.users.byName[one.user], client: one.client}, nil
}

// subject decides for whom the request runs: nil is the anonymous user.
func (s *server) subject(c caller, id, site string) (*account, *refusal) {
	switch {
	case id == "anonymous":
		if c.kind == "customer" {
			return nil, forbidden()
		}
		return nil, nil
	case c.kind == "none":
		return nil, unauthorized()
	case c.kind == "client": // a client has no user, so not "current" either
		return nil, forbidden()
	case id == "current":
		return s.self(c, site)
	case c.kind == "agent":
		found := s.users.find(id, site)
		if found == nil {
			return nil, unknown("Cannot find user with propertyValue '" + id + "'")
		}
		if found.agent && found != c.account {
			return nil, forbidden()
		}
		return found, nil
	case s.users.find(id, site) != c.account: // tells nobody who exists
		return nil, forbidden()
	}
	return s.self(c, site)
}

// self is the caller's own account, unless it is not one of this site.
func (s *server) self(c caller, site string) (*account, *refusal) {
	if !c.account.agent && (c.account.site != "") != sites[site] {
		return nil, forbidden()
	}
	return c.account, nil
}

// subjectByHeader is for what has no user in its path: an agent names the customer in a header.
func (s *server) subjectByHeader(c caller, r *http.Request, site string) (*account, *refusal) {
	if id := r.Header.Get("Sap-Commerce-Cloud-User-Id"); id != "" {
		return s.subject(c, id, site)
	}
	if c.account == nil {
		return nil, nil
	}
	return s.self(c, site)
}
