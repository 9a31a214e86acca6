package core_test

import (
	"context"
	"flag"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"net/url"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
	"latchkey/core/strictjson"
)

// The simulator runs three tabs of one person, and a server that rotates with
// reuse detection, in a bubble whose only scheduler is a seeded one: it decides
// which operation of which tab happens next, which request and which answer is
// lost, which tab dies, when the clock jumps and what the person does. After
// each step:
//
//  1. no refresh token is sent twice unless the first outcome is unknown;
//  2. no request runs as somebody else than it was made as;
//  3. a session that has ended never comes back, and no generation goes back;
//  4. in the end everybody who waits has been answered, and all tabs agree;
//  5. no session ends none of whose refresh tokens was in doubt.
//
// Every second schedule has an agent in it, and what goes with that (sim_shop_test.go).
// A run is its seed, on one processor and without the race detector: what is ready at
// once inside a tab goes in the order of Go's own scheduler. So a run that is repeated
// has one, and -race is left out:
//
//	go test ./core -run TestSimulation -seed 1234
var (
	seed      = flag.Uint64("seed", 0, "run only the simulation with this seed, and print its story")
	schedules = flag.Uint64("schedules", 2000, "how many simulations to run, with seeds from 1")
	all       = flag.Bool("all", false, "run all of them, whatever is found, and tell no stories")
)

func TestSimulation(t *testing.T) {
	if *seed != 0 {
		oneProcessor(t)
		run(t, *seed, true, nil)
		return
	}
	workers := runtime.GOMAXPROCS(0)
	seen := make([]reached, workers)
	var next atomic.Uint64
	var failed atomic.Bool
	t.Run("worker", func(t *testing.T) {
		for w := range workers {
			seen[w] = reached{}
			t.Run(strconv.Itoa(w), func(t *testing.T) {
				t.Parallel()
				defer func() { failed.Store(failed.Load() || t.Failed()) }()
				for n := next.Add(1); n <= *schedules && (*all || !failed.Load()); n = next.Add(1) {
					if !*all {
						run(t, n, false, seen[w])
						continue
					}
					t.Run(strconv.FormatUint(n, 10), func(t *testing.T) { run(t, n, false, seen[w]) })
				}
			})
		}
	})
	report(t, seen)
}

// oneProcessor has goroutines that are ready at once go in the same order each time.
func oneProcessor(t *testing.T) {
	before := runtime.GOMAXPROCS(1)
	t.Cleanup(func() { runtime.GOMAXPROCS(before) })
}

// TestSimulationIsItsSeed: a failure that can't be repeated is no use.
func TestSimulationIsItsSeed(t *testing.T) {
	if raced {
		t.Skip("the race detector shuffles goroutines; `make test` runs this without it, natively and in WebAssembly")
	}
	oneProcessor(t)
	for n := uint64(1); n <= 50; n++ {
		if a, b := run(t, n, false, nil), run(t, n, false, nil); a != b {
			t.Errorf("seed %d ran in two ways, at %s", n, parting(a, b))
		}
	}
}

// parting is where two stories are no longer the same.
func parting(a, b string) string {
	one, other := strings.Split(a, "\n"), strings.Split(b, "\n")
	for i := range one {
		if i >= len(other) || one[i] != other[i] {
			return strings.Join(slices.Concat(one[max(0, i-8):min(i+3, len(one))], []string{"instead of"}, other[min(i, len(other)):min(i+3, len(other))]), "\n  ")
		}
	}
	return "its end"
}

// untraced leaves the trace out: its steps would take the place of those that matter.
const untraced = `"trace":false,`

const (
	simKey   = "latchkey/1/id/shop/"
	simSteps = 250

	refreshSent   = "send " + issuer + "/token refresh_token "
	refreshAnswer = "answer " + issuer + "/token refresh_token "
)

// operation is one thing a tab is about to do.
type operation struct {
	tab    *browsertest.Tab
	what   string
	resume chan error
}

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
	refused  bool // the server refused before it did anything
}

type sim struct {
	t       *testing.T
	rng     *rand.Rand
	profile *browsertest.Profile
	server  *browsertest.AuthServer

	mu     sync.Mutex
	parked []*operation
	sends  map[string][]*refreshSend
	flying map[flight]*refreshSend
	down   bool

	pages  []*page
	busy   map[*page]int
	dice   map[*browsertest.Tab]uint64
	main   *book
	shop   *shop // nil where nobody but the customer is there
	story  []string
	failed string
	calm   bool
}

