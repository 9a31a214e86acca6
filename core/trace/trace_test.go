package trace_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
	"latchkey/core/strictjson"
	"latchkey/core/trace"
)

const key = "k/trace"

// open is the log of another tab.
func open(p *browsertest.Profile) *trace.Log {
	b := p.Open("https://app.test/").Browser()
	return trace.New(b.Storage, b.Locks, b.Clock, key)
}

func world(t *testing.T, test func(*testing.T, *browsertest.Profile)) {
	synctest.Test(t, func(t *testing.T) {
		test(t, browsertest.NewProfile())
		time.Sleep(5 * time.Second) // whoever still holds a lock, or waits for one, comes to an end
	})
}

func entry(n int) string { return fmt.Sprintf(`{"n":%d,"tab":"a"}`, n) }

// all are the numbers in a trace.
func all(t *testing.T, l *trace.Log) (numbers []int) {
	t.Helper()
	v, err := strictjson.Parse(l.Entries(context.Background()))
	require.NoError(t, err)
	for _, e := range v.Items() {
		n, _ := e.Get("n").Int()
		numbers = append(numbers, int(n))
	}
	return numbers
}

func TestTheTraceIsOneForAllTabs(t *testing.T) {
	for _, late := range []bool{false, true} {
		world(t, func(t *testing.T, p *browsertest.Profile) {
			p.Late = late
			if late { // each process has a copy, and sees what another wrote 4 ms later
				p.Step = func(_ context.Context, _ *browsertest.Tab, operation string) error {
					if operation == "deliver" {
						time.Sleep(4 * time.Millisecond)
					}
					return nil
				}
			}
			a, b := open(p), open(p)
			var want []int
			for i := range 10 {
				a.Add(entry(2 * i))
				b.Add(entry(2*i + 1))
				want = append(want, 2*i, 2*i+1)
			}
			time.Sleep(time.Second)
			assert.ElementsMatch(t, want, all(t, a))
			assert.Equal(t, all(t, a), all(t, b))
			assert.Equal(t, all(t, a), all(t, open(p)), "and for one that opens later")
		})
	}
}

func TestWhatWasNotWrittenYetIsTold(t *testing.T) {
	world(t, func(t *testing.T, p *browsertest.Profile) {
		l := open(p)
		l.Add(entry(1))
		assert.Equal(t, []int{1}, all(t, l))
		assert.Equal(t, []int{1}, all(t, l), "once")
	})
}

func TestRR08OnlyTheRefreshOfATabThatWasKilledIsLeftWithoutAnOutcome(t *testing.T) {
	world(t, func(t *testing.T, p *browsertest.Profile) {
		l := open(p)
		for i, e := range []string{`"a","what":"sending"`, `"b","what":"sending"`, `"a","what":"renewed"`, `"c","what":"sending"`, `"c","what":"failed"`, `"c","what":"sending"`, `"c","what":"ended"`} {
			l.Add(fmt.Sprintf(`{"n":%d,"tab":%s}`, i, e))
			synctest.Wait()
		}
		assert.Equal(t, []int{1, 2, 4, 6}, all(t, l))
	})
}

func TestTheTraceIsBounded(t *testing.T) {
	world(t, func(t *testing.T, p *browsertest.Profile) {
		l := open(p)
		for i := range 70 {
			l.Add(entry(i))
			synctest.Wait()
		}
		numbers := all(t, l)
		require.Len(t, numbers, 50)
		assert.Equal(t, 69, numbers[49], "the newest stay")
		for i := range 50 {
			l.Add(fmt.Sprintf(`{"n":%d,"tab":"a","long":%q}`, i, strings.Repeat("x", 700)))
		}
		numbers = all(t, l)
		assert.LessOrEqual(t, len(p.Storage().Value(key)), 16<<10+40)
		assert.Greater(t, len(numbers), 20)
		assert.Equal(t, 49, numbers[len(numbers)-1])
	})
}

