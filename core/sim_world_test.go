package core_test

import (
	"context"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"testing/synctest"
	"time"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
	"latchkey/core/strictjson"
)

const (
	simKey = "latchkey/1/id/shop/"

	refreshAnswer = "answer " + issuer + "/token refresh_token "

	// longest is more than a call may take: a turn at the refresh lock, in a line of
	// three, and the exchange itself.
	longest = 60 * time.Second
)

var errLost = browser.ErrNetwork

// operation is one thing a tab is about to do.
type operation struct {
	tab    *browsertest.Tab
	what   string
	resume chan error
}

// instant tells whether it takes no time: what goes over the network does, and notes may
// be late.
func (o *operation) instant() bool {
	return !strings.HasPrefix(o.what, "send") && !strings.HasPrefix(o.what, "answer") && o.what != "note"
}

type sim struct {
	*plan
	rng     *rand.Rand
	source  *rand.PCG
	profile *browsertest.Profile
	server  *browsertest.AuthServer

	seenMu sync.Mutex
	seen   reach

	mu     sync.Mutex
	parked []*operation // in an order that does not depend on who came first
	sends  map[string][]*refreshSend
	flying map[flight]*refreshSend
	outage string
	ahead  time.Duration // the server's clock is
	// sender is the tab whose message reaches the server now.
	sender *browsertest.Tab
	// wake is told where something waits that takes no time.
	wake   chan struct{}
	parsed map[string]*parsed

	pages  []*page
	busy   map[*page]int
	frozen map[*browsertest.Tab]int       // how often each was
	deaf   map[*browsertest.Tab]time.Time // when each has missed a note
	silent map[*browsertest.Tab]bool      // whether one that takes a lock from another might have heard nothing
	dice   map[*browsertest.Tab]uint64
	main   *book
	shop   *shop // nil where nobody but the customer is there
	// own are the books of tabs with a storage of their own, and owners the names under which
	// refresh tokens came; away are the pages in the back/forward cache.
	own    []*book
	kept   *page // the tab in which somebody has signed in before
	owners map[string]string
	away   map[*page]bool
	// leaving are the logouts under way.
	leaving []*goodbye
	now     int // the step
	tell    bool
	story   []string
	failed  string
	calm    bool
	// failing says that the storage takes nothing, or not from this version, and astray are the
	// tabs that were there then: what they know may be nowhere stored.
	failing bool
	astray  map[*browsertest.Tab]bool
	// sawClear are the tabs that were there when the storage was cleared.
	sawClear map[*browsertest.Tab]bool
	// mover is the tab that something has just happened in.
	mover *browsertest.Tab
	// newer is the record that a version to come has left, planted any that no tab has
	// written.
	newer, planted string
}

func (s *sim) note(format string, args ...any) {
	if !s.tell {
		return
	}
	s.story = append(s.story, fmt.Sprintf(format, args...))
	// Those who look again and again are told of twice.
	for k := 1; k <= 8 && 3*k <= len(s.story); k++ {
		end := s.story[len(s.story)-3*k:]
		if slices.Equal(end[:k], end[k:2*k]) && slices.Equal(end[:k], end[2*k:]) {
			s.story = s.story[:len(s.story)-k]
		}
	}
}

// fail is called with mu held, or by the scheduler.
func (s *sim) fail(format string, args ...any) {
	if s.failed == "" {
		s.failed = fmt.Sprintf(format, args...)
	}
}

// step parks an operation until the scheduler picks it.
func (s *sim) step(ctx context.Context, tab *browsertest.Tab, what string) error {
	op := &operation{tab, what, make(chan error)}
	s.mu.Lock()
	// Behind those that are the same.
	at, _ := slices.BinarySearchFunc(s.parked, op, func(have, op *operation) int {
		if order := compare(have, op); order != 0 {
			return order
		}
		return -1
	})
	s.parked = slices.Insert(s.parked, at, op)
	s.decided(tab, what)
	s.mu.Unlock()
	if op.instant() {
		select {
		case s.wake <- struct{}{}:
		default:
		}
	}
	select {
	case err := <-op.resume:
		s.answered(tab, what, err == nil && ctx.Err() == nil)
		return err
	case <-ctx.Done():
		s.mu.Lock()
		s.parked = slices.DeleteFunc(s.parked, func(o *operation) bool { return o == op })
		s.mu.Unlock()
		s.answered(tab, what, false)
		return ctx.Err()
	}
}