// book is what is known of one record.
type book struct {
	key, whose string
	gone       map[string]bool // sessions that have ended
	doubted    map[string]bool // sessions with a refresh token that was sent twice
	last       string          // the session last seen in storage
	refresh    string          // its refresh token
	highest    int64
	changed    int // the step in which another session came
}

func newBook(key, whose string) *book {
	return &book{key: key, whose: whose, gone: map[string]bool{}, doubted: map[string]bool{}}
}

// run runs one. Every second seed's has an agent in it, who is not in those with
// the odd ones.
func run(t *testing.T, seed uint64, tell bool, seen reached) (story string) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &sim{
			t: t, rng: rand.New(rand.NewPCG(seed, 0)), profile: browsertest.NewProfile(),
			sends: map[string][]*refreshSend{}, flying: map[flight]*refreshSend{}, busy: map[*page]int{},
			dice: map[*browsertest.Tab]uint64{}, main: newBook(simKey, ""),
		}
		s.server = browsertest.NewAuthServer(issuer, s.profile.Now)
		s.server.Life = time.Minute
		s.server.Fault = s.fault
		s.profile.Server = s.server.Serve
		s.profile.Step = s.step
		s.profile.Late = true
		s.profile.Random = s.random
		if seed%2 == 0 {
			s.openShop(seen)
		}
		s.play()
		if s.failed != "" && !*all || tell {
			t.Logf("seed %d: %s\n  %s", seed, s.failed, strings.Join(s.story, "\n  "))
		}
		if s.failed != "" {
			t.Errorf("seed %d: %s; run it again with -seed %d, without -race", seed, s.failed, seed)
		}
		story = strings.Join(s.story, "\n")
	})
	return story
}

func (s *sim) note(format string, args ...any) {
	s.story = append(s.story, fmt.Sprintf(format, args...))
}

func (s *sim) fail(format string, args ...any) {
	if s.failed == "" {
		s.failed = fmt.Sprintf(format, args...)
	}
}

