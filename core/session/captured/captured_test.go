package captured_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/browser/browsertest"
	"latchkey/core/errcode"
	"latchkey/core/event"
	"latchkey/core/persist"
	"latchkey/core/policy"
	"latchkey/core/secret"
	"latchkey/core/session"
	"latchkey/core/session/captured"
	"latchkey/core/tabs"
)

const header = "x-token"

// server knows whose the tokens are, and by which cookie the browser is known.
type server struct {
	mu     sync.Mutex
	users  map[string]string
	cookie string
	down   bool
	asked  int
}

func (s *server) whose(_ context.Context, token secret.String) (session.Tokens, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.asked++
	if s.down {
		return session.Tokens{}, errcode.New(errcode.NetworkError, "down")
	}
	if token.Empty() {
		return session.Tokens{Subject: s.cookie, Cookie: true}, nil
	}
	return session.Tokens{Subject: s.users[token.Expose()], Type: "Bearer"}, nil
}

// page is a keeper in a tab, with what it has told.
type page struct {
	*session.Keeper
	captured.Strategy
	mu     sync.Mutex
	events []string
}

func open(profile *browsertest.Profile, s *server, change ...func(*captured.Options)) *page {
	o := captured.Options{
		Header: header, Making: "mutation", Watch: "login|logout", Ending: "logout", Codes: []string{"FORBIDDEN"}, Begins: policy.Begins{Request: "order"}, Tells: policy.Tells{Codes: []string{"NO_CHANNEL"}, Param: "channel"},
		Whose: s.whose, Refuse: func(code string) error { return errors.New(code) },
	}
	for _, f := range change {
		f(&o)
	}
	p := &page{Strategy: captured.New(o)}
	b := profile.Open("https://app.test/").Browser()
	store := persist.New(persist.Options{
		Storage: b.Storage, Locks: b.Locks, Clock: b.Clock, Shared: true, Key: "k", Issuer: "i", Client: "c",
		View: func(r session.Record) session.View { return p.View(r) }, Warn: func(error) {},
	})
	p.Keeper = session.NewKeeper(session.Options{
		Store: store, Strategy: p.Strategy, Locks: b.Locks, Clock: b.Clock, Crypto: b.Crypto, Lock: "k/refresh", Timeout: time.Second,
		Publish: func(_ session.View, events []event.Event) {
			p.mu.Lock()
			defer p.mu.Unlock()
			for _, e := range events {
				p.events = append(p.events, strings.TrimSuffix(string(e.Type)+":"+e.Reason, ":"))
			}
		},
		Tell: func() {}, Note: func(session.Note) {}, Tab: "a", Peers: tabs.New(b.Channel, b.Lifecycle, func() {}), Lifecycle: b.Lifecycle,
	})
	p.Load(context.Background())
	p.Since(nil)
	return p
}

func (p *page) observe(from session.Stamp, value string) error {
	return p.Observe(context.Background(), p.Keeper, from, session.Answer{Headers: map[string]string{header: value}})
}

func (p *page) token() string { return p.Record().Tokens.Access.Expose() }

func (p *page) told() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := strings.Join(p.events, ", ")
	p.events = nil
	return all
}

func world(t *testing.T, f func(t *testing.T, profile *browsertest.Profile, s *server)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		f(t, browsertest.NewProfile(), &server{users: map[string]string{"alice-1": "alice", "alice-2": "alice", "bob-1": "bob"}})
	})
}

