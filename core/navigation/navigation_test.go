package navigation_test

import (
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"

	"latchkey/core/browser/browsertest"
	"latchkey/core/navigation"
	"latchkey/core/persist"
)

func open(profile *browsertest.Profile) *navigation.Navigation {
	b := profile.Open("https://app.test/here").Browser()
	paths := navigation.Paths{Home: "/", Login: "/login", Logout: "/logout", Exclude: []string{"/callback"}}
	return navigation.New(paths, b.Location, persist.NewPending(b.Pending, b.Locks, b.Clock, "key"))
}

func TestS69ThePageWantedIsGoneToOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		profile := browsertest.NewProfile()
		n := open(profile)
		n.Remember(t.Context(), "/orders?page=2#top")
		other := open(profile)
		assert.Equal(t, "/orders?page=2#top", other.Recall(t.Context()), "it survives the page")
		assert.Equal(t, "/", other.Recall(t.Context()))
		for _, page := range []string{"/login", "/login?x=1", "/logout", "/callback#a"} {
			n.Remember(t.Context(), page)
			assert.Equal(t, "/", n.Recall(t.Context()), page)
		}
	})
}

func TestOA21OA22OnlyPagesOfThisOriginAreGoneTo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		profile := browsertest.NewProfile()
		n := open(profile)
		for _, page := range []string{
			"https://evil.test", "//evil.test", "///evil.test", `/\evil.test`, `\\evil.test`, "/\t/evil.test", "javascript:alert(1)", "data:text/html,x",
			"https://user@app.test/", "http://app.test/", "https://app.test.evil.test/", "https://app.test:444/",
		} {
			n.Remember(t.Context(), page)
			assert.Equal(t, "/", n.Recall(t.Context()), page)
			// OA-22: judged again when it is used.
			profile.Storage().Put("key/pending", `{"format":1,"page":"`+map[bool]string{true: `\\\\evil.test`, false: "//evil.test"}[page == `\\evil.test`]+`"}`)
			assert.Equal(t, "/", n.Recall(t.Context()))
			assert.Equal(t, "/", n.Return(t.Context(), page))
		}
		assert.Equal(t, "/a", n.Return(t.Context(), "https://app.test/a"))
	})
}

func TestHere(t *testing.T) {
	n := open(browsertest.NewProfile())
	assert.True(t, n.Here("/here"))
	assert.False(t, n.Here("/here?x"))
}
