package core_test

import (
	"fmt"
	"strings"
	"time"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
)

// thing is one that may happen, more often than others by its weight.
type thing struct {
	weight int
	do     func(*page)
}

// move makes one thing happen.
func (s *sim) move() {
	ops := s.ready()
	if len(ops) > 0 && s.rng.IntN(10) < s.shop.haste(8) {
		s.happen(ops[s.rng.IntN(len(ops))])
		return
	}
	pages := s.awake()
	if len(pages) == 0 {
		s.trouble(nil)
		return
	}
	p := pages[s.rng.IntN(len(pages))]
	if holder := s.profile.Holder(simKey + "/refresh"); holder != nil && holder.Frozen() && s.rng.IntN(3) == 0 {
		// Others take over, if they want to and there is time.
		if s.shop == nil {
			s.act(p, "refresh", "{}")
		}
		s.pass(6 * time.Second)
		return
	}
	switch {
	case s.rng.IntN(8) == 0:
		s.trouble(p)
	case s.shop != nil:
		s.shop.move(p)
	default:
		s.choose(p, []thing{
			{40, s.request},
			{8, func(p *page) { s.act(p, "refresh", "{}") }},
			{8, func(p *page) {
				s.act(p, "loginWithCredentials", `{"username":"`+[]string{"alice", "bob"}[s.rng.IntN(2)]+`","password":"wonderland"}`)
			}},
			{3, func(p *page) { s.act(p, "logout", "{}") }},
			{4, s.resume},
			{20, func(*page) { s.pass(time.Duration(s.rng.IntN(15000)) * time.Millisecond) }},
		})
	}
}

func (s *sim) choose(p *page, things []thing) {
	all := 0
	for _, t := range things {
		all += t.weight
	}
	if all == 0 {
		return
	}
	n := s.rng.IntN(all)
	for _, t := range things {
		if n -= t.weight; n < 0 {
			t.do(p)
			return
		}
	}
}

// trouble has something go wrong; p is a tab that is not frozen, nil where all are.
func (s *sim) trouble(p *page) {
	may := func(t troubles, weight int) int {
		if s.can(t) {
			return weight
		}
		return 0
	}
	tab := func(t troubles, weight int) int {
		if p == nil {
			return 0
		}
		return may(t, weight)
	}
	frozen := s.frozenPages()
	thaw := 0
	if len(frozen) > 0 {
		thaw = 8
	}
	open := may(mayOpen, 6)
	if len(s.pages) >= 8 {
		open = 0
	}
	copying, back := tab(mayCopy, 12), 0
	if len(s.pages) >= 8 {
		copying = 0
	}
	if len(s.away) > 0 {
		back = 12
	}
	s.choose(p, []thing{
		{may(mayExpire, 8), func(*page) { s.expire() }},
		{tab(mayKill, 6), s.replaceTab},
		{open, func(*page) { s.saw("one tab more"); s.open() }},
		{tab(mayFreeze, 8), s.freeze},
		{thaw, func(*page) { s.thaw(frozen[s.rng.IntN(len(frozen))]) }},
		{may(mayJump, 6), func(*page) { s.jump() }},
		{may(maySleep, 4), func(*page) { s.sleep() }},
		{may(mayFail, 8), func(*page) { s.fall() }},
		{may(mayRevoke, 3), func(*page) { s.revoke() }},
		{tab(mayForge, 4), s.forge},
		{may(mayFill, 10), func(*page) { s.breakStorage("it is full") }},
		{may(mayBlock, 10), func(*page) { s.breakStorage("it is blocked") }},
		{may(mayClear, 6), func(*page) { s.breakStorage("it is cleared") }},
		{may(mayCorrupt, 6), func(*page) { s.breakStorage("the record is rubbish") }},
		{copying, s.copy},
		{tab(mayLeave, 8), s.leave},
		{back, func(*page) { s.comeBack() }},
		{may(mayRenew, 4), func(*page) { s.breakStorage("a version to come has written") }},
		{1, func(*page) { s.pass(time.Duration(s.rng.IntN(15000)) * time.Millisecond) }},
	})
}

// awake are the pages that are not frozen, in the order they were opened in.
func (s *sim) awake() (pages []*page) {
	for _, p := range s.pages {
		if !p.tab.Frozen() {
			pages = append(pages, p)
		}
	}
	return pages
}

func (s *sim) frozenPages() (pages []*page) {
	for _, p := range s.pages {
		if p.tab.Frozen() && !s.away[p] {
			pages = append(pages, p)
		}
	}
	return pages
}

func (s *sim) expire() {
	if s.shop != nil {
		s.shop.expire([]string{"shop/alice", "shop/bob", agents + "/ann", "shop/"}[s.rng.IntN(4)])
		return
	}
	s.note("the server refuses the access tokens")
	s.saw("a refusal")
	s.server.Expire()
}

// revoke has the server end a session by itself.
func (s *sim) revoke() {
	user := []string{"shop/alice", "shop/bob"}[s.rng.IntN(2)]
	s.note("the server ends the sessions of %s", user)
	s.saw("an end by the server")
	owned(user, s.server.RevokeOf)
}

func (s *sim) replaceTab(p *page) {
	if s.plan.apart && s.rng.IntN(2) == 0 {
		s.saw("a reload of a tab with a storage of its own")
		s.reload(p)
		return
	}
	s.saw("a tab's death")
	s.kill(p)
	s.open()
}

