package main

import (
	"fmt"
	"strings"
)

// An account of an isolated site has the name `<uid>|<baseSite>`, and is known at that site only.
type account struct {
	name       string // what one signs in with
	site       string // "" for accounts of every site that is not isolated
	password   string
	customerID string
	display    string
	agent      bool // in the customer support agents' group
	disabled   bool
	details    map[string]any
	addresses  []map[string]any
}

// uid is the name without its site.
func (a *account) uid() string { return strings.TrimSuffix(a.name, "|"+a.site) }

// sites are the base sites, and whether each is isolated.
var sites = map[string]bool{"electronics-spa": false, "apparel-uk-spa": false, "isolated-spa": true}

type users struct {
	byName   map[string]*account
	carts    map[string]*cart   // by guid
	oneTimes map[string]oneTime // by token id
	mail     []map[string]string
	number   int
}

func newUsers() *users {
	u := &users{byName: map[string]*account{}, carts: map[string]*cart{}, oneTimes: map[string]oneTime{}, mail: []map[string]string{}}
	for _, a := range []*account{
		{name: "alice", password: "wonderland", customerID: "c-alice", display: "Alice Liddell"},
		{name: "bob", password: "builder", customerID: "c-bob", display: "Bob Builder"},
		{name: "carol|isolated-spa", site: "isolated-spa", password: "christmas", customerID: "c-carol", display: "Carol Singer"},
		{name: "alice|isolated-spa", site: "isolated-spa", password: "looking-glass", customerID: "c-alice-isolated", display: "Alice Pleasance"},
		{name: "dora", password: "locked", customerID: "c-dora", display: "Dora Locke", disabled: true},
		{name: "agent", password: "support", customerID: "a-agent", display: "Agnes Agent", agent: true},
		{name: "agent2", password: "support", customerID: "a-agent2", display: "Arthur Agent", agent: true},
	} {
		u.add(a)
	}
	return u
}

func (u *users) add(a *account) {
	first, last, _ := strings.Cut(a.display, " ")
	a.details = map[string]any{"firstName": first, "lastName": last, "titleCode": "ms"}
	u.byName[a.name] = a
}

// next is a part of ids.
func (u *users) next(prefix string) string {
	u.number++
	return fmt.Sprintf("%s%d", prefix, u.number)
}

// nameAt is the name under which somebody registers at a site, or is sought by their plain name.
func nameAt(uid, site string) string {
	if sites[site] && !strings.HasSuffix(uid, "|"+site) {
		return uid + "|" + site
	}
	return uid
}

// find goes by customer id or name, as OCC does.
func (u *users) find(id, site string) *account {
	for _, a := range u.byName {
		if a.customerID == id && (a.agent || (a.site != "") == sites[site]) {
			return a
		}
	}
	if a := u.byName[nameAt(id, site)]; a != nil {
		return a
	}
	return nil
}

// signIn is the account for a name and a password, or for a one-time password's id and code; or why not.
func (s *server) signIn(name, password string) (*account, string) {
	if a, ok := s.redeemOneTime(name, password); ok {
		return a, ""
	}
	a := s.users.byName[name]
	switch {
	case a == nil || a.password != password:
		return nil, "bad_credentials"
	case a.disabled:
		return nil, "account_disabled"
	}
	return a, ""
}
