package core_test

import (
	"context"
	"encoding/json"
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

var (
	planted     = flag.Bool("planted", false, "see whether the simulator finds each of the planted bugs")
	plantedOnly = flag.String("bug", "", "with -planted: only those whose names have this in them")
)

// plantedBugs are one-line bugs of the coordinator, each with the number of schedules
// within which the simulator has to find it. web/docs/simulator.md has the table.
var plantedBugs = []struct {
	name, file, old, new string
	within               int
}{
	{"the record is not read again under the refresh lock", "session/renew.go",
		"\tk.Reload(send)\n\trec := k.Record()\n", "\trec := k.Record()\n", 500},
	{"an answer is committed over whatever is there by now", "session/renew.go",
		"if now.Past(rec.Stamp, resource) {\n\t\t\t\treturn now, false", "if now.Past(rec.Stamp, resource) && false {\n\t\t\t\treturn now, false", 3000},
	{"a failure is taken for an end", "session/strategy.go",
		"return Outcome{verdict: failed, Err: err}", "return Outcome{verdict: dead, Err: err}", 100},
	{"whoever holds the lock gives no sign of life", "tabs/turn.go",
		"ours := h.held[lock] > 0", "ours := h.held[lock] > 99", 3000},
	{"nobody is told of what was written", "persist/store.go",
		"s.fresh.tell(ctx, next.Generation)", "s.fresh.tell(ctx, 0)", 500},
	{"a tab whose turn is long over still sends", "session/turn.go",
		"Add(inTime)", "Add(1000 * inTime)", 20000},
	{"the end of a session is no new generation", "session/change.go",
		"Stamp: Stamp{Generation: now.Generation + 1}, Ended", "Stamp: Stamp{Generation: now.Generation}, Ended", 500},
	{"a write that is known of is not waited for", "persist/freshness.go",
		"if over || generation >= known {", "if over || generation >= 0 {", 5000},
	{"the write lock is let go of at once", "persist/store.go",
		"\t\tdefer release()\n", "\t\trelease()\n", 500},
	{"what a version to come has written is written over", "persist/store.go",
		"\tif newer {\n", "\tif newer && false {\n", 3000},
	{"a copy of a tab keeps the refresh token", "tabs/copies.go",
		"\t\tleave()\n", "\t\t_ = leave\n", 100},
	{"nobody is told of what happened before the runtime was there", "runtime.go",
		"r.keeper.Announce(r.keeper.Since(shown)...)", "r.keeper.Since(shown)\n\tr.keeper.Announce()", 500},
}

var foundAfter = regexp.MustCompile(`seed \d+, of (\d+) schedules here: (.*)`)

// TestPlanted builds the tests of this package with one bug each, and runs them. One that
// lives says that the simulator has gone blind there.
func TestPlanted(t *testing.T) {
	if !*planted {
		t.Skip("`make planted` runs this; it builds the core once for each bug")
	}
	root, err := filepath.Abs(".")
	require.NoError(t, err)
	for _, bug := range plantedBugs {
		if !strings.Contains(bug.name, *plantedOnly) {
			continue
		}
		t.Run(bug.name, func(t *testing.T) {
			path := filepath.Join(root, filepath.FromSlash(bug.file))
			good, err := os.ReadFile(path)
			require.NoError(t, err)
			require.Equal(t, 1, strings.Count(string(good), bug.old), "%s has changed: plant the bug anew", bug.file)
			dir := t.TempDir()
			bad, binary, overlay := filepath.Join(dir, "bad.go"), filepath.Join(dir, "core.test"), filepath.Join(dir, "overlay.json")
			require.NoError(t, os.WriteFile(bad, []byte(strings.Replace(string(good), bug.old, bug.new, 1)), 0o600))
			text, err := json.Marshal(map[string]any{"Replace": map[string]string{path: bad}})
			require.NoError(t, err)
			require.NoError(t, os.WriteFile(overlay, text, 0o600))
			out, err := exec.CommandContext(t.Context(), "go", "test", "-c", "-overlay", overlay, "-o", binary, ".").CombinedOutput()
			require.NoError(t, err, "%s", out)
			out, err = run(t.Context(), binary, "-test.run=^TestSimulation$", "-test.timeout=0", "-share=0/1", "-shrink=false", fmt.Sprintf("-schedules=%d", bug.within))
			found := foundAfter.FindSubmatch(out)
			if !assert.Error(t, err, "it lives: %d schedules have not found it", bug.within) {
				return
			}
			require.NotNil(t, found, "%s", out)
			n, _ := strconv.Atoi(string(found[1]))
			t.Logf("found after %d schedules, of at most %d: %s", n, bug.within, found[2])
		})
	}
}

func run(ctx context.Context, name string, args ...string) ([]byte, error) {
	return exec.CommandContext(ctx, name, args...).CombinedOutput()
}
