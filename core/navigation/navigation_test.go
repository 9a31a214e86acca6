package navigation_test

import (
	"encoding/json"
	"os"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/browser/browsertest"
	"latchkey/core/navigation"
	"latchkey/core/persist"
)

func open(profile *browsertest.Profile) *navigation.Navigation {
	return below(profile, "", "https://app.test/here")
}

// below is an app whose router puts prefix before each path.
func below(profile *browsertest.Profile, prefix, href string) *navigation.Navigation {
	b := profile.Open(href).Browser()
	paths := navigation.Paths{Home: "/", Login: "/login", Logout: "/logout/", Exclude: []string{"/callback", "/reset/*", "/vergiß"}, Prefix: prefix}
	return navigation.New(paths, b.Location, persist.NewPending(b.Pending, b.Locks, b.Clock, "key"))
}

// put is somebody who writes to storage by himself.
func put(t *testing.T, profile *browsertest.Profile, page string) {
	t.Helper()
	text, err := json.Marshal(map[string]any{"format": 1, "page": page})
	require.NoError(t, err)
	profile.Storage().Put("key/pending", string(text))
}

func TestS69ThePageWantedIsGoneToOnce(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		profile := browsertest.NewProfile()
		n := open(profile)
		n.Remember(t.Context(), "/orders?page=2#top")
		other := open(profile)
		assert.Equal(t, "/orders?page=2#top", other.Recall(t.Context()), "it survives the page")
		assert.Equal(t, "/", other.Recall(t.Context()))
	})
}

func TestS69PagesOfASignInAreNeverRemembered(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		profile := browsertest.NewProfile()
		n := open(profile)
		for _, page := range []string{
			"/login", "/login/", "/login?x=1", "https://app.test/login", "/orders/../login", "/logout", "/logout/#a", "/callback#a",
			"/reset/6f1", "/reset/6f1/?x", "/vergiß", "/vergi%C3%9F",
		} {
			n.Remember(t.Context(), page)
			assert.Equal(t, "/", n.Recall(t.Context()), page)
			put(t, profile, page)
			assert.Equal(t, "/", n.Recall(t.Context()), page)
			assert.Equal(t, "/", n.Return(t.Context(), page), page)
		}
		// One of them takes nothing away from the page wanted before.
		n.Remember(t.Context(), "/orders")
		n.Remember(t.Context(), "/login")
		assert.Equal(t, "/orders", n.Return(t.Context(), "/login"))
		for _, page := range []string{"/login/help", "/logins", "/reset", "/reset/6f1/help"} {
			n.Remember(t.Context(), page)
			assert.Equal(t, page, n.Recall(t.Context()))
		}
	})
}

func TestS76AfterALogoutTheNextOneBeginsAtHome(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := open(browsertest.NewProfile())
		n.Remember(t.Context(), "/orders")
		n.Forget(t.Context())
		assert.Equal(t, "/", n.Recall(t.Context()))
	})
}

// hostile are addresses that lead elsewhere, or that run.
var hostile = []struct{ name, page string }{
	{"another host", "https://evil.test"},
	{"no scheme", "//evil"},
	{"no scheme, three slashes", "///evil"},
	{"a backslash for a slash", `/\evil`},
	{"two backslashes", `\\evil`},
	{"a tab between the slashes", "/\t/evil"},
	{"a line feed between the slashes", "/\n/evil"},
	{"a carriage return between the slashes", "/\r/evil"},
	{"CR LF before two slashes", "\r\n//evil"},
	{"a script", "javascript:alert(1)"},
	{"a script in capitals after space", "  JavaScript:alert(1)"},
	{"a script with a tab inside", "java\tscript:alert(1)"},
	{"data", "data:text/html,x"},
	{"a blob", "blob:https://app.test/3d0e4f0a-0000-4000-8000-000000000000"},
	{"a user", "https://user@app.test/"},
	{"this host as a user", "https://app.test@evil.test/"},
	{"this host as the front of another", "https://app.test.evil.test/"},
	{"another port", "https://app.test:444/"},
	{"a downgrade", "http://app.test/"},
	{"dots before two slashes", "/.//evil"},
	{"a whole address with two slashes", "https://app.test//evil"},
}

