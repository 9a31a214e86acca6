package core_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// shorter looks for less of a schedule that still breaks the same invariant.
func shorter(t *testing.T, p *plan, failed string) *plan {
	return shrink(p, func(with *plan) bool {
		return kindOfFailure(with.run(t, false, nil).failed) == kindOfFailure(failed)
	})
}

// shrink looks for less of a schedule that still does something: fewer kinds of trouble,
// fewer tabs, fewer steps (as in Zeller's delta debugging).
func shrink(p *plan, does func(*plan) bool) *plan {
	tries := 2000
	short := *p
	short.keep = p.numbers()
	try := func(change func(*plan)) bool {
		less := short
		change(&less)
		if tries--; tries > 0 && does(&less) {
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

func TestAFailureIsMadeShort(t *testing.T) {
	p := planOf(7)
	p.tabs, p.steps, p.may = 5, 60, usual|mayFreeze
	short := shrink(p, func(p *plan) bool {
		return slices.Contains(p.numbers(), 7) && slices.Contains(p.numbers(), 42) && p.can(mayFreeze) && p.tabs >= 2
	})
	assert.Equal(t, []int{7, 42}, short.keep)
	assert.Equal(t, mayFreeze, short.may)
	assert.Equal(t, 2, short.tabs)
	assert.Contains(t, short.String(), "-seed 7 -keep 7,42 -tabs 2 -without ")
	for _, numbers := range [][]int{{}, {0}, {3, 4, 5, 9}, {1, 3, 5}} {
		assert.Equal(t, numbers, numbersOf(ranges(numbers)))
	}
}
