package trace_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
	"latchkey/core/errcode"
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

func step(tab, what string, generation int64) trace.Entry {
	return trace.Entry{At: time.Now(), Tab: tab, What: what, Generation: generation}
}

// list is what all of them say, in short.
func list(all []trace.Entry) (short string) {
	for _, e := range all {
		short += strings.Join(strings.Fields(fmt.Sprintf("%s %s %s %d", e.Tab, e.What, e.Trigger, e.Generation)), " ") + ", "
	}
	return strings.TrimSuffix(short, ", ")
}

func TestTheTraceIsOneForAllTabs(t *testing.T) {
	world(t, func(t *testing.T, p *browsertest.Profile) {
		a, b := open(p), open(p)
		for i := range int64(10) {
			a.Add(step("a", "began", 2*i))
			b.Add(step("b", "began", 2*i+1))
			synctest.Wait()
			time.Sleep(30 * time.Millisecond)
		}
		all := a.Entries(context.Background())
		assert.Len(t, all, 20)
		assert.Equal(t, all, b.Entries(context.Background()))
		assert.Equal(t, all, open(p).Entries(context.Background()), "and for one that opens later")
	})
}

func TestWhatWasNotWrittenYetIsTold(t *testing.T) {
	world(t, func(t *testing.T, p *browsertest.Profile) {
		l := open(p)
		l.Add(step("a", "began", 1))
		assert.Len(t, l.Entries(context.Background()), 1)
	})
}

func TestTheOutcomeTakesThePlaceOfTheBeginning(t *testing.T) {
	world(t, func(t *testing.T, p *browsertest.Profile) {
		l := open(p)
		due := step("a", "sending", 1)
		due.Trigger = "due"
		ended := step("a", "ended", 9)
		ended.Reason = "expired"
		out := step("a", "ended", 10)
		out.Reason = "user"
		for _, e := range []trace.Entry{
			due, step("b", "sending", 1), step("a", "renewed", 2),
			due, step("a", "failed", 2), due, step("a", "late", 3),
			step("c", "sending", 3), // it was killed
			due, ended, due, out,
		} {
			l.Add(e)
		}
		assert.Equal(t, "b sending 1, a renewed due 2, a failed due 2, a late due 3, c sending 3, a ended due 9, a sending due 1, a ended 10",
			list(l.Entries(context.Background())))
	})
}

func TestAnEndThatSeveralTabsNoticeIsOne(t *testing.T) {
	world(t, func(t *testing.T, p *browsertest.Profile) {
		for _, tab := range []string{"a", "b", "c"} {
			e := step(tab, "ended", 7)
			e.Trigger = "cleared"
			open(p).Add(e)
			time.Sleep(time.Second)
		}
		assert.Equal(t, "a ended cleared 7", list(open(p).Entries(context.Background())))
	})
}

func TestTheTraceIsBounded(t *testing.T) {
	world(t, func(t *testing.T, p *browsertest.Profile) {
		l := open(p)
		for i := range int64(70) {
			l.Add(step("a", "began", i))
		}
		all := l.Entries(context.Background())
		require.Len(t, all, 50)
		assert.Equal(t, int64(69), all[49].Generation, "the newest stay")

		long := strings.Repeat("the refresh token has been revoked ", 20)
		for i := range int64(50) {
			e := step("12345678", "ended", 1<<50+i).Failed(&errcode.Error{Code: errcode.SessionExpired, OAuth: &errcode.OAuth{Error: strings.Repeat("x", 40), Description: long}})
			e.As, e.Trigger, e.Reason = strings.Repeat("a", 40), strings.Repeat("t", 40), strings.Repeat("r", 40)
			l.Add(e)
		}
		all = l.Entries(context.Background())
		assert.LessOrEqual(t, len(p.Storage().Value(key)), 16<<10+64)
		assert.Greater(t, len(all), 20)
		assert.Equal(t, int64(1<<50+49), all[len(all)-1].Generation)
	})
}

func TestST04RubbishInTheTraceIsNothing(t *testing.T) {
	world(t, func(t *testing.T, p *browsertest.Profile) {
		entry := `{"at":1,"tab":"a","what":"began","generation":1}`
		for _, rubbish := range []string{
			"", "null", "[]", `{"format":1}`, `{"format":0,"entries":[` + entry + `]}`, `{"format":"1","entries":[]}`, `{"entries":[` + entry + `]}`,
			`{"format":1,"entries":[7,null,{},{"at":"x","what":"began"},{"at":1,"what":""},{"at":1,"what":"be gan"},{"at":1,"what":"began","generation":-1}]}`,
			`{"format":1,"entries":[` + entry, strings.Repeat(" ", 1<<20) + `{"format":1,"entries":[` + entry + `]}`,
		} {
			p.Storage().Put(key, rubbish)
			l := open(p)
			assert.Empty(t, l.Entries(context.Background()), rubbish)
			l.Add(step("b", "began", 2))
			synctest.Wait()
			time.Sleep(time.Second)
			assert.Equal(t, "b began 2", list(open(p).Entries(context.Background())), rubbish)
		}
	})
}