// step parks an operation until the scheduler picks it.
func (s *sim) step(ctx context.Context, tab *browsertest.Tab, what string) error {
	op := &operation{tab, what, make(chan error)}
	s.mu.Lock()
	s.parked = append(s.parked, op)
	s.mu.Unlock()
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

func (s *sim) fault(req *browser.Request, form url.Values) (*browser.Response, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.down {
		return browsertest.JSON(503, ""), nil
	}
	return nil, nil
}

// sending is called when a refresh is about to reach the server.
func (s *sim) sending(tab *browsertest.Tab, client, token string) {
	if len(s.sends[token]) > 0 {
		b := s.book(client)
		b.doubted[b.last] = true // a strict server may now end all that came of it
	}
	for _, before := range s.sends[token] {
		unknown := before.tab.Dead() || before.over && !before.answered || before.refused
		if !unknown {
			s.fail("invariant 1: %s sent a refresh token again whose first outcome %s knows or awaits (answered %t, over %t)", tab.Name, before.tab.Name, before.answered, before.over)
		}
	}
	send := &refreshSend{tab: tab, refused: s.down}
	s.sends[token] = append(s.sends[token], send)
	s.flying[flight{tab, client}] = send
}

// answered is called when a tab has, or will never have, an answer.
func (s *sim) answered(tab *browsertest.Tab, what string, ok bool) {
	client, refresh := strings.CutPrefix(what, refreshAnswer)
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.shop != nil {
		s.shop.answered(tab, what, ok)
	}
	if send := s.flying[flight{tab, client}]; refresh && send != nil {
		send.answered, send.over = ok, true
		delete(s.flying, flight{tab, client})
	}
}

// book is the one of the record with a client's tokens in it.
func (s *sim) book(client string) *book {
	if client == agents {
		return s.shop.agent
	}
	return s.main
}

var errLost = browser.ErrNetwork

// play is the whole run.
func (s *sim) play() {
	for range 3 {
		s.open()
	}
	for range simSteps {
		synctest.Wait()
		s.check()
		if s.failed != "" {
			break
		}
		s.move()
	}
	s.settle()
	for _, p := range s.pages {
		p.rt.Close()
		s.kill(p)
	}
	for synctest.Wait(); len(s.parked) > 0; synctest.Wait() {
		s.let(s.parked[0], errLost)
	}
	time.Sleep(time.Minute) // the timers of a tab that is dead never come; what it waits for ends by its deadline
}

// move makes one thing happen.
func (s *sim) move() {
	ops := s.ready()
	if len(ops) > 0 && s.rng.IntN(10) < s.shop.haste(8) {
		s.happen(ops[s.rng.IntN(len(ops))])
		return
	}
	if s.shop != nil {
		s.shop.move()
		return
	}
	p := s.pages[s.rng.IntN(len(s.pages))]
	switch n := s.rng.IntN(100); {
	case n < 40:
		s.request(p)
	case n < 48:
		s.act(p, "refresh", "{}")
	case n < 54:
		s.act(p, "loginWithCredentials", `{"username":"`+[]string{"alice", "bob"}[s.rng.IntN(2)]+`","password":"wonderland"}`)
	case n < 57:
		s.act(p, "logout", "{}")
	case n < 62:
		s.note("the server refuses the access tokens")
		s.server.Expire()
	case n < 66:
		s.kill(p)
		s.open()
	case n < 69:
		d := time.Duration(s.rng.IntN(7200)-1800) * time.Second
		s.note("the clock jumps by %s", d)
		s.profile.Jump(d)
	case n < 72:
		s.mu.Lock()
		s.down = !s.down
		s.mu.Unlock()
		s.note("the server is down: %t", s.down)
	case n < 75:
		s.note("%s comes back to the front", p.tab.Name)
		p.tab.Signal(browser.Resumed)
	default:
		s.pass(time.Duration(s.rng.IntN(15000)) * time.Millisecond)
	}
}

// pass lets time go by. Storage and locks take none, so while one of them is
// about to happen there is none to pass.
func (s *sim) pass(d time.Duration) {
	const slice = 50 * time.Millisecond
	passed := time.Duration(0)
	for ; passed < d && !s.instant(); passed += slice {
		time.Sleep(slice)
		synctest.Wait()
	}
	if passed > 0 {
		s.note("%s pass", passed)
	}
}

// instant tells whether something is about to happen that takes no time.
func (s *sim) instant() bool {
	for _, op := range s.ready() {
		if !strings.HasPrefix(op.what, "send") && !strings.HasPrefix(op.what, "answer") && op.what != "note" {
			return true
		}
	}
	return false
}

// ready lists what may happen, in an order that does not depend on who came
// first.
func (s *sim) ready() []*operation {
	s.mu.Lock()
	defer s.mu.Unlock()
	slices.SortStableFunc(s.parked, func(a, b *operation) int {
		return strings.Compare(a.tab.Name+" "+a.what, b.tab.Name+" "+b.what)
	})
	return slices.Clone(s.parked)
}

// happen lets one operation happen, or lose its way.
func (s *sim) happen(op *operation) {
	var fate error
	kind, _, _ := strings.Cut(op.what, " ")
	lost := map[string]int{"send": 10, "answer": 10, "note": 30}[kind]
	if s.shop != nil && len(s.shop.restoring()) > 0 {
		lost *= 3
	}
	if s.rng.IntN(100) < lost && !s.calm {
		fate = errLost
		s.note("%s: %s is lost", op.tab.Name, op.what)
		s.shop.saw("a lost " + kind)
	} else {
		s.note("%s: %s", op.tab.Name, op.what)
	}
	s.let(op, fate)
}

func (s *sim) let(op *operation, fate error) {
	s.mu.Lock()
	s.parked = slices.DeleteFunc(s.parked, func(o *operation) bool { return o == op })
	s.mu.Unlock()
	if fate == nil && !op.tab.Dead() {
		if client, refresh := strings.CutPrefix(op.what, refreshSent); refresh {
			s.watch(func(form url.Values) { s.sending(op.tab, client, form.Get("refresh_token")) })
		} else if op.what == clientSent {
			s.watch(func(url.Values) { s.shop.sending(op.tab) })
		}
	}
	s.shop.happened(op)
	op.resume <- fate
}

// watch has the next request that reaches the server put down by note: only one
// operation runs at a time.
func (s *sim) watch(note func(url.Values)) {
	s.server.Fault = func(req *browser.Request, form url.Values) (*browser.Response, error) {
		s.server.Fault = s.fault
		s.mu.Lock()
		note(form)
		s.mu.Unlock()
		return s.fault(req, form)
	}
}

func (s *sim) stored(key string) strictjson.Value {
	v, _ := strictjson.Parse(s.profile.Storage().Value(key))
	return v
}

// check holds the invariants against what is stored now.
func (s *sim) check() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.look(s.main)
	if s.shop != nil {
		s.shop.check()
	}
}