func TestVE01AValueReplacesAnEmptyOneEndsAndNoneChangesNothing(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, s *server) {
		p := open(profile, s)
		for _, step := range []struct{ value, token, user, told string }{
			{"visitor-1", "visitor-1", session.Anonymous, ""},
			{"visitor-1", "visitor-1", session.Anonymous, ""},
			{"visitor-2", "visitor-2", session.Anonymous, ""},
			{"alice-1", "alice-1", "alice", "login"},
			{"alice-2", "alice-2", "alice", "login"},
			{"bob-1", "bob-1", "bob", "logout:switched, login"},
			{"visitor-3", "visitor-3", session.Anonymous, "expired, logout:expired"},
			{"", "", session.Anonymous, ""},
			{"", "", session.Anonymous, ""},
			{"alice-1", "alice-1", "alice", "login"},
			{"", "", session.Anonymous, "expired, logout:expired"},
		} {
			require.NoError(t, p.observe(p.Record().Stamp, step.value))
			assert.Equal(t, []string{step.token, step.user, step.told}, []string{p.token(), p.UserID(), p.told()}, step.value)
		}
		require.NoError(t, p.observe(p.Record().Stamp, "alice-1"))
		before := p.Record()
		require.NoError(t, p.Observe(context.Background(), p.Keeper, before.Stamp, session.Answer{Watched: "login"}))
		assert.Equal(t, before, p.Record())
	})
}

func TestVE01ASignOutOfThePagesOwnIsTheirs(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, s *server) {
		p := open(profile, s)
		require.NoError(t, p.observe(p.Record().Stamp, "alice-1"))
		require.NoError(t, p.Observe(context.Background(), p.Keeper, p.Record().Stamp, session.Answer{Watched: "logout", Headers: map[string]string{header: ""}}))
		assert.Equal(t, "login, logout:user", p.told())
	})
}

func TestVE04AValueThatIsNoTokenIsRefused(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, s *server) {
		p := open(profile, s)
		require.NoError(t, p.observe(p.Record().Stamp, "alice-1"))
		for _, value := range []string{" ", "two words", "a\r\nb", "tök", "a\x00", "visitor-1, visitor-2", strings.Repeat("x", 4097)} {
			err := p.observe(p.Record().Stamp, value)
			assert.Equal(t, errcode.ServerError, errcode.Of(err), "%q", value)
			assert.NotContains(t, err.Error(), value+"x")
			assert.Equal(t, "alice-1", p.token())
		}
		require.NoError(t, p.observe(p.Record().Stamp, strings.Repeat("x", 4096)))
		assert.Len(t, p.token(), 4096)
	})
}

// A request's age is the state that it was made under: of two made under the same,
// the first answer makes the other one old.
func TestVE05TheNewerRequestWinsWhicheverAnswerIsFirst(t *testing.T) {
	for _, newFirst := range []bool{true, false} {
		world(t, func(t *testing.T, profile *browsertest.Profile, s *server) {
			p := open(profile, s)
			older := p.Record().Stamp
			require.NoError(t, p.observe(older, "visitor-1"))
			newer := p.Record().Stamp
			answers := []func(){func() { _ = p.observe(newer, "new") }, func() { _ = p.observe(older, "old") }}
			if !newFirst {
				answers[0], answers[1] = answers[1], answers[0]
			}
			for _, answer := range answers {
				answer()
			}
			assert.Equal(t, "new", p.token())
			require.NoError(t, p.observe(newer, "same age"))
			assert.Equal(t, "new", p.token())
		})
	}
}

func TestVE05AnswersAtOnceLeaveOneOfTheirTokens(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, s *server) {
		p, other := open(profile, s), open(profile, s)
		from := p.Record().Stamp
		var group sync.WaitGroup
		for i := range 10 {
			group.Go(func() { _ = []*page{p, other}[i%2].observe(from, fmt.Sprint("visitor-", i)) })
		}
		group.Wait()
		p.Reload(context.Background())
		other.Reload(context.Background())
		assert.Equal(t, p.Record().Stamp, other.Record().Stamp)
		assert.Equal(t, p.token(), other.token())
		assert.EqualValues(t, 1, p.Record().Generation)
	})
}