func TestST04RubbishInTheTraceIsNothing(t *testing.T) {
	world(t, func(t *testing.T, p *browsertest.Profile) {
		for _, rubbish := range []string{
			"", "null", "[]", `{"format":1}`, `{"format":0,"entries":[{}]}`, `{"format":"1","entries":[{}]}`, `{"entries":[{}]}`, `{"format":1,"entries":7}`,
			`{"format":1,"entries":[{}`, `{"format":1,"entries":[{}],"more":"` + strings.Repeat("x", 1<<17) + `"}`,
		} {
			p.Storage().Put(key, rubbish)
			l := open(p)
			assert.Empty(t, all(t, l), rubbish)
			l.Add(entry(2))
			time.Sleep(time.Second)
			assert.Equal(t, []int{2}, all(t, open(p)), rubbish)
		}
	})
}

func TestST07ANewerTraceIsLeftAlone(t *testing.T) {
	world(t, func(t *testing.T, p *browsertest.Profile) {
		const newer = `{"format":2,"entries":"?"}`
		p.Storage().Put(key, newer)
		l := open(p)
		l.Add(entry(1))
		synctest.Wait()
		assert.Equal(t, []int{1}, all(t, l), "what happened here is known here")
		assert.Equal(t, newer, p.Storage().Value(key))
	})
}

func TestST01AStorageThatFailsIsNothingToTell(t *testing.T) {
	world(t, func(t *testing.T, p *browsertest.Profile) {
		p.Storage().Fail(browser.ErrBlocked, browser.ErrQuota)
		l := open(p)
		for i := range 80 {
			l.Add(entry(i))
			synctest.Wait()
		}
		numbers := all(t, l)
		require.Len(t, numbers, 50, "it goes on in memory, and is bounded there")
		assert.Equal(t, 79, numbers[49])
		p.Storage().Fail(nil, nil)
		l.Add(entry(80))
		time.Sleep(time.Second)
		assert.Equal(t, 80, all(t, open(p))[49], "and is written when that works again")
	})
}

func TestALockThatIsNeverFreeIsNoReasonToWait(t *testing.T) {
	world(t, func(t *testing.T, p *browsertest.Profile) {
		frozen := p.Open("https://app.test/").Browser()
		_, err := frozen.Locks.Acquire(context.Background(), key)
		require.NoError(t, err)
		l := open(p)
		before := time.Now()
		l.Add(entry(1))
		assert.Zero(t, time.Since(before), "Add returns at once")
		assert.Equal(t, []int{1}, all(t, l))
		assert.LessOrEqual(t, time.Since(before), 5*time.Second)
	})
}

func TestXS09OnlyWordsThatAreKnownAreKept(t *testing.T) {
	for sentence, kept := range map[string]string{
		"Maximum allowed refresh token reuse exceeded": "maximum … refresh token reuse exceeded",
		"Unknown or invalid refresh token.":            "unknown or invalid refresh token",
		"The refresh token is invalid or expired.":     "the refresh token is invalid or expired",
		"Session not active":                           "session not active",
		"Invalid refresh token: 3f0c9a-at_17":          "invalid refresh",
		"user alice@example.com has been disabled":     "user … has been disabled",
		"The provided authorization grant (e.g., authorization code) or refresh token is invalid, expired, revoked": "the provided authorization grant … authorization … or refresh token is invalid expired revoked",
		"<b>denied</b>": "",
		"":              "",
		"eyJhbGciOiJub25lIn0.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0": "",
		strings.Repeat("token ", 1000):                      strings.TrimSpace(strings.Repeat("token ", 17)),
	} {
		assert.Equal(t, kept, trace.Words(sentence))
	}
	for code, kept := range map[string]string{
		"invalid_grant": "invalid_grant", "CHANNEL_NOT_FOUND": "CHANNEL_NOT_FOUND", "": "", "rt_17": "", "no such token": "",
		"eyJhbGciOiJub25lIn0": "", strings.Repeat("a", 41): "", "<b>": "", "über": "",
	} {
		assert.Equal(t, kept, trace.Word(code))
	}
}