func compare(a, b *operation) int {
	if a.tab != b.tab {
		return strings.Compare(a.tab.Name, b.tab.Name)
	}
	return strings.Compare(a.what, b.what)
}

// play is the whole run.
func (s *sim) play() {
	s.start()
	s.before()
	s.ahead = s.skew // whose clock is wrong by more than the tolerance can't sign in
	if s.kept != nil {
		s.reload(s.kept)
	}
	for len(s.pages) < s.tabs {
		s.open()
	}
	for _, s.now = range s.numbers() {
		// Dice of its own, so that a step is what it is whether or not those before it
		// are done.
		s.source.Seed(s.seed*0x9e3779b97f4a7c15, uint64(s.now+1)*0xbf58476d1ce4e5b9)
		synctest.Wait()
		s.check()
		if s.failed != "" {
			break
		}
		s.move()
	}
	if s.failed == "" {
		s.settle()
	}
	for _, p := range s.pages {
		p.rt.Close()
		s.kill(p)
	}
	for synctest.Wait(); len(s.parked) > 0; synctest.Wait() {
		s.let(s.parked[0], errLost)
	}
	time.Sleep(time.Minute)
}

// start counts what the schedule is made of.
func (s *sim) start() {
	switch s.locks {
	case browsertest.NoLocks:
		s.saw("a browser without locks")
	case browsertest.DeafLocks:
		s.saw("a browser whose locks never come")
	}
	switch s.tabs {
	case 1:
		s.saw("one tab")
	case 8:
		s.saw("eight tabs")
	}
	if s.skew != 0 {
		s.saw("a server whose clock is wrong")
	}
}

// before has people sign in, in a tab that is closed again: nothing goes wrong there.
func (s *sim) before() {
	s.profile.Step = nil
	s.open()
	p := s.pages[0]
	s.sender, s.mover = p.tab, p.tab
	synctest.Wait()
	for _, do := range []struct {
		done          bool
		command, args string
	}{
		{s.signed, "loginWithCredentials", `{"username":"alice","password":"wonderland"}`},
		{s.plan.agent, "agentLogin", ann},
		{s.acting, "emulate", `{"userId":"c1"}`},
	} {
		if do.done {
			s.note("%s: %s, some time before", p.tab.Name, do.command)
			s.shop.has(do.command)
			if _, err := p.call(do.command, do.args); err != nil {
				s.fail("%s failed before anything went wrong: %v", do.command, err)
			}
			synctest.Wait()
			s.check()
		}
	}
	if s.plan.apart {
		s.kept = p
	} else {
		s.kill(p)
	}
	time.Sleep(10 * time.Second)
	s.check()
	s.profile.Step = s.step
}

// pass lets time go by. Storage and locks take none, so while one of them is about to
// happen there is none to pass.
func (s *sim) pass(d time.Duration) {
	began := time.Now()
	for left := d; left > 0 && !s.instant(); left = d - time.Since(began) {
		timer := time.NewTimer(left)
		select {
		case <-s.wake:
		case <-timer.C:
		}
		timer.Stop()
		synctest.Wait()
	}
	if passed := time.Since(began); passed > 0 {
		s.note("%s pass", passed)
	}
}

// instant tells whether something is about to happen that takes no time.
func (s *sim) instant() bool {
	return slices.ContainsFunc(s.ready(), (*operation).instant)
}

// ready lists what may happen.
func (s *sim) ready() []*operation {
	s.mu.Lock()
	defer s.mu.Unlock()
	ops := make([]*operation, 0, len(s.parked))
	for _, op := range s.parked {
		if !op.tab.Frozen() || strings.HasPrefix(op.what, "send") { // which is on its way already
			ops = append(ops, op)
		}
	}
	return ops
}