func TestST07ANewerTraceIsLeftAlone(t *testing.T) {
	world(t, func(t *testing.T, p *browsertest.Profile) {
		const newer = `{"format":2,"entries":"?"}`
		p.Storage().Put(key, newer)
		l := open(p)
		l.Add(step("a", "began", 1))
		synctest.Wait()
		assert.Equal(t, "a began 1", list(l.Entries(context.Background())), "what happened here is known here")
		assert.Equal(t, newer, p.Storage().Value(key))
	})
}

func TestST01AStorageThatFailsIsNothingToTell(t *testing.T) {
	world(t, func(t *testing.T, p *browsertest.Profile) {
		p.Storage().Fail(browser.ErrBlocked, browser.ErrQuota)
		l := open(p)
		for i := range int64(80) {
			l.Add(step("a", "began", i))
			synctest.Wait()
		}
		all := l.Entries(context.Background())
		require.Len(t, all, 50, "it goes on in memory, and is bounded there")
		assert.Equal(t, int64(79), all[49].Generation)
		p.Storage().Fail(nil, nil)
		l.Add(step("a", "ended", 80))
		synctest.Wait()
		time.Sleep(time.Second)
		assert.Equal(t, int64(80), open(p).Entries(context.Background())[49].Generation, "and is written when that works again")
	})
}

func TestALockThatIsNeverFreeIsNoReasonToWait(t *testing.T) {
	world(t, func(t *testing.T, p *browsertest.Profile) {
		frozen := p.Open("https://app.test/").Browser()
		_, err := frozen.Locks.Acquire(context.Background(), key)
		require.NoError(t, err)
		l := open(p)
		before := time.Now()
		l.Add(step("a", "began", 1))
		assert.Zero(t, time.Since(before), "Add returns at once")
		assert.Equal(t, "a began 1", list(l.Entries(context.Background())))
		assert.LessOrEqual(t, time.Since(before), 5*time.Second)
	})
}

func TestXS09OnlyWordsThatAreKnownAreKept(t *testing.T) {
	tests := []struct{ name, code, sentence, kept, words string }{
		{"Keycloak's", "invalid_grant", "Maximum allowed refresh token reuse exceeded", "invalid_grant", "maximum … refresh token reuse exceeded"},
		{"Auth0's", "invalid_grant", "Unknown or invalid refresh token.", "invalid_grant", "unknown or invalid refresh token"},
		{"Okta's", "invalid_grant", "The refresh token is invalid or expired.", "invalid_grant", "the refresh token is invalid or expired"},
		{"Spring's has the token in it", "invalid_token", "Invalid refresh token (expired): 3f0c9a-at_17", "invalid_token", "invalid refresh token expired"},
		{"a user's name", "invalid_grant", "user alice@example.com has been disabled", "invalid_grant", "user … has been disabled"},
		{"no sentence", "invalid_client", "", "invalid_client", ""},
		{"a token for a code", "rt_17", "the token", "", ""},
		{"a long one", "eyJhbGciOiJub25lIn0eyJhbGciOiJub25lIn0eyJ", "", "", ""},
		{"a sentence for a code", "no such token", "", "", ""},
		{"markup", "access_denied", "<b>denied</b>", "access_denied", ""},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			e := step("a", "ended", 1).Failed(&errcode.Error{Code: errcode.ServerError, OAuth: &errcode.OAuth{Error: tt.code, Description: tt.sentence, URI: "https://id.test/?token=rt_1"}})
			if tt.kept == "" {
				assert.Nil(t, e.OAuth)
				return
			}
			assert.Equal(t, &errcode.OAuth{Error: tt.kept, Description: tt.words}, e.OAuth)
		})
	}
	assert.Equal(t, errcode.RuntimeFailed, step("a", "failed", 1).Failed(errors.New("at_1")).Code, "an error that nobody has typed has a code, and no text")
}

// What comes back from storage is a stranger's.
func TestST08AnEntryIsCutWhenItIsRead(t *testing.T) {
	v, err := strictjson.Parse(`{"at":5,"tab":"<img src=x>","as":"rt 17","what":"ended","trigger":"at_1","reason":"eyJ0","error":"<b>",
		"oauth":{"error":"invalid_grant","error_description":"token at_1 of alice expired","more":"x"},"generation":3,"password":"wonderland"}`)
	require.NoError(t, err)
	e, ok := trace.Parse(v)
	require.True(t, ok)
	assert.JSONEq(t, `{"at":5,"tab":"","what":"ended","oauth":{"error":"invalid_grant","error_description":"token … of … expired"},"generation":3}`, e.JSON())
}

func FuzzParse(f *testing.F) {
	f.Add(`{"at":1,"tab":"a","what":"ended","trigger":"due","reason":"expired","error":"server_error","oauth":{"error":"invalid_grant","error_description":"the token"},"generation":3}`)
	f.Fuzz(func(t *testing.T, text string) {
		v, err := strictjson.Parse(text)
		if err != nil {
			return
		}
		e, ok := trace.Parse(v)
		if !ok {
			return
		}
		written, err := strictjson.Parse(e.JSON())
		require.NoError(t, err)
		again, ok := trace.Parse(written)
		assert.True(t, ok)
		assert.Equal(t, e.JSON(), again.JSON(), "what is accepted can be written back")
		assert.Less(t, len(e.JSON()), 700)
	})
}
