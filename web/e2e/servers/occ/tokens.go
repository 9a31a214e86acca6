package main

import (
	"crypto/rand"
	"fmt"
	"time"
)

// A token is kept after its end, so that the record of requests can still say whose it was.
type token struct {
	label   string // what is told instead of the value
	value   string
	refresh bool
	client  string
	user    string // "" for a client's own token
	scope   string
	expires time.Time
	ended   bool   // revoked or replaced
	partner *token // an access token's refresh token
}

type tokens struct {
	byValue map[string]*token
	order   []*token
}

func newTokens() tokens { return tokens{byValue: map[string]*token{}} }

func (t *tokens) add(one token) *token {
	one.value = rand.Text()
	one.label = fmt.Sprintf("%s-%d", one.kind(), len(t.order)+1)
	t.byValue[one.value] = &one
	t.order = append(t.order, &one)
	return &one
}

func (t *token) kind() string {
	switch {
	case t.refresh:
		return "refresh"
	case t.user == "":
		return "client"
	}
	return "access"
}

// find gives the token, whatever has become of it, and how it stands: live, expired, ended, or unknown with no token.
func (s *server) find(value string, refresh bool) (*token, string) {
	one := s.tokens.byValue[value]
	if one == nil || one.refresh != refresh {
		return nil, "unknown"
	}
	return one, s.stands(one)
}

func (s *server) stands(one *token) string {
	switch {
	case one.ended:
		return "ended"
	case !one.expires.After(s.now()):
		return "expired"
	}
	return "live"
}

// issue makes an access token or finds the one there is, unless that has lost its refresh token. A client's own has none.
func (s *server) issue(client, user, scope string, withRefresh bool) *token {
	var partner *token
	if s.switches.SameToken {
		for _, one := range s.tokens.order {
			if one.refresh || one.client != client || one.user != user || one.scope != scope {
				continue
			}
			stands := s.stands(one)
			if stands == "live" && (one.partner == nil || s.stands(one.partner) == "live") {
				return one
			}
			if stands == "expired" { // its refresh token goes on
				partner = one.partner
			}
			one.ended = true
		}
	}
	if withRefresh && (partner == nil || s.stands(partner) != "live") {
		partner = s.tokens.add(token{refresh: true, client: client, user: user, scope: scope, expires: s.in(s.lifetimes.Refresh)})
	}
	return s.access(client, user, scope, partner)
}

func (s *server) access(client, user, scope string, partner *token) *token {
	life := s.lifetimes.Access
	if user == "" {
		life = s.lifetimes.Client
	}
	return s.tokens.add(token{client: client, user: user, scope: scope, expires: s.in(life), partner: partner})
}

// renew gives the access token for a refresh token that is good, and the refresh token to be told: nil to tell none.
func (s *server) renew(old *token) (access, told *token) {
	partner := old
	if s.switches.Refresh == "rotate" {
		old.ended = true
		partner = s.tokens.add(token{refresh: true, client: old.client, user: old.user, scope: old.scope, expires: s.in(s.lifetimes.Refresh)})
	}
	for _, one := range s.tokens.order {
		if one.partner != old {
			continue
		}
		if s.switches.RefreshEndsAccess {
			one.ended = true
		}
		one.partner = partner
	}
	access = s.access(old.client, old.user, old.scope, partner)
	if s.switches.Refresh == "omit" {
		return access, nil
	}
	return access, partner
}

// end revokes a token, and what goes with it.
func (s *server) end(one *token) {
	one.ended = true
	if !s.switches.RevokeEndsBoth {
		return
	}
	for _, other := range s.tokens.order {
		if other.partner == one || one.partner == other {
			other.ended = true
		}
	}
}