// look holds them against one record.
func (s *sim) look(b *book) {
	v := s.stored(b.key)
	if v.Kind() == strictjson.Missing {
		return
	}
	session, ended := v.Get("session").TextOr(""), v.Get("ended").TextOr("")
	generation, _ := v.Get("generation").Int()
	if generation < b.highest {
		s.fail("the %sgeneration went back from %d to %d", b.whose, b.highest, generation)
	}
	b.highest = generation
	if session != b.last {
		b.gone[b.last] = b.last != ""
		if ended == "expired" && !b.doubted[b.last] && !s.shop.mayEnd(b) {
			s.fail("invariant 5: the %ssession ended although none of its refresh tokens was in doubt", b.whose)
		}
		s.note("-- %ssession %q, generation %d, ended %q", b.whose, session, generation, ended)
		s.shop.changed(b, session, ended)
	}
	if b.gone[session] {
		s.fail("invariant 3: a %ssession that had ended is back", b.whose)
	}
	b.last, b.refresh = session, v.Get("tokens").Get("refresh").TextOr("")
}

func (s *sim) open() {
	tab := s.profile.Open(origin + "/")
	s.note("%s opens", tab.Name)
	if s.shop != nil {
		s.shop.open(tab)
		return
	}
	p, err := newPage(tab, s.server, config(untraced))
	if err != nil {
		s.fail("%v", err)
		return
	}
	s.pages = append(s.pages, p)
	s.act(p, "start", "{}")
}

func (s *sim) kill(p *page) {
	s.note("%s dies", p.tab.Name)
	p.tab.Kill()
	s.pages = slices.DeleteFunc(slices.Clone(s.pages), func(o *page) bool { return o == p })
	for _, op := range s.ready() {
		if op.tab == p.tab {
			s.let(op, errLost)
		}
	}
	p.rt.Close()
}

// act has the person do something.
func (s *sim) act(p *page, command, args string) {
	if !s.begin(p) {
		return
	}
	s.note("%s: %s", p.tab.Name, command)
	before, _, _, _ := p.now()
	go func() {
		defer s.end(p)
		_, err := p.call(command, args)
		if command == "logout" && err == nil && before != "" && !p.tab.Dead() {
			s.mu.Lock()
			s.main.gone[before] = true
			s.mu.Unlock()
		}
	}()
}

// request has the app call its API: invariant 2.
func (s *sim) request(p *page) {
	if !s.begin(p) {
		return
	}
	user := p.user()
	made, _, _, _ := p.now()
	s.note("%s: a request as %q", p.tab.Name, user)
	go func() {
		defer s.end(p)
		got, status, err := p.fetch()
		if err == nil && status == 200 && made != "" && got != user && !p.tab.Dead() {
			s.mu.Lock()
			s.fail("invariant 2: a request of %s's ran as %s", user, got)
			s.mu.Unlock()
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

func (s *sim) end(p *page) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.busy[p]--
}

// settle ends the trouble, and waits until everybody has what they wait for:
// invariant 4. Then all tabs agree.
func (s *sim) settle() {
	s.mu.Lock()
	s.calm, s.down = true, false
	s.mu.Unlock()
	for range 2000 {
		synctest.Wait()
		s.check()
		if ops := s.ready(); len(ops) > 0 {
			s.happen(ops[0])
			continue
		}
		if s.idle() {
			break
		}
		s.pass(time.Second)
	}
	if !s.idle() {
		s.fail("invariant 4: somebody still waits")
		return
	}
	for _, p := range s.pages {
		p.tab.Signal(browser.Resumed)
	}
	for quiet := 0; quiet < 5; {
		synctest.Wait()
		if ops := s.ready(); len(ops) > 0 {
			s.happen(ops[0])
			quiet = 0
			continue
		}
		s.pass(time.Second)
		quiet++
	}
	if s.shop != nil {
		s.shop.agree()
		return
	}
	for _, p := range s.pages {
		if session, _, _, _ := p.now(); session != s.stored(simKey).Get("session").TextOr("") {
			s.fail("%s believes in another session than the one stored", p.tab.Name)
		}
	}
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
