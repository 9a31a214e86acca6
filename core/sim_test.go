package core_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"runtime"
	"runtime/debug"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"latchkey/core/browser/browsertest"
)

// The simulator (RR-52) runs the tabs of one person, and a server, in a bubble whose only
// scheduler is a seeded one: it decides which operation of which tab happens next, which
// message is lost, late or doubled, which tab dies or freezes, what becomes of the
// storage, of the locks and of the server, when the clock jumps and what the person does.
// After each step:
//
//  1. no refresh token is sent twice unless the first outcome is unknown;
//  2. no request runs as somebody else than it was made as;
//  3. a session that has ended never comes back, and no generation goes back;
//  4. every call ends in time; in the end everybody who waits has been answered, and all
//     tabs agree;
//  5. no session ends unless the server has ended it, or a logout was asked for where it
//     was shown: nothing that passes is an end;
//  6. what is stored can be read by this version, and by any other that knows format 1.
//
// Every second schedule has an agent in it, and what goes with that (sim_shop_test.go); in
// every eighth each tab has a storage of its own, and there are copies (sim_copies_test.go).
// What a schedule starts from is in sim_plan_test.go, what may happen in it in
// sim_moves_test.go, the invariants are in sim_books_test.go; sim_reach_test.go fails
// where something is never reached, and sim_shrink_test.go makes a short story of a failure.
//
// A run is its seed, on one processor and without the race detector: what is ready at
// once inside a tab goes in the order of Go's own scheduler. A run that is repeated has one:
//
//	go test ./core -run 'TestSimulation$' -seed 1234
var (
	seed      = flag.Uint64("seed", 0, "run only the simulation with this seed, and print its story")
	schedules = flag.Uint64("schedules", 300, "how many simulations to run, with seeds from -from")
	from      = flag.Uint64("from", 1, "the first seed")
	all       = flag.Bool("all", false, "run all of them, whatever is found, and only list the seeds")
	shrinking = flag.Bool("shrink", true, "make a short story of a failure")
	share     = flag.String("share", "", "run every n-th seed: m/n; what was reached is printed for whoever adds the shares up")
)

func TestSimulation(t *testing.T) {
	switch {
	case *seed != 0:
		oneProcessor(t)
		p := replayed()
		if o := p.run(t, true, nil); o.failed != "" {
			t.Errorf("%s: %s\n  %s", p, o.failed, o.story)
		} else {
			t.Logf("%s\n  %s", p, o.story)
		}
	case *share != "":
		oneProcessor(t)
		var m, n uint64
		_, _ = fmt.Sscanf(*share, "%d/%d", &m, &n)
		tell(runAll(t, *from+m, n))
	case raced || runtime.GOOS == "js" || runtime.NumCPU() == 1:
		seen := make([]reach, runtime.GOMAXPROCS(0))
		var next atomic.Uint64
		t.Run("worker", func(t *testing.T) {
			for w := range seen {
				t.Run(fmt.Sprint(w), func(t *testing.T) {
					t.Parallel()
					seen[w] = runAll(t, *from+next.Add(1)-1, uint64(len(seen)))
				})
			}
		})
		report(t, seen)
	default:
		report(t, runShares(t))
	}
}

// untraced leaves the trace out: its steps would take the place of those that matter.
const untraced = `"trace":false,`

// runAll runs every n-th schedule from one on, until one fails.
func runAll(t *testing.T, first, n uint64) reach {
	seen := reach{}
	for i := first; i < *from+*schedules; i += n {
		p := planOf(i)
		o := p.run(t, false, seen)
		switch {
		case o.failed == "":
			continue
		case *all:
			t.Errorf("seed %d: %s", i, o.failed)
			continue
		}
		if !*shrinking {
			t.Errorf("seed %d, of %d schedules here: %s", i, (i-first)/n+1, o.failed)
			break
		}
		short := shorter(t, p, o.failed)
		told := short.run(t, true, nil)
		t.Errorf("seed %d, of %d schedules here: %s\nshort: %s\n  %s\nrun it again: go test ./core -run 'TestSimulation$' %s",
			i, (i-first)/n+1, o.failed, told.failed, told.story, short)
		break
	}
	return seen
}

// oneProcessor has goroutines that are ready at once go in the same order each time.
func oneProcessor(t *testing.T) {
	before := runtime.GOMAXPROCS(1)
	gc := debug.SetGCPercent(400)
	t.Cleanup(func() { runtime.GOMAXPROCS(before); debug.SetGCPercent(gc) })
}

// TestSimulationIsItsSeed: a failure that can't be repeated is no use.
func TestSimulationIsItsSeed(t *testing.T) {
	if raced {
		t.Skip("the race detector shuffles goroutines; `make test` runs this without it, natively and in WebAssembly")
	}
	oneProcessor(t)
	for n := uint64(1); n <= 60; n++ {
		if a, b := planOf(n).run(t, true, nil), planOf(n).run(t, true, nil); a != b {
			t.Errorf("seed %d ran in two ways, at %s", n, parting(a.story, b.story))
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

// outcome is what came of a schedule: failed is "" where all invariants held.
type outcome struct{ failed, story string }

// run runs the schedule, in a bubble of its own.
func (p *plan) run(t *testing.T, tell bool, seen reach) (o outcome) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := newSim(p, tell, seen)
		s.play()
		o = outcome{s.failed, strings.Join(s.story, "\n  ")}
	})
	return o
}

func newSim(p *plan, tell bool, seen reach) *sim {
	s := &sim{
		plan: p, tell: tell, seen: seen, profile: browsertest.NewProfile(), wake: make(chan struct{}, 1),
		sends: map[string][]*refreshSend{}, flying: map[flight]*refreshSend{}, busy: map[*page]int{}, frozen: map[*browsertest.Tab]int{},
		deaf: map[*browsertest.Tab]time.Time{}, dice: map[*browsertest.Tab]uint64{}, parsed: map[string]*parsed{},
		astray: map[*browsertest.Tab]bool{}, sawClear: map[*browsertest.Tab]bool{}, silent: map[*browsertest.Tab]bool{}, owners: map[string]string{}, away: map[*page]bool{},
	}
	s.main = newBook(s.profile.Storage(), simKey, "")
	s.source = rand.NewPCG(p.seed, 0)
	s.rng = rand.New(s.source)
	s.server = browsertest.NewAuthServer(issuer, func() time.Time { return s.profile.Now().Add(s.ahead) })
	s.server.Life = time.Minute
	p.server.set(s.server)
	s.profile.Server = s.serve
	s.profile.Step = s.step
	s.profile.Late = p.late
	s.profile.Locking = p.locks
	s.profile.Random = s.random
	if p.shop {
		s.openShop()
	}
	return s
}
