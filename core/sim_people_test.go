package core_test

import (
	"slices"
	"time"

	"latchkey/core/browser/browsertest"
)

func (s *sim) open() {
	if s.plan.apart {
		s.openApart()
		return
	}
	tab := s.profile.Open(origin + "/")
	s.note("%s opens", tab.Name)
	s.astray[tab] = s.failing || s.newer != ""
	if s.shop != nil {
		s.shop.open(tab)
		return
	}
	s.openIn(tab, config(untraced))
}

func (s *sim) openIn(tab *browsertest.Tab, config string) {
	p, err := newPage(tab, s.server, config)
	if err != nil {
		s.fail("%v", err)
		return
	}
	s.pages = append(s.pages, p)
	s.act(p, "start", "{}")
}

func (s *sim) kill(p *page) {
	s.note("%s dies", p.tab.Name)
	delete(s.away, p)
	p.tab.Kill()
	s.pages = slices.DeleteFunc(slices.Clone(s.pages), func(o *page) bool { return o == p })
	s.mu.Lock()
	var ops []*operation
	for _, op := range s.parked {
		if op.tab == p.tab {
			ops = append(ops, op)
		}
	}
	s.mu.Unlock()
	for _, op := range ops {
		s.let(op, errLost)
	}
	p.rt.Close()
}

// act has the person do something.
func (s *sim) act(p *page, command, args string) {
	if !s.begin(p) {
		return
	}
	s.note("%s: %s %s", p.tab.Name, command, args)
	s.saw(command)
	before, _, _, _ := p.now()
	out := &goodbye{user: p.user()}
	if command == "logout" {
		s.leaving = append(s.leaving, out)
	}
	s.call(p, command, func() {
		_, err := p.call(command, args)
		s.mu.Lock()
		out.over = true
		s.mu.Unlock()
		if command == "logout" && err == nil && before != "" && !p.tab.Dead() {
			s.mu.Lock()
			if !s.astray[p.tab] {
				s.bookOf(p).gone[before] = true
			}
			s.mu.Unlock()
		}
	})
}

// request has the app call its API: invariant 2.
func (s *sim) request(p *page) {
	if !s.begin(p) {
		return
	}
	user := p.user()
	made, _, _, _ := p.now()
	s.note("%s: a request as %q", p.tab.Name, user)
	s.call(p, "a request", func() {
		got, status, err := p.fetch()
		if err == nil && status == 200 && made != "" && got != user && !p.tab.Dead() {
			s.mu.Lock()
			s.fail("invariant 2: a request of %s's ran as %s", user, got)
			s.mu.Unlock()
		}
	})
}

// call does something that the page waits for: invariant 4. A tab that stands still may
// take any time.
func (s *sim) call(p *page, what string, do func()) {
	began, frozen := time.Now(), s.frozen[p.tab]
	go func() {
		do()
		s.mu.Lock()
		defer s.mu.Unlock()
		s.busy[p]--
		if took := time.Since(began); took > longest && frozen == s.frozen[p.tab] && !p.tab.Dead() {
			s.fail("invariant 4: %s of %s took %s", what, p.tab.Name, took)
		}
	}()
}

// begin says whether p may do one thing more at a time.
func (s *sim) begin(p *page) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.busy[p] > 5 {
		return false
	}
	s.busy[p]++
	return true
}

func (s *sim) idle() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.pages {
		if s.busy[p] > 0 {
			return false
		}
	}
	return true
}
