package persist_test

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/browser/browsertest"
	"latchkey/core/oauth"
	"latchkey/core/persist"
	"latchkey/core/secret"
)

func transaction(state string, began time.Time) oauth.Transaction {
	return oauth.Transaction{State: secret.New(state), Nonce: secret.New("n"), Verifier: secret.New("v"), Began: began}
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
		_, ok := b.Take(t.Context(), "a")
		assert.True(t, ok, "OA-05: any tab may finish it")
		_, ok = a.Take(t.Context(), "a")
		assert.False(t, ok, "a state is good once")
		_, ok = a.Take(t.Context(), "b")
		assert.True(t, ok)
		assert.Empty(t, profile.Storage().All(), "nothing is left")
	})
}

func TestOA06TransactionsAreFewAndEnd(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		profile := browsertest.NewProfile()
		p := open(profile)
		for n := range 21 {
			require.NoError(t, p.Add(t.Context(), transaction(fmt.Sprint("s", n), profile.Now())))
		}
		_, ok := p.Take(t.Context(), "s0")
		assert.False(t, ok, "the oldest of 21 is forgotten")
		_, ok = p.Take(t.Context(), "s1")
		assert.True(t, ok)
		profile.Jump(10*time.Minute - time.Nanosecond)
		_, ok = p.Take(t.Context(), "s2")
		assert.True(t, ok, "just in time")
		profile.Jump(time.Millisecond)
		_, ok = p.Take(t.Context(), "s3")
		assert.False(t, ok, "too late")
	})
}

func TestOA09StatesThatNameMembersOfAnObject(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := open(browsertest.NewProfile())
		for _, state := range []string{"__proto__", "constructor", "toString", ""} {
			_, ok := p.Take(t.Context(), state)
			assert.False(t, ok, state)
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
			_, ok := p.Take(t.Context(), "a")
			assert.False(t, ok, text)
		}
	})
}