// happen lets one operation happen, or lose its way.
func (s *sim) happen(op *operation) {
	var fate error
	lost := 0
	kind, _, _ := strings.Cut(op.what, " ")
	switch {
	case s.calm || !s.can(mayLose):
	case strings.HasPrefix(op.what, refreshAnswer):
		lost = 25
	case kind == "send" || kind == "answer":
		lost = 10
	case kind == "note":
		lost = 30
	}
	if s.shop != nil && lost > 0 && len(s.shop.restoring()) > 0 {
		lost *= 3
	}
	if s.rng.IntN(100) < lost {
		fate = errLost
		s.note("%s: %s is lost", op.tab.Name, op.what)
		s.saw("a lost " + kind)
		s.deaf[op.tab] = time.Now()
		s.shop.saw("a lost " + kind)
	} else {
		s.note("%s: %s", op.tab.Name, op.what)
	}
	if kind == "note" && fate == nil && s.can(mayForge) && s.rng.IntN(4) == 0 {
		s.note("%s: the note comes twice", op.tab.Name)
		s.saw("a doubled note")
		op.tab.Hear("changed")
	}
	s.let(op, fate)
	if key, read := strings.CutPrefix(op.what, "get "); read && s.locks != browsertest.WebLocks {
		s.together(op.tab, key)
	}
}

// together has a tab that has read a value write it, if that is what it does next: a browser
// does both in one task, and without locks that is all there is.
func (s *sim) together(tab *browsertest.Tab, key string) {
	synctest.Wait()
	for _, op := range s.ready() {
		if op.tab == tab && op.what == "set "+key {
			s.note("%s: %s, at once", tab.Name, op.what)
			s.let(op, nil)
			return
		}
	}
}

func (s *sim) let(op *operation, fate error) {
	s.mu.Lock()
	s.parked = slices.DeleteFunc(s.parked, func(o *operation) bool { return o == op })
	s.sender, s.mover = op.tab, op.tab
	s.mu.Unlock()
	if fate == nil {
		s.happened(op)
	}
	s.shop.happened(op)
	op.resume <- fate
}

// settle ends the trouble, and waits until everybody has what they wait for: invariant 4.
// Then all tabs agree. Some of the frozen stay so for ever.
func (s *sim) settle() {
	s.mu.Lock()
	s.calm, s.outage = true, ""
	s.mu.Unlock()
	s.profile.Storage().Fail(nil, nil)
	s.profile.Storage().Fill(false)
	s.failing = false
	synctest.Wait() // what was let happen last has
	for i, p := range s.frozenPages() {
		if i%2 == 1 {
			s.saw("a tab that stays frozen")
			s.kill(p)
			continue
		}
		s.thaw(p)
	}
	for _, p := range s.awayPages() {
		s.goBack(p)
	}
	for range 20000 {
		synctest.Wait()
		s.check()
		if ops := s.ready(); len(ops) > 0 {
			s.happen(ops[0])
			continue
		}
		if s.idle() {
			break
		}
		s.pass(10 * time.Second)
	}
	if !s.idle() {
		s.fail("invariant 4: somebody still waits")
		return
	}
	for _, p := range s.pages {
		p.tab.Signal(browser.Resumed)
	}
	for quiet, n := false, 0; !quiet; n++ {
		if n > 20000 {
			s.fail("invariant 4: the tabs never come to rest")
			return
		}
		synctest.Wait()
		s.check()
		if ops := s.ready(); len(ops) > 0 {
			s.happen(ops[0])
			continue
		}
		s.pass(5 * time.Second)
		quiet = len(s.ready()) == 0
	}
	if s.newer != "" {
		return
	}
	if s.shop != nil {
		s.shop.agree()
		return
	}
	for _, p := range s.pages {
		if session, _, _, _ := p.now(); !s.astray[p.tab] && session != s.bookOf(p).last {
			s.fail("invariant 4: %s believes in another session than the one stored", p.tab.Name)
		}
	}
}

// random gives each tab its own sequence, so that it does not depend on which
// tab comes first.
func (s *sim) random(tab *browsertest.Tab, p []byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	h := fnv.New64a()
	_, _ = h.Write([]byte(tab.Name))
	for i := range p {
		s.dice[tab] = s.dice[tab]*6364136223846793005 + h.Sum64() | 1
		p[i] = byte(s.dice[tab] >> 56)
	}
	return nil
}

// parsed is what was stored under a key, and what it says.
type parsed struct {
	text  string
	value strictjson.Value
}

// stored is what is stored under a key. Most steps change nothing there.
func (s *sim) stored(key string) strictjson.Value {
	text := s.profile.Storage().Value(key)
	have := s.parsed[key]
	if have == nil || have.text != text {
		v, _ := strictjson.Parse(text)
		have = &parsed{text, v}
		s.parsed[key] = have
	}
	return have.value
}