func TestVE07AnAnswerToARequestOfBeforeTheLogoutBringsNothing(t *testing.T) {
	for _, value := range []string{"visitor-2", "alice-2", "bob-1", ""} {
		world(t, func(t *testing.T, profile *browsertest.Profile, s *server) {
			p := open(profile, s)
			nobody := p.Record().Stamp
			require.NoError(t, p.observe(nobody, "visitor-1"))
			visitor := p.Record().Stamp
			require.NoError(t, p.observe(visitor, "alice-1"))
			alice := p.Record().Stamp
			p.End(context.Background(), session.ByUser, "")
			p.told()
			for _, from := range []session.Stamp{nobody, visitor, alice} {
				require.NoError(t, p.observe(from, value))
				assert.False(t, p.Record().Live(), "%v", from)
			}
			require.NoError(t, p.observe(p.Record().Stamp, "bob-1"))
			for _, from := range []session.Stamp{nobody, visitor, alice} {
				require.NoError(t, p.observe(from, value))
				assert.Equal(t, "bob-1", p.token())
			}
			assert.Equal(t, "login", p.told())
		})
	}
}

func TestWhereNobodyCanBeAskedAVisitorsCartIsKeptAndAUsersSessionToo(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, s *server) {
		p := open(profile, s)
		s.down = true
		assert.Error(t, p.observe(p.Record().Stamp, "visitor-1"))
		assert.Equal(t, "visitor-1", p.token())
		assert.Equal(t, session.Anonymous, p.UserID())
		s.down = false
		require.NoError(t, p.observe(p.Record().Stamp, "alice-1"))
		s.down = true
		assert.Error(t, p.observe(p.Record().Stamp, "visitor-2"))
		assert.Equal(t, "alice", p.UserID())
		assert.Equal(t, "login", p.told())
	})
}

func cookies(o *captured.Options) { o.Header = "" }

func TestACookieIsAskedAboutAtTheStartAndAfterASignIn(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, s *server) {
		p := open(profile, s, cookies)
		p.Settle(context.Background(), p.Keeper)
		assert.EqualValues(t, 1, p.Record().Generation, "it is noted that there is nobody")
		watch := func(what string) {
			require.NoError(t, p.Observe(context.Background(), p.Keeper, p.Record().Stamp, session.Answer{Watched: what}))
		}
		s.cookie = "alice"
		require.NoError(t, p.Observe(context.Background(), p.Keeper, p.Record().Stamp, session.Answer{Headers: map[string]string{header: "x"}}))
		assert.Equal(t, "", p.told())
		watch("login")
		watch("login")
		s.cookie = "bob"
		watch("login")
		s.cookie = ""
		watch("logout")
		assert.Equal(t, "login, logout:switched, login, logout:user", p.told())

		// Whoever has signed out here stays so.
		s.cookie = "bob"
		p.Settle(context.Background(), p.Keeper)
		assert.False(t, p.Record().Live())
		watch("login")
		s.cookie = ""
		p.Settle(context.Background(), p.Keeper)
		assert.Equal(t, "login, expired, logout:expired", p.told())
		// But not one whose session ended by itself.
		s.cookie = "bob"
		p.Settle(context.Background(), p.Keeper)
		s.down = true
		p.Settle(context.Background(), p.Keeper)
		assert.Equal(t, "login", p.told())
	})
}

func TestASessionOfTheOtherKindIsOver(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, s *server) {
		p := open(profile, s)
		require.NoError(t, p.observe(p.Record().Stamp, "alice-1"))
		other := open(profile, s, cookies)
		assert.True(t, other.Lost(context.Background(), other.Record()))
		require.NoError(t, other.Renew(context.Background(), other.Record().Stamp, ""))
		assert.Equal(t, "expired, logout:expired", other.told())
		assert.Equal(t, 1, s.asked, "nothing is sent for it")
	})
}

func TestWhatIsHiddenOrRefusedIsTold(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, s *server) {
		p := open(profile, s)
		err := p.Observe(context.Background(), p.Keeper, p.Record().Stamp, session.Answer{Hidden: true})
		assert.ErrorContains(t, err, header)
		assert.ErrorContains(t, err, "Access-Control-Expose-Headers")
		assert.EqualError(t, p.Observe(context.Background(), p.Keeper, p.Record().Stamp, session.Answer{Code: "NO_CHANNEL"}), "NO_CHANNEL")
	})
}