// freeze has a tab stand still, but not between its decision to write, or to steal a lock,
// and that: a browser does both in one task.
func (s *sim) freeze(p *page) {
	doing := ""
	if holder := s.profile.Holder(simKey + "/refresh"); holder != nil && s.rng.IntN(4) > 0 {
		for _, other := range s.awake() {
			if other.tab == holder {
				p = other // who refreshes is the one to stop
			}
		}
	}
	s.mu.Lock()
	for _, op := range s.parked {
		switch {
		case op.tab != p.tab:
		case strings.HasPrefix(op.what, "set "), strings.HasPrefix(op.what, "remove "), strings.HasPrefix(op.what, "steal "):
			s.mu.Unlock()
			return
		case strings.HasPrefix(op.what, "send ") && strings.Contains(op.what, " refresh_token "):
			doing = " before it sends a refresh"
		case strings.HasPrefix(op.what, refreshAnswer):
			doing = " before it has the answer to a refresh"
		}
	}
	s.mu.Unlock()
	if doing == "" && s.profile.Holder(simKey+"/refresh") == p.tab {
		doing = " with the refresh lock"
	}
	s.note("%s freezes%s", p.tab.Name, doing)
	s.saw("a tab that freezes" + doing)
	s.mu.Lock()
	s.frozen[p.tab]++
	s.mu.Unlock()
	p.tab.Freeze()
}

func (s *sim) thaw(p *page) {
	s.note("%s thaws", p.tab.Name)
	s.saw("a tab that thaws")
	p.tab.Thaw()
	p.tab.Signal(browser.Resumed)
}

func (s *sim) resume(p *page) {
	s.note("%s comes back to the front", p.tab.Name)
	s.saw("a tab that comes back")
	p.tab.Signal(browser.Resumed)
}

func (s *sim) jump() {
	d := time.Duration(s.rng.IntN(7200)-1800) * time.Second
	if s.rng.IntN(2) == 0 {
		d = time.Duration(s.rng.IntN(120)) * time.Second
	}
	s.note("the clock jumps by %s", d)
	if d < 0 {
		s.saw("a clock that is set back")
	} else {
		s.saw("a clock that is set forward")
	}
	s.shift(d)
}

// sleep is the machine's: the wall clock goes on, timers do not, and all tabs wake up.
func (s *sim) sleep() {
	d := time.Duration(1+s.rng.IntN(10)) * time.Hour
	s.note("the machine sleeps for %s", d)
	s.saw("a sleep of the machine")
	s.shift(d)
	for _, p := range s.awake() {
		p.tab.Signal(browser.Resumed)
	}
}

// shift changes the wall clock. A lease ends by that, whoever has it still.
func (s *sim) shift(d time.Duration) {
	s.profile.Jump(d)
	if s.shop != nil && s.profile.Locking != browsertest.WebLocks {
		s.shop.taken(func(*browsertest.Tab) bool { return true })
	}
}

// fall has the server be out of order, or well again.
func (s *sim) fall() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.outage != "" {
		s.outage = ""
		s.note("the server is well again")
		return
	}
	s.outage = outages[s.rng.IntN(len(outages))]
	s.note("the server is out of order: %s", s.outage)
}

// forge has some script post what it likes.
func (s *sim) forge(p *page) {
	notes := []string{"changed", "held? " + simKey + "/refresh", "held " + simKey + "/refresh", "held? " + simKey + "/write", "", "{}", strings.Repeat("x", 1000)}
	note := notes[s.rng.IntN(len(notes))]
	s.note("%s hears a forged note %.40q", p.tab.Name, note)
	s.saw("a forged note")
	p.tab.Hear(note)
}

// breakStorage has the storage fail, or mends it. What a tab that is there meanwhile knows may be
// nowhere stored, also later, so it is held to less than others. That something is gone all can see.
func (s *sim) breakStorage(how string) {
	area := s.profile.Storage()
	for _, record := range []string{"", "/agent", "/client"} {
		if s.profile.Holder(simKey+record+"/write") != nil {
			return // whoever writes a record has the lock, another version too
		}
	}
	s.note("the storage: %s", how)
	s.saw("a storage: " + how)
	failing := how == "it is full" || how == "it is blocked"
	if failing && s.rng.IntN(3) == 0 {
		area.Fail(nil, nil)
		area.Fill(false)
		s.failing = false
		return
	}
	text := area.Value(simKey)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.failing = s.failing || failing; failing || how == "a version to come has written" || s.locks != browsertest.WebLocks {
		for _, p := range s.pages {
			s.astray[p.tab] = true
		}
	}
	switch how {
	case "it is full":
		area.Fill(true)
	case "it is blocked":
		area.Fail(browser.ErrBlocked, browser.ErrBlocked)
	case "it is cleared":
		area.Clear()
		for _, p := range s.pages {
			s.sawClear[p.tab] = true
		}
		for _, b := range s.books() {
			b.forget()
		}
		s.shop.forgets()
	case "the record is rubbish":
		rubbish := []string{"", "null", "[]", "{}", text[:len(text)/2], strings.Replace(text, `"generation":`, `"generation":-`, 1), strings.Replace(text, `"format":1`, `"format":"1"`, 1)}
		area.Put(simKey, rubbish[s.rng.IntN(len(rubbish))])
		s.planted = area.Value(simKey)
		s.main.forget()
	case "a version to come has written":
		s.newer = fmt.Sprintf(`{"format":2,"what":"nobody here knows","step":%d}`, s.now)
		area.Put(simKey, s.newer)
		s.planted = s.newer
		s.main.forget()
	}
	if how != "a version to come has written" && s.newer != "" && area.Value(simKey) != s.newer {
		s.newer = ""
	}
}