func TestOA21OnlyPagesOfThisOriginAreGoneTo(t *testing.T) {
	for _, tt := range hostile {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for _, prefix := range []string{"", "/shop", "/*", "/*/*"} {
					n := below(browsertest.NewProfile(), prefix, "https://app.test/here")
					n.Remember(t.Context(), tt.page)
					assert.Equal(t, "/", n.Recall(t.Context()), prefix)
					n.Remember(t.Context(), "/wanted")
					assert.NotContains(t, n.Return(t.Context(), tt.page), "evil", prefix)
				}
			})
		})
	}
	t.Run("what only looks like one stays a path of this origin", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			n := open(browsertest.NewProfile())
			for page, want := range map[string]string{
				"/%2f%2fevil": "/%2f%2fevil", "/%09/evil": "/%09/evil", "/%5cevil": "/%5cevil", "/@evil.test": "/@evil.test", "/a?//evil": "/a?//evil",
				"https://app.test/a": "/a", "/a\r\nb": "/ab",
			} {
				n.Remember(t.Context(), page)
				assert.Equal(t, want, n.Recall(t.Context()), page)
				assert.Equal(t, want, n.Return(t.Context(), page), page)
			}
		})
	})
}

func TestOA22WhatIsStoredIsJudgedWhenItIsUsed(t *testing.T) {
	for _, tt := range hostile {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				for _, prefix := range []string{"", "/shop", "/*"} {
					profile := browsertest.NewProfile()
					n := below(profile, prefix, "https://app.test/here")
					put(t, profile, tt.page)
					assert.Equal(t, "/", n.Recall(t.Context()), prefix)
					put(t, profile, tt.page)
					assert.Equal(t, "/", n.Return(t.Context(), ""), prefix)
					put(t, profile, tt.page)
					assert.Equal(t, "/", n.Return(t.Context(), "https://evil.test/"), prefix)
				}
			})
		})
	}
}

func TestS69ThePrefixIsNotRemembered(t *testing.T) {
	const prefix = "/electronics-spa/*/*"
	synctest.Test(t, func(t *testing.T) {
		n := below(browsertest.NewProfile(), prefix, "https://app.test/electronics-spa/en/USD/here?a#b")
		for page, want := range map[string]string{
			"/electronics-spa/en/USD/orders/7?page=2#top":           "/orders/7?page=2#top",
			"https://app.test/electronics-spa/de/EUR/orders":        "/orders",
			"/electronics-spa/en/USD":                               "/",
			"/orders":                                               "/orders",
			"/powertools-spa/en/USD/orders":                         "/powertools-spa/en/USD/orders",
			"/electronics-spa/en/USD/login":                         "/",
			"/electronics-spa/en/USD/callback?x=1":                  "/",
			"/electronics-spa/a/b/electronics-spa/en/USD/orders":    "/electronics-spa/en/USD/orders",
			"/electronics-spa/en/USD//evil.test":                    "/",
			`/electronics-spa/en/USD/\evil.test`:                    "/",
			"https://app.test/electronics-spa/en/USD///evil.test/a": "/",
			"/electronics-spa/en/USD/%2f%2fevil":                    "/%2f%2fevil",
			"/electronics-spa/en/USD/..//evil.test":                 "/electronics-spa/en//evil.test", // the pattern has no empty segments
		} {
			n.Remember(t.Context(), page)
			assert.Equal(t, want, n.Recall(t.Context()), page)
			assert.Equal(t, want, n.Return(t.Context(), page), page)
		}
		assert.True(t, n.Here("/here?a#b"))
		assert.True(t, n.Here("/electronics-spa/en/USD/here?a#b"))
		assert.False(t, n.Here("/here"))
	})
}

func TestS69APageThatIsCalledLikeThePrefixIsKept(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		n := below(browsertest.NewProfile(), "/*", "https://app.test/en/here")
		n.Remember(t.Context(), "/en/orders/7")
		assert.Equal(t, "/orders/7", n.Return(t.Context(), ""), "it is taken away once")
	})
}

func TestPatterns(t *testing.T) {
	text, err := os.ReadFile("testdata/patterns.json")
	require.NoError(t, err)
	var tests []struct {
		Pattern, Path string
		Rest          *string
	}
	require.NoError(t, json.Unmarshal(text, &tests))
	for _, tt := range tests {
		t.Run(tt.Pattern+" "+tt.Path, func(t *testing.T) {
			p := navigation.ParsePattern(tt.Pattern)
			rest, ok := p.Cut(tt.Path)
			if assert.Equal(t, tt.Rest != nil, ok) && ok {
				assert.Equal(t, *tt.Rest, rest)
			} else {
				assert.Equal(t, tt.Path, rest, "unchanged")
			}
		})
	}
}

func TestHere(t *testing.T) {
	n := open(browsertest.NewProfile())
	assert.True(t, n.Here("/here"))
	assert.False(t, n.Here("/here?x"))
}
