package persist_test

import (
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/browser/browsertest"
	"latchkey/core/errcode"
	"latchkey/core/oauth"
	"latchkey/core/persist"
	"latchkey/core/secret"
)

func transaction(state string, began time.Time) oauth.Transaction {
	return oauth.Transaction{State: secret.New(state), Nonce: secret.New("n"), Verifier: secret.New("v"), Began: began}
}

// take redeems a state, and tells whether it was good.
func take(t *testing.T, p *persist.Pending, state string) (ok bool) {
	_, _, _ = p.Redeem(t.Context(), state, func(oauth.Transaction) (string, error) { ok = true; return "/", nil })
	return ok
}

func open(profile *browsertest.Profile) *persist.Pending {
	b := profile.Open("https://app.test/").Browser()
	return persist.NewPending(b.Pending, b.Locks, b.Clock, "key")
}

func TestOA04TwoTabsKeepTheirOwnTransactions(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		profile := browsertest.NewProfile()
		a, b := open(profile), open(profile)
		require.NoError(t, a.Add(t.Context(), transaction("a", profile.Now())))
		require.NoError(t, b.Add(t.Context(), transaction("b", profile.Now())))
		assert.True(t, take(t, b, "a"), "OA-05: any tab may finish it")
		assert.False(t, take(t, a, "a"), "a state is good once")
		assert.True(t, take(t, a, "b"))
		profile.Jump(10 * time.Minute)
		assert.Empty(t, a.TakePage(t.Context()))
		assert.Empty(t, profile.Storage().All(), "nothing is left")
	})
}

func TestOA06TransactionsAreFewAndEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		profile := browsertest.NewProfile()
		p := open(profile)
		for n := range 21 {
			if n%10 == 9 {
				profile.Jump(time.Minute) // more within one would be a circle
			}
			require.NoError(t, p.Add(t.Context(), transaction(fmt.Sprint("s", n), profile.Now())))
		}
		assert.False(t, take(t, p, "s0"), "the oldest of 21 is forgotten")
		assert.True(t, take(t, p, "s1"))
		profile.Jump(8*time.Minute - time.Nanosecond)
		assert.True(t, take(t, p, "s2"), "just in time")
		profile.Jump(time.Millisecond)
		assert.False(t, take(t, p, "s3"), "too late")
	})
}

func TestOA09StatesThatNameMembersOfAnObject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(browsertest.NewProfile())
		for _, state := range []string{"__proto__", "constructor", "toString", ""} {
			assert.False(t, take(t, p, state), state)
		}
	})
}

func TestPendingRubbishIsNothing(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		profile := browsertest.NewProfile()
		for _, text := range []string{"", "null", "[]", `{"format":2,"page":"/x"}`, `{"format":1,"page":7,"transactions":[1,{},{"state":"a"}]}`, "{"} {
			profile.Storage().Put("key/pending", text)
			p := open(profile)
			assert.Empty(t, p.TakePage(t.Context()), text)
			assert.False(t, take(t, p, "a"), text)
		}
	})
}

func TestOA03TheSameAnswerAgainHasTheSameOutcome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		profile := browsertest.NewProfile()
		a, b := open(profile), open(profile)
		require.NoError(t, a.Add(t.Context(), transaction("good", profile.Now())))
		require.NoError(t, a.Add(t.Context(), transaction("bad", profile.Now())))
		why := &errcode.Error{Code: errcode.AccessDenied, Message: "no", OAuth: &errcode.OAuth{Error: "access_denied", Description: "d"}, RetryAfter: time.Second}
		uses := 0
		redeem := func(p *persist.Pending, state, returnTo string, err error) (string, bool, error) {
			return p.Redeem(t.Context(), state, func(oauth.Transaction) (string, error) {
				uses++
				time.Sleep(time.Second) // the other tab has the answer meanwhile
				return returnTo, err
			})
		}
		var group sync.WaitGroup
		group.Go(func() {
			to, again, err := redeem(a, "good", "/orders", nil)
			assert.NoError(t, err)
			assert.False(t, again)
			assert.Equal(t, "/orders", to)
		})
		synctest.Wait()
		to, again, err := redeem(b, "good", "/elsewhere", nil)
		assert.NoError(t, err)
		assert.True(t, again)
		assert.Equal(t, "/orders", to)
		group.Wait()
		assert.Equal(t, 1, uses)

		_, _, err = redeem(a, "bad", "", why)
		assert.Equal(t, why, err)
		_, again, err = redeem(b, "bad", "", nil)
		assert.True(t, again)
		assert.Equal(t, why, err, "read back whole")
		assert.Equal(t, 2, uses)

		profile.Jump(10 * time.Minute)
		_, again, err = redeem(b, "good", "", nil)
		assert.False(t, again)
		assert.Equal(t, errcode.StateMismatch, errcode.Of(err))
	})
}

func TestOP41ALogoutStateIsGoodOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		profile := browsertest.NewProfile()
		a, b := open(profile), open(profile)
		a.AddLogout(t.Context(), "lk.o.1")
		assert.False(t, b.TakeLogout(t.Context(), "lk.o.2"))
		assert.True(t, b.TakeLogout(t.Context(), "lk.o.1"))
		assert.False(t, a.TakeLogout(t.Context(), "lk.o.1"))
	})
}

func TestSignInsThatGoInCirclesAreStopped(t *testing.T) {
	bad := errcode.New(errcode.IDTokenInvalid, "exp is past")
	fail := func(t *testing.T, p *persist.Pending, profile *browsertest.Profile, err error) error {
		if err := p.Add(t.Context(), transaction("s", profile.Now())); err != nil {
			return err
		}
		_, _, _ = p.Redeem(t.Context(), "s", func(oauth.Transaction) (string, error) { return "/", err })
		return nil
	}
	synctest.Test(t, func(t *testing.T) {
		profile := browsertest.NewProfile()
		p := open(profile)
		for range 3 {
			require.NoError(t, fail(t, p, profile, bad))
		}
		err := fail(t, open(profile), profile, bad)
		var e *errcode.Error
		require.ErrorAs(t, err, &e)
		assert.Equal(t, errcode.IDTokenInvalid, e.Code, "the last one's")
		assert.Contains(t, e.Message, "exp is past")
		assert.Equal(t, time.Minute, e.RetryAfter)
		profile.Jump(time.Minute)
		require.NoError(t, fail(t, p, profile, bad))
	})
	synctest.Test(t, func(t *testing.T) {
		profile := browsertest.NewProfile()
		p := open(profile)
		for range 3 {
			require.NoError(t, fail(t, p, profile, errcode.New(errcode.AccessDenied, "no")), "a person who says no is no circle")
		}
		require.NoError(t, fail(t, p, profile, bad))
		require.NoError(t, fail(t, p, profile, bad))
		require.NoError(t, fail(t, p, profile, nil), "a sign-in that works begins the count anew")
		require.NoError(t, fail(t, p, profile, bad))
		require.NoError(t, fail(t, p, profile, bad))
		require.NoError(t, fail(t, p, profile, nil), "nine")
		require.NoError(t, fail(t, p, profile, nil), "ten")
		err := fail(t, p, profile, nil)
		assert.Equal(t, errcode.ServerError, errcode.Of(err), "each works, and the page comes back at once")
	})
}
