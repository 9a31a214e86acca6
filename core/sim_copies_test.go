package core_test

import (
	"maps"
	"slices"
	"strings"
	"testing/synctest"

	"latchkey/core/browser/browsertest"
)

// Where each tab has a storage of its own, a copy of a tab has a copy of that, and with it the
// refresh token. One tab at a time goes by a name, and the tokens that came to it are its own:
//
//   - no tab sends a refresh token that came to another name, so nobody is signed out by a
//     copy;
//   - no tab that has its name leaves its refresh token to another.
//
// A reload is the same storage in another document, and a page in the back/forward cache has
// let go of its name.

// bookOf is the one of a page's record.
func (s *sim) bookOf(p *page) *book {
	for _, b := range s.own {
		if b.tab == p.tab {
			return b
		}
	}
	return s.main
}

// openApart opens a tab of which there are no others.
func (s *sim) openApart() {
	tab := s.profile.OpenApart(origin + "/")
	s.note("%s opens", tab.Name)
	s.startApart(tab, newBook(nil, simKey, tab.Name+"'s "))
}

func (s *sim) startApart(tab *browsertest.Tab, b *book) {
	b.area, b.tab = tab.Storage(), tab
	s.mu.Lock()
	if !slices.Contains(s.own, b) {
		s.own = append(s.own, b)
	}
	s.mu.Unlock()
	s.openIn(tab, ofTabs(untraced))
}

// copy opens a copy of a tab, whatever that is at.
func (s *sim) copy(p *page) {
	if away := s.awayPages(); len(away) > 0 && s.rng.IntN(2) == 0 {
		p = away[s.rng.IntN(len(away))] // its tab is at another page, and is copied there
	}
	what := "a copy of a tab"
	if s.profile.Holder(simKey+"/refresh") == p.tab {
		what += " that refreshes"
	}
	if s.away[p] {
		what += " that has been left"
	}
	s.saw(what)
	tab := p.tab.Duplicate()
	s.note("%s is %s, %s", tab.Name, what, p.tab.Name)
	b := *s.bookOf(p)
	b.whose, b.gone = tab.Name+"'s ", maps.Clone(b.gone)
	s.startApart(tab, &b)
}

// reload is the same tab and its storage, with another document.
func (s *sim) reload(p *page) {
	tab, b := p.tab.Duplicate(), s.bookOf(p)
	s.note("%s is %s, reloaded", tab.Name, p.tab.Name)
	s.kill(p)
	s.startApart(tab, b)
}

// leave goes to another page, with this one in the back/forward cache, where a browser keeps no
// page that is at something.
func (s *sim) leave(p *page) {
	p.tab.Leave(true)
	synctest.Wait()
	s.mu.Lock()
	busy := s.busy[p] > 0 || slices.ContainsFunc(s.parked, func(op *operation) bool { return op.tab == p.tab })
	s.mu.Unlock()
	if busy || p.tab.Queues() || len(p.tab.Holds()) > 0 {
		s.saw("a page that is left, and gone")
		s.kill(p)
		s.open()
		return
	}
	s.note("%s is left", p.tab.Name)
	s.saw("a page that is left")
	s.away[p] = true
	s.mu.Lock()
	// A copy that waits for its name gets it now, with what the storage had when it was copied.
	for _, sends := range s.sends {
		for _, send := range sends {
			send.unknown = send.unknown || send.tab == p.tab
		}
	}
	s.frozen[p.tab]++
	s.mu.Unlock()
	p.tab.Freeze()
}

// comeBack goes back to one. Like web/src/runtime.ts it looks before it sends.
func (s *sim) comeBack() {
	away := s.awayPages()
	s.goBack(away[s.rng.IntN(len(away))])
}

// awayPages are those in the back/forward cache, in the order they were opened in.
func (s *sim) awayPages() []*page {
	return slices.DeleteFunc(slices.Clone(s.pages), func(p *page) bool { return !s.away[p] })
}

func (s *sim) goBack(p *page) {
	s.note("%s is gone back to", p.tab.Name)
	s.saw("a page that is gone back to")
	delete(s.away, p)
	// A copy that was made meanwhile has had its name, and may be gone again: nobody knows.
	s.mu.Lock()
	b := s.bookOf(p)
	for _, send := range s.sends[b.refresh] {
		send.unknown = send.unknown || send.tab != p.tab
	}
	s.mu.Unlock()
	p.mu.Lock()
	p.held = make(chan struct{})
	p.mu.Unlock()
	p.tab.Thaw()
	p.tab.Leave(false)
	s.mu.Lock()
	s.busy[p]++
	s.mu.Unlock()
	s.call(p, "look", func() {
		_, _ = p.call("look", "{}")
		p.begun()
	})
}

// nameOf is what a tab goes by: the lock that it has says so.
func (s *sim) nameOf(tab *browsertest.Tab) string {
	for _, lock := range tab.Holds() {
		if name, ok := strings.CutPrefix(lock, simKey+"/tab/"); ok {
			return name
		}
	}
	return tab.Name
}

// obtained is called with each answer.
func (s *sim) obtained(tab *browsertest.Tab, body string) {
	_, rest, _ := strings.Cut(body, `"refresh_token":"`)
	token, _, _ := strings.Cut(rest, `"`)
	s.mu.Lock()
	defer s.mu.Unlock()
	if token != "" && s.owners[token] == "" {
		s.owners[token] = s.nameOf(tab)
	}
}

// rightful holds who sends a refresh token to that. Called with mu held.
func (s *sim) rightful(tab *browsertest.Tab, token string) {
	if name, owner := s.nameOf(tab), s.owners[token]; name != owner {
		s.fail("invariant 1: %s, a copy, sent a refresh token that came to another tab (%s, not %s)", tab.Name, name, owner)
	}
}

// forgone looks whether a tab has left its refresh token to another one, which only a copy
// does. Called with mu held.
func (s *sim) forgone(b *book, session, refresh string) {
	if session == "" || session != b.last || b.refresh == "" || refresh != "" {
		return
	}
	s.saw("a copy that leaves the refresh token")
	if s.nameOf(b.tab) == s.owners[b.refresh] {
		s.fail("invariant 5: %s is no copy, and has left its refresh token to one", b.tab.Name)
	}
}
