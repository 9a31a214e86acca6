package persist_test

import (
	"context"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"latchkey/core/browser/browsertest"
	"latchkey/core/persist"
	"latchkey/core/secret"
	"latchkey/core/session"
)

// The first tab knows that there is a generation 3, and stands still while it waits for it.
// Meanwhile there is a generation 4, which it must not write over.
func TestSeed5049ATabThatStoodStillReadsAgain(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		profile := browsertest.NewProfile()
		first, second := profile.Open("https://app.test/"), profile.Open("https://app.test/")
		one, other := storeOf(first), storeOf(second)
		next := func(now session.Record) (session.Record, bool) {
			now.Generation++
			return now, true
		}
		other.Update(t.Context(), next)
		arrive := make(chan struct{})
		defer close(arrive)
		profile.Late = true
		profile.Step = func(ctx context.Context, tab *browsertest.Tab, what string) error {
			if tab == first && what == "deliver" {
				<-arrive
			}
			return ctx.Err()
		}
		other.Update(t.Context(), next)
		done := make(chan session.Record)
		go func() { done <- one.Update(t.Context(), next) }()
		synctest.Wait()
		first.Freeze()
		other.Update(t.Context(), next)
		time.Sleep(3 * time.Second)
		first.Thaw()
		assert.Equal(t, int64(4), (<-done).Generation)
		time.Sleep(5 * time.Second) // until nobody tells of a generation any more
	})
}

// The first tab is frozen while it waits for the write lock, or has it and is about to read.
// The second takes it, and the first comes back just as that one is between its read and its write.
func TestSeed174587WhoStoodStillWithTheWriteLockGetsInLineAgain(t *testing.T) {
	for _, before := range []string{"held", "get key"} {
		synctest.Test(t, func(t *testing.T) {
			profile := browsertest.NewProfile()
			first, second := profile.Open("https://app.test/"), profile.Open("https://app.test/")
			one, other := storeOf(first), storeOf(second)
			profile.Step = func(ctx context.Context, tab *browsertest.Tab, what string) error {
				if tab == first && what == before {
					profile.Step = nil
					tab.Freeze()
				}
				return ctx.Err()
			}
			next := func(now session.Record) (session.Record, bool) {
				now.Generation++
				return now, true
			}
			done := make(chan session.Record)
			go func() { done <- one.Update(t.Context(), next) }()
			synctest.Wait()
			assert.Equal(t, first, profile.Holder("key/write"))
			other.Update(t.Context(), func(now session.Record) (session.Record, bool) {
				first.Thaw()
				synctest.Wait()
				return next(now)
			})
			assert.Equal(t, int64(2), (<-done).Generation, before)
			time.Sleep(5 * time.Second) // until nobody tells of a generation any more
		})
	}
}

func storeOf(tab *browsertest.Tab) *persist.Store {
	b := tab.Browser()
	return persist.New(persist.Options{
		Storage: b.Storage, Locks: b.Locks, Clock: b.Clock, Shared: true, Key: "key", Issuer: "i", Client: "c",
		View: func(session.Record) session.View { return session.View{} },
	})
}

// A machine that sleeps lets an operation's time go by, whatever it is that the
// storage does.
func TestGW10ASleepIsNoStorageThatFails(t *testing.T) {
	for _, slow := range []string{"get ", "set "} {
		synctest.Test(t, func(t *testing.T) {
			profile := browsertest.NewProfile()
			b := profile.Open("https://app.test/").Browser()
			var complaints []error
			store := persist.New(persist.Options{
				Storage: b.Storage, Locks: b.Locks, Clock: b.Clock, Shared: true, Key: "key", Issuer: "i", Client: "c",
				View: func(session.Record) session.View { return session.View{} },
				Warn: func(err error) { complaints = append(complaints, err) },
			})
			once := true
			profile.Step = func(ctx context.Context, _ *browsertest.Tab, what string) error {
				if !once || !strings.HasPrefix(what, slow) {
					return nil
				}
				once = false
				<-ctx.Done()
				return ctx.Err()
			}
			tokens := session.Tokens{Access: secret.New("a"), Type: "Bearer", IssuedAt: time.Now()}
			store.Update(t.Context(), func(session.Record) (session.Record, bool) {
				return session.Record{Stamp: session.Stamp{Session: "s", Generation: 1}, Tokens: tokens}, true
			})
			assert.False(t, once)
			assert.Equal(t, "s", store.Load(t.Context()).Session)
			assert.Contains(t, profile.Storage().Value("key"), `"generation":1`, slow)

			// Nor is a read that its caller gives up.
			once = true
			given, up := context.WithCancel(t.Context())
			up()
			assert.Equal(t, "s", store.Load(given).Session)
			synctest.Wait()
			assert.Empty(t, complaints, slow)
		})
	}
}
