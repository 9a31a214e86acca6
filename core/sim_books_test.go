package core_test

import (
	"slices"
	"strings"
	"time"

	"latchkey/core/browser/browsertest"
	"latchkey/core/session"
	"latchkey/core/strictjson"
)

// flight is a request of a tab's for a client; there is one at a time of each kind.
type flight struct {
	tab    *browsertest.Tab
	client string
}

// refreshSend is one use of a refresh token at the server.
type refreshSend struct {
	tab      *browsertest.Tab
	answered bool // the answer reached the tab
	over     bool // the request has ended there, one way or the other
	refused  bool // the server refused before it did anything, or its answer can't be read
	unknown  bool // nobody knew what came of it when it was decided to send it again
}

// goodbye is a logout that a page was asked for.
type goodbye struct {
	user string // whom it showed
	over bool
}

// asked tells whether somebody has asked for the end of a user's session. Called with mu held.
func (s *sim) asked(user string) bool {
	return slices.ContainsFunc(s.leaving, func(l *goodbye) bool {
		return l.user == user || !session.IsUser(l.user)
	})
}

// doubt tells whether nobody knows what came of it.
func (r *refreshSend) doubt() bool {
	r.unknown = r.unknown || r.tab.Dead() || r.tab.Frozen() || r.over && !r.answered || r.refused
	return r.unknown
}

// book is what is known of one record.
type book struct {
	key, whose string
	area       *browsertest.Area
	tab        *browsertest.Tab // whose storage that is; nil where it is everybody's
	gone       map[string]bool  // sessions that have ended
	last       string           // the session last seen in storage
	refresh    string           // its refresh token
	access     string
	highest    int64
	changed    int // the step in which another session came
	text       string
}

func newBook(area *browsertest.Area, key, whose string) *book {
	return &book{area: area, key: key, whose: whose, gone: map[string]bool{}}
}

// forget is for a record that is gone: its session is, too, and generations begin anew.
func (b *book) forget() {
	if b.last != "" {
		b.gone[b.last] = true
	}
	b.last, b.refresh, b.access, b.highest, b.text = "", "", "", 0, ""
}

// sending is called when a refresh reaches the server: invariant 1. Called with mu held.
func (s *sim) sending(tab *browsertest.Tab, client, token string, refused bool) *refreshSend {
	for _, before := range s.sends[token] {
		if !before.doubt() && !s.astray[tab] && !s.astray[before.tab] {
			s.fail("invariant 1: %s sent a refresh token again whose first outcome %s knows or awaits (answered %t, over %t)", tab.Name, before.tab.Name, before.answered, before.over)
		}
	}
	if len(s.sends[token]) > 0 {
		s.saw("a refresh in doubt, at a server that is " + string(s.plan.server))
	} else {
		s.saw("a refresh, at a server that is " + string(s.plan.server))
	}
	if s.plan.apart {
		s.rightful(tab, token)
	}
	send := &refreshSend{tab: tab, refused: refused || s.outage == "half"}
	s.sends[token] = append(s.sends[token], send)
	s.flying[flight{tab, client}] = send
	return send
}

// happened is told of each operation that has not failed.
func (s *sim) happened(op *operation) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, b := range s.books() {
		if op.what == "steal "+b.key+"/refresh" && (b.tab == nil || b.tab == s.profile.Holder(b.key+"/refresh")) {
			s.stolen(b, op.tab)
		}
	}
	if s.shop != nil && op.what == "steal "+simKey+"/client/refresh" {
		holder := s.profile.Holder(simKey + "/client/refresh")
		s.shop.robbed[holder] = true
		s.shop.taken(func(tab *browsertest.Tab) bool { return tab == holder })
	}
}

// decided is told of each operation that is about to happen. A tab that writes an attempt
// down has decided to send, and looks at nothing more. Called with mu held.
func (s *sim) decided(tab *browsertest.Tab, what string) {
	if lock, ok := strings.CutPrefix(what, "steal "); ok {
		s.silent[tab] = s.silence(s.profile.Holder(lock), tab)
	}
	if !strings.HasPrefix(what, "set ") || !strings.HasSuffix(what, "/attempt") {
		return
	}
	if s.shop != nil && what == "set "+simKey+"/client/attempt" {
		s.shop.taken(func(tab *browsertest.Tab) bool { return tab.Dead() || tab.Frozen() })
	}
	for _, b := range s.books() {
		if what == "set "+b.key+"/attempt" && (b.tab == nil || b.tab == tab) {
			for _, send := range s.sends[b.refresh] {
				send.doubt()
			}
		}
	}
}

// silence tells whether a tab may hear nothing of another one's.
func (s *sim) silence(holder, thief *browsertest.Tab) bool {
	if holder == nil || holder.Frozen() {
		return true
	}
	for _, tab := range []*browsertest.Tab{holder, thief} {
		if missed, any := s.deaf[tab]; any && time.Since(missed) < 10*time.Second {
			return true
		}
		for _, op := range s.parked {
			if op.tab == tab && op.what == "note" {
				return true
			}
		}
	}
	return false
}

