package core_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
)

// reach counts what happened, by event, and by the mode that a tab was in; "" is all of
// them together.
type reach map[string]map[string]int

func (r reach) add(event, mode string) {
	if r[event] == nil {
		r[event] = map[string]int{}
	}
	r[event][mode]++
}

// saw counts an event.
func (s *sim) saw(event string) {
	if s.seen == nil {
		return
	}
	s.seenMu.Lock()
	defer s.seenMu.Unlock()
	s.seen.add(event, "")
}

// enough schedules get to everything.
const enough = 5000

var modes = []string{"none", "agent", "emulating", "restoring"}

// must are the events that have to be reached. Those of a schedule with agents have to be
// reached in each mode once they are in one.
var must = slices.Concat([]string{
	"start", "refresh", "loginWithCredentials", "logout", "agentLogin", "agentLogout", "emulate", "stopEmulating",
	"a request as user", "a request as client", "a request as agent", "a request as user-or-client",
	agentsOut, customersOut, "a session that goes on", "an end: expired", "an end: user", "an end by the server", "an answer whose turn was taken",
	"a lost send", "a lost answer", "a lost note", "a doubled note", "a forged note",
	"a tab's death", "one tab more", "one tab", "eight tabs", "a tab that comes back", "a tab that thaws", "a tab that stays frozen", "a tab that freezes",
	"a tab that freezes before it sends a refresh", "a tab that freezes before it has the answer to a refresh", "a tab that freezes with the refresh lock",
	"a take-over from a frozen tab", "a take-over from a tab that was not heard",
	"a clock that is set back", "a clock that is set forward", "a sleep of the machine", "a server whose clock is wrong", "a refusal",
	"a storage: it is full", "a storage: it is blocked", "a storage: it is cleared", "a storage: the record is rubbish", "a storage: a version to come has written",
	"a browser without locks", "a browser whose locks never come",
	"a copy of a tab", "a copy of a tab that refreshes", "a copy of a tab that has been left", "a copy that leaves the refresh token",
	"a reload of a tab with a storage of its own", "a page that is left", "a page that is left, and gone", "a page that is gone back to",
}, each("an answer: ", outages...),
	each("a refresh, at a server that is ", string(strict), string(grace), string(same), string(twoPhase)),
	each("a refresh in doubt, at a server that is ", string(strict), string(grace), string(same), string(twoPhase)))

func each(begin string, of ...string) (all []string) {
	for _, one := range of {
		all = append(all, begin+one)
	}
	return all
}

// report fails where the simulator never got to something: it may have gone quiet.
func report(t *testing.T, all []reach) {
	total := reach{}
	for _, r := range all {
		for event, in := range r {
			if total[event] == nil {
				total[event] = map[string]int{}
			}
			for mode, n := range in {
				total[event][mode] += n
			}
		}
	}
	table := fmt.Sprintf("%-70s%10s%10s%10s%10s%10s\n", "", "", modes[0], modes[1], modes[2], modes[3])
	events := slices.Sorted(maps.Keys(total))
	for _, event := range must {
		if len(total[event]) == 0 && *schedules >= enough && !t.Failed() {
			t.Errorf("%d schedules, and never %q", *schedules, event)
		}
	}
	for _, event := range events {
		in := total[event]
		table += fmt.Sprintf("%-70s%10d", event, in[""])
		modal := slices.ContainsFunc(modes, func(mode string) bool { return in[mode] > 0 })
		for _, mode := range modes {
			if !modal {
				break
			}
			table += fmt.Sprintf("%10d", in[mode])
			if in[mode] == 0 && *schedules >= enough && !t.Failed() {
				t.Errorf("%d schedules, and never %q while %s", *schedules, event, mode)
			}
		}
		table += "\n"
	}
	t.Logf("what happened, and in which mode\n%s", table)
}

const toldReach = "reached: "

// tell prints what was reached for whoever has started this share.
func tell(r reach) {
	text, _ := json.Marshal(r)
	fmt.Printf("\n%s%s\n", toldReach, text)
}

// runShares has a process of its own run each share, as one processor for all of a
// bubble's goroutines takes half the time that two do.
func runShares(t *testing.T) []reach {
	n := runtime.NumCPU()
	shares := make([]reach, n)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var group sync.WaitGroup
	for m := range n {
		group.Go(func() {
			args := []string{"-test.run=^TestSimulation$", "-test.timeout=0", fmt.Sprintf("-share=%d/%d", m, n), fmt.Sprintf("-schedules=%d", *schedules), fmt.Sprintf("-from=%d", *from), fmt.Sprintf("-all=%t", *all)}
			out, err := exec.CommandContext(ctx, os.Args[0], args...).Output()
			if err != nil && ctx.Err() == nil {
				t.Errorf("share %d: %v\n%s", m, err, out)
				cancel() // the others need not go on
			}
			for lines := bufio.NewScanner(bytes.NewReader(out)); lines.Scan(); {
				if text, ok := strings.CutPrefix(lines.Text(), toldReach); ok {
					_ = json.Unmarshal([]byte(text), &shares[m])
				}
			}
		})
	}
	group.Wait()
	return shares
}
