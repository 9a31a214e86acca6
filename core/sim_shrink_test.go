package core_test

import (
	"slices"
	"strings"
	"testing"
)

// shrink looks for less of a schedule that still breaks the same invariant: fewer kinds of
// trouble, fewer tabs, fewer steps (as in Zeller's delta debugging).
func shrink(t *testing.T, p *plan, failed string) *plan {
	tries := 2000
	breaks := func(with *plan) bool {
		tries--
		return tries > 0 && kindOfFailure(with.run(t, false, nil).failed) == kindOfFailure(failed)
	}
	short := *p
	short.keep = p.numbers()
	try := func(change func(*plan)) bool {
		less := short
		change(&less)
		if breaks(&less) {
			short = less
			return true
		}
		return false
	}
	steps := func() {
		for part := max(1, len(short.keep)/2); ; part /= 2 {
			for at := 0; at < len(short.keep); {
				end := min(at+part, len(short.keep))
				if !try(func(p *plan) { p.keep = slices.Delete(slices.Clone(p.keep), at, end) }) {
					at = end
				}
			}
			if part <= 1 {
				break
			}
		}
	}
	for before := -1; before != len(short.keep) && tries > 0; {
		before = len(short.keep)
		steps()
		for i := range troubleNames {
			if short.may>>i&1 == 1 {
				try(func(p *plan) { p.may &^= 1 << i })
			}
		}
		for n := 1; n < short.tabs; n++ {
			if try(func(p *plan) { p.tabs = n }) {
				break
			}
		}
	}
	return &short
}

// kindOfFailure is what two failures have in common that are the same.
func kindOfFailure(failed string) string {
	kind, _, _ := strings.Cut(failed, ":")
	return kind
}
