package core_test

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
	"strings"
	"time"

	"latchkey/core/browser/browsertest"
)

var (
	keepSteps = flag.String("keep", "", "with -seed: the steps that are done, as in 3-7,12; all where it is empty")
	keepTabs  = flag.Int("tabs", 0, "with -seed: how many tabs there are at first")
	without   = flag.String("without", "", "with -seed: what does not happen, as in freeze,kill")
)

// plan is what a schedule starts from. All of it comes from the seed, unless less of it
// will do to tell a failure's story.
type plan struct {
	seed   uint64
	shop   bool // with agents
	apart  bool // each tab has a storage of its own, and copies are made of them
	signed bool // somebody is signed in
	// agent is there, and acts for a customer or not.
	agent, acting bool
	tabs          int
	server        serverKind
	late          bool          // storage is seen late by other tabs
	skew          time.Duration // the server's clock is ahead
	locks         browsertest.Locking
	may           troubles
	// keep are the steps that are done; each has dice of its own, so that it is the same
	// without those before it.
	steps int
	keep  []int
}

// serverKind is what a server makes of a refresh token that comes again.
type serverKind string

const (
	strict   serverKind = "strict"    // it ends the session
	grace    serverKind = "grace"     // for 10 s it brings other tokens
	same     serverKind = "same"      // for 10 s it brings those that it has brought
	twoPhase serverKind = "two-phase" // it goes on until one that it has brought is used
)

func (k serverKind) set(s *browsertest.AuthServer) {
	if k == grace || k == same {
		s.Grace, s.SameAgain = 10*time.Second, k == same
	}
	s.TwoPhase = k == twoPhase
}

// troubles are what may happen, beside what the person does.
type troubles uint32

const (
	mayLose    troubles = 1 << iota // messages
	mayKill                         // tabs
	mayFreeze                       // tabs, for a while or for ever
	mayOpen                         // more tabs
	mayJump                         // the wall clock, either way
	maySleep                        // the machine
	mayFail                         // the server
	mayExpire                       // access tokens, at the API
	mayRevoke                       // sessions, at the server
	mayForge                        // notes between tabs, and doubles of them
	mayFill                         // the storage
	mayBlock                        // the storage
	mayClear                        // the storage
	mayCorrupt                      // the record
	mayRenew                        // the record, by a version to come
	mayCopy                         // tabs, where each has a storage of its own
	mayLeave                        // pages, for the back/forward cache
)

var troubleNames = []string{"lose", "kill", "freeze", "open", "jump", "sleep", "fail", "expire", "revoke", "forge", "fill", "block", "clear", "corrupt", "newer", "copy", "leave"}

const usual = mayLose | mayKill | mayJump | mayFail | mayExpire

// planOf is the schedule of a seed. Every second one has an agent in it, who is not in
// those with the odd ones.
func planOf(seed uint64) *plan {
	rng := rand.New(rand.NewPCG(seed, 1<<40))
	one := func(of ...int) int { return of[rng.IntN(len(of))] }
	p := &plan{seed: seed, shop: seed%2 == 0, may: usual, late: rng.IntN(4) > 0}
	p.tabs = one(1, 2, 2, 2, 3, 3, 3, 3, 4, 8)
	if p.tabs == 8 {
		p.tabs = one(5, 6, 7, 8)
	}
	p.server = []serverKind{strict, strict, strict, grace, same, twoPhase}[rng.IntN(6)]
	p.signed = rng.IntN(8) > 0
	p.agent = p.shop && rng.IntN(2) == 0
	p.acting = p.agent && rng.IntN(2) == 0
	p.steps = one(30, 40, 50, 60, 70)
	if rng.IntN(40) == 0 {
		p.steps = 300
	}
	if rng.IntN(6) == 0 {
		p.skew = time.Duration(one(-60, -5, 5, 60)) * time.Minute
	}
	switch rng.IntN(40) {
	case 0, 1:
		p.locks = browsertest.NoLocks
	case 2:
		p.locks = browsertest.DeafLocks
	}
	if p.locks != browsertest.WebLocks {
		p.late = false // nothing makes up for it there
	}
	for _, more := range []troubles{mayFreeze, mayOpen, maySleep, mayRevoke, mayForge} {
		if rng.IntN(3) == 0 {
			p.may |= more
		}
	}
	if rng.IntN(6) == 0 {
		p.may |= []troubles{mayFill, mayBlock, mayClear, mayCorrupt, mayRenew}[rng.IntN(5)]
	}
	// A schedule without something sees more of what is left.
	for _, less := range []troubles{mayLose, mayKill, mayJump, mayFail, mayExpire} {
		if rng.IntN(8) == 0 {
			p.may &^= less
		}
	}
	if p.apart = !p.shop && rng.IntN(4) == 0; p.apart {
		// What a storage does, and browsers without locks, are for the others.
		p.may &^= mayFill | mayBlock | mayClear | mayCorrupt | mayRenew
		p.may |= mayCopy
		if rng.IntN(2) == 0 {
			p.may |= mayLeave
		}
		p.locks, p.late = browsertest.WebLocks, false
	}
	return p
}

// can tells whether one of these may happen.
func (p *plan) can(t troubles) bool { return p.may&t != 0 }

// numbers are the steps that are done.
func (p *plan) numbers() []int {
	if p.keep != nil {
		return p.keep
	}
	all := make([]int, p.steps)
	for i := range all {
		all[i] = i
	}
	return all
}

// String is what runs the schedule again.
func (p *plan) String() string {
	full := planOf(p.seed)
	text := fmt.Sprintf("-seed %d", p.seed)
	if p.keep != nil {
		text += " -keep " + ranges(p.keep)
	}
	if p.tabs != full.tabs {
		text += fmt.Sprintf(" -tabs %d", p.tabs)
	}
	var gone []string
	for i, name := range troubleNames {
		if (full.may&^p.may)>>i&1 == 1 {
			gone = append(gone, name)
		}
	}
	if gone != nil {
		text += " -without " + strings.Join(gone, ",")
	}
	return text
}

// replayed is the schedule that the flags name.
func replayed() *plan {
	p := planOf(*seed)
	if *keepSteps != "" {
		p.keep = numbersOf(*keepSteps)
	}
	if *keepTabs != 0 {
		p.tabs = *keepTabs
	}
	for _, name := range strings.Split(*without, ",") {
		if i := slices.Index(troubleNames, name); i >= 0 {
			p.may &^= 1 << i
		}
	}
	return p
}

// ranges writes numbers in their order, as in 3-7,12.
func ranges(numbers []int) string {
	if len(numbers) == 0 {
		return "none"
	}
	var parts []string
	for i := 0; i < len(numbers); {
		j := i
		for j+1 < len(numbers) && numbers[j+1] == numbers[j]+1 {
			j++
		}
		part := strconv.Itoa(numbers[i])
		if j > i {
			part += "-" + strconv.Itoa(numbers[j])
		}
		parts = append(parts, part)
		i = j + 1
	}
	return strings.Join(parts, ",")
}

func numbersOf(text string) []int {
	numbers := []int{}
	for _, part := range strings.Split(text, ",") {
		first, last, more := strings.Cut(part, "-")
		a, err := strconv.Atoi(first)
		if err != nil {
			continue
		}
		b := a
		if more {
			b, _ = strconv.Atoi(last)
		}
		for ; a <= b; a++ {
			numbers = append(numbers, a)
		}
	}
	return numbers
}