// stolen is called when a tab takes over the turn of another, which must not have heard,
// or have been heard of, for a while.
func (s *sim) stolen(b *book, thief *browsertest.Tab) {
	holder := s.profile.Holder(b.key + "/refresh")
	if holder == nil || holder == thief {
		return
	}
	// What was on its way when the thief made up their mind may have come since.
	if !s.silent[thief] && !s.silence(holder, thief) {
		s.fail("invariant 1: %s took the turn of %s, which was alive", thief.Name, holder.Name)
	}
	// What it got it has not stored yet, or nobody would send again.
	for _, send := range s.sends[b.refresh] {
		if send.tab == holder {
			send.unknown = true
		}
	}
	if holder.Frozen() {
		s.saw("a take-over from a frozen tab")
	} else {
		s.saw("a take-over from a tab that was not heard")
	}
}

// books are those of all records.
func (s *sim) books() []*book {
	if s.shop != nil {
		return []*book{s.main, s.shop.agent}
	}
	if s.plan.apart {
		return s.own
	}
	return []*book{s.main}
}

// answered is called when a tab has, or will never have, an answer.
func (s *sim) answered(tab *browsertest.Tab, what string, ok bool) {
	if !strings.HasPrefix(what, "answer") {
		return
	}
	client, refresh := strings.CutPrefix(what, refreshAnswer)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shop != nil {
		s.shop.answered(tab, what, ok)
	}
	if send := s.flying[flight{tab, client}]; refresh && send != nil {
		if ok && send.unknown {
			s.saw("an answer whose turn was taken")
		}
		send.answered, send.over = ok, true
		delete(s.flying, flight{tab, client})
	}
}

// check holds the invariants against what is stored now.
func (s *sim) check() {
	for _, p := range s.pages {
		if changes := p.takeUntold(); changes != nil {
			s.fail("invariant 7: %s shows %s, and no event said so", p.tab.Name, changes[0])
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.plan.apart {
		for _, b := range s.own {
			s.look(b)
		}
	} else {
		s.look(s.main)
	}
	s.leaving = slices.DeleteFunc(s.leaving, func(l *goodbye) bool { return l.over })
	if s.shop != nil {
		s.shop.check()
	}
	if s.newer != "" && s.profile.Storage().Value(simKey) != s.newer {
		s.fail("invariant 6: what a version to come has written is no more")
		s.newer = ""
	}
}

// look holds them against one record.
func (s *sim) look(b *book) {
	text := b.area.Value(b.key)
	if text == b.text {
		s.back(b, b.last)
		return
	}
	b.text = text
	if text == s.planted {
		return // no tab has written that
	}
	v, _ := strictjson.Parse(text)
	if v.Kind() == strictjson.Missing || v.Get("format").Kind() == strictjson.Missing {
		return
	}
	name, ended := v.Get("session").TextOr(""), v.Get("ended").TextOr("")
	generation, _ := v.Get("generation").Int()
	stray := s.astray[s.mover]
	if stray {
		delete(b.gone, name) // it had not gone for who has written that
	}
	if generation < b.highest && !stray {
		s.fail("invariant 3: the %sgeneration went back from %d to %d", b.whose, b.highest, generation)
	}
	if generation == b.highest && !stray {
		s.fail("invariant 3: the %srecord is another one, and its generation is %d as before", b.whose, generation)
	}
	b.highest = generation
	if name != b.last {
		b.gone[b.last] = b.last != ""
		if ended == "expired" && !s.mayEnd(b) {
			s.fail("invariant 5: the %ssession ended, and the server has not ended it", b.whose)
		}
		if _, user, _ := strings.Cut(s.server.Owner(b.access), "/"); ended == "user" && s.shop == nil && !stray && !s.asked(user) {
			s.fail("invariant 5: the session of %s ended by a logout, and none was asked for that showed it", user)
		}
		if ended != "" {
			s.saw("an end: " + ended)
		}
		s.note("-- %ssession %q, generation %d, ended %q", b.whose, name, generation, ended)
		s.shop.changed(b, name, ended)
	}
	s.back(b, name)
	s.readable(b.key, text, v)
	if b.tab != nil {
		s.forgone(b, name, v.Get("tokens").Get("refresh").TextOr(""))
	}
	if name == b.last && name != "" {
		s.saw("a session that goes on")
	}
	b.last, b.refresh = name, v.Get("tokens").Get("refresh").TextOr("")
	b.access = v.Get("tokens").Get("access").TextOr("")
}

// back holds invariant 3.
func (s *sim) back(b *book, session string) {
	if b.gone[session] {
		s.fail("invariant 3: a %ssession that had ended is back", b.whose)
	}
}

// mayEnd tells whether the server has ended what a record's tokens came of: because a
// refresh token came twice, which invariant 1 allows where it must, or by itself.
func (s *sim) mayEnd(b *book) bool {
	// A copy has no refresh token, and a logout in one tab ends what all copies came of.
	if b.tab != nil && (b.refresh == "" || s.server.Given(b.refresh)) {
		return true
	}
	// Who was signed out while the storage failed may have left the record there.
	if len(s.astray) > 0 && (s.astray[s.mover] || s.server.Given(b.refresh)) {
		return true
	}
	return s.server.Reused(b.refresh) || s.server.Fallen(b.refresh) || s.shop.mayEnd(b)
}