func TestTheRulesOfAVisitorAndOfAUser(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, s *server) {
		p := open(profile, s)
		text := func() string { return p.View(p.Record()).Policy.JSON() }
		assert.Contains(t, text(), `"capture":["x-token"],"single":"mutation","begins":{"request":"order"},"tells":{"codes":["NO_CHANNEL"],"param":"channel"},"watch":"login|logout"`)
		require.NoError(t, p.observe(p.Record().Stamp, "visitor-1"))
		assert.Contains(t, text(), `"headers":{"authorization":"Bearer visitor-1"},"capture":["x-token"],"tells":{"codes":["NO_CHANNEL"],"param":"channel"},"watch"`)
		require.NoError(t, p.observe(p.Record().Stamp, "alice-1"))
		assert.Contains(t, text(), `"refused":{"status":[200],"codes":["FORBIDDEN"]}`)
		assert.Contains(t, open(browsertest.NewProfile(), s, cookies).View(session.Record{}).Policy.JSON(), `"credentials":"include","single"`)
	})
}

// TestSchedules has two tabs send requests whose answers take their time, sign in and
// out, while the server ends sessions. No session comes back that a logout ended, no
// user loses one that the server knows, and in the end both tabs agree.
func TestSchedules(t *testing.T) {
	for seed := range uint64(300) {
		world(t, func(t *testing.T, profile *browsertest.Profile, s *server) {
			rng := rand.New(rand.NewPCG(seed, 1))
			pages := []*page{open(profile, s), open(profile, s)}
			var mu sync.Mutex // of rng, known, made and ended
			pauses := func() time.Duration { return time.Duration(rng.IntN(50)) * time.Millisecond }
			known := map[string]bool{}
			made := map[string]int64{} // the generation that the request of a token was sent under
			var ended int64            // the newest one that a logout made
			last := 0
			issue := func(user string, from session.Stamp) string {
				last++
				token := fmt.Sprintf("t%d-%s", last, user)
				s.mu.Lock()
				s.users[token] = user
				s.mu.Unlock()
				known[token], made[token] = true, from.Generation
				return token
			}
			var group sync.WaitGroup
			call := func(p *page, signIn bool) {
				rec := p.Record()
				mu.Lock()
				there, back := pauses(), pauses()
				mu.Unlock()
				time.Sleep(there)
				mu.Lock()
				sent, value := rec.Tokens.Access.Expose(), ""
				if signIn {
					delete(known, sent)
					value = issue("alice", rec.Stamp)
				} else if !known[sent] {
					value = issue("", rec.Stamp)
				}
				mu.Unlock()
				time.Sleep(back)
				if value != "" {
					_ = p.observe(rec.Stamp, value)
				}
				if now := p.Record(); now.Live() {
					mu.Lock()
					if now.Generation > ended {
						assert.GreaterOrEqual(t, made[now.Tokens.Access.Expose()], ended, "seed %d: a session of before the logout", seed)
					}
					mu.Unlock()
				}
			}
			for range 40 {
				mu.Lock()
				p, other := pages[rng.IntN(2)], pages[rng.IntN(2)]
				what, wait := rng.IntN(10), pauses()
				mu.Unlock()
				switch {
				case what < 6:
					group.Go(func() { call(p, false) })
				case what < 7:
					group.Go(func() { call(p, true) })
				case what < 8:
					p.End(context.Background(), session.ByUser, "")
					mu.Lock()
					ended = max(ended, p.Record().Generation)
					mu.Unlock()
				case what < 9:
					mu.Lock()
					delete(known, p.token())
					mu.Unlock()
				default:
					other.Reload(context.Background())
				}
				time.Sleep(wait / 4)
			}
			group.Wait()
			for _, p := range pages {
				p.Reload(context.Background())
			}
			require.Equal(t, pages[0].Record().Stamp, pages[1].Record().Stamp, "seed %d", seed)
			require.Equal(t, pages[0].token(), pages[1].token(), "seed %d", seed)
		})
	}
}
