package core_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
	"latchkey/core/errcode"
)

// byCode is a configuration for sign-ins at the server's own page.
func byCode() string { return strings.Replace(config(""), `"flow":"password"`, `"flow":"code"`, 1) }

// windows plays the server's pages: who is signed in there, and what else a
// window comes back with.
type windows struct {
	server *browsertest.AuthServer
	// user is who the server knows; "" is nobody.
	user string
	// back, where it is set, is what a window comes back with instead.
	back func(ctx context.Context, sent url.Values) (string, error)
	// shown are the parameters of the windows so far.
	shown []url.Values
	kinds []string

	mu sync.Mutex
}

// set changes what it plays, also while pages run.
func (w *windows) set(change func()) {
	w.mu.Lock()
	defer w.mu.Unlock()
	change()
}

func (w *windows) show(ctx context.Context, kind, address string) (string, error) {
	u, err := url.Parse(address)
	if err != nil {
		return "", err
	}
	sent := u.Query()
	var user string
	var back func(context.Context, url.Values) (string, error)
	w.set(func() {
		w.shown, w.kinds = append(w.shown, sent), append(w.kinds, kind)
		user, back = w.user, w.back
	})
	switch {
	case back != nil:
		return back(ctx, sent)
	case user == "":
		return answer(sent, url.Values{"error": {"login_required"}}), nil
	}
	return w.server.Authorize(address, user), nil
}

// answer is the address that the server sends a window back to.
func answer(sent, more url.Values) string {
	more.Set("state", sent.Get("state"))
	more.Set("iss", issuer)
	return sent.Get("redirect_uri") + "?" + more.Encode()
}

// silence is a server that answers nothing, or may not be framed.
func silence(ctx context.Context, _ url.Values) (string, error) {
	<-ctx.Done()
	return "", ctx.Err()
}

// opened is a page that can sign in at the server's own page.
func opened(t *testing.T, test func(t *testing.T, p *page, w *windows, profile *browsertest.Profile)) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		w := &windows{server: server}
		profile.Window = w.show
		test(t, openPage(t, profile, server, byCode()), w, profile)
	})
}

func code(err error) string { return string(errcode.Of(err)) }

func TestS14SignsInWithAPopup(t *testing.T) {
	opened(t, func(t *testing.T, p *page, w *windows, profile *browsertest.Profile) {
		other := openPage(t, profile, p.server, byCode())
		w.set(func() { w.user = "alice" })
		_, err := p.call("loginWithPopup", `{"window":1,"prompt":"login","loginHint":"ann","params":{"ui_locales":"de"}}`)
		require.NoError(t, err)
		require.Equal(t, []string{"popup"}, w.kinds)
		q := w.shown[0]
		assert.True(t, strings.HasPrefix(q.Get("state"), "lk.p."), "so that the page it comes back to hands it on")
		assert.Equal(t, []string{"login", "ann", "de", "S256"}, []string{q.Get("prompt"), q.Get("login_hint"), q.Get("ui_locales"), q.Get("code_challenge_method")})
		assert.Equal(t, "alice", p.user())
		assert.Equal(t, "login", p.takeEvents())
		assert.Empty(t, p.tab.Location().Assigned(), "the page stays")
		for key, value := range profile.Storage().All() {
			assert.NotContains(t, value, q.Get("state"), "%s: its transaction is in memory", key)
		}
		user, status, err := p.fetch()
		require.NoError(t, err)
		assert.Equal(t, []any{"alice", 200}, []any{user, status})
		synctest.Wait()
		assert.Equal(t, "login (remote)", other.takeEvents())
	})
}

func TestOP62TheServersErrorEndsThePopup(t *testing.T) {
	tests := map[string]string{
		"access_denied": "access_denied", "login_required": "interaction_required", "interaction_required": "interaction_required",
		"consent_required": "interaction_required", "account_selection_required": "interaction_required",
		"temporarily_unavailable": "server_error", "server_error": "server_error", "invalid_scope": "server_error",
	}
	for fault, want := range tests {
		for _, command := range []string{"loginWithPopup", "loginSilently"} {
			t.Run(fault+" of "+command, func(t *testing.T) {
				opened(t, func(t *testing.T, p *page, w *windows, _ *browsertest.Profile) {
					w.set(func() {
						w.back = func(_ context.Context, sent url.Values) (string, error) {
							return answer(sent, url.Values{"error": {fault}, "error_description": {"no"}}), nil
						}
					})
					_, err := p.call(command, `{"window":1}`)
					assert.Equal(t, want, code(err))
					var e *errcode.Error
					require.ErrorAs(t, err, &e)
					assert.Equal(t, &errcode.OAuth{Error: fault, Description: "no"}, e.OAuth)
					assert.Equal(t, "anonymous", p.user())
					assert.Empty(t, p.takeEvents())
				})
			})
		}
	}
}

func TestOA26HowAPopupEndsWithoutAnAnswer(t *testing.T) {
	other := "lk.p." + strings.Repeat("A", 43)
	tests := []struct {
		name string
		back func(context.Context, url.Values) (string, error)
		want string
	}{
		{"closed", func(context.Context, url.Values) (string, error) { return "", browser.ErrPopupClosed }, "popup_closed"},
		{"gone before it was sent anywhere", func(context.Context, url.Values) (string, error) { return "", browser.ErrNoWindow }, "popup_closed"},
		{"left", func(context.Context, url.Values) (string, error) { return origin + "/", nil }, "aborted"},
		{"open for ever", silence, "timeout"},
		{"OA-25 with a code for another state", func(context.Context, url.Values) (string, error) {
			return origin + "/callback?code=forged&state=" + other, nil
		}, "state_mismatch"},
		{"OA-25 with the state twice", func(_ context.Context, sent url.Values) (string, error) {
			return origin + "/callback?code=forged&state=" + sent.Get("state") + "&state=" + sent.Get("state"), nil
		}, "state_mismatch"},
		{"from another issuer", func(_ context.Context, sent url.Values) (string, error) {
			return origin + "/callback?code=forged&iss=https://evil.test&state=" + sent.Get("state"), nil
		}, "issuer_mismatch"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			opened(t, func(t *testing.T, p *page, w *windows, _ *browsertest.Profile) {
				w.set(func() { w.back = tt.back })
				_, err := p.call("loginWithPopup", `{"window":1}`)
				assert.Equal(t, tt.want, code(err))
				assert.Equal(t, "anonymous", p.user())
				assert.Empty(t, p.server.Log(), "no code was redeemed")
			})
		})
	}
}

func TestOA26ACallerThatGoesAwayEndsThePopup(t *testing.T) {
	opened(t, func(t *testing.T, p *page, w *windows, _ *browsertest.Profile) {
		w.set(func() { w.back = silence })
		ctx, cancel := context.WithCancel(t.Context())
		failed := make(chan error)
		go func() {
			_, err := p.rt.Call(ctx, "loginWithPopup", `{"window":1}`)
			failed <- err
		}()
		synctest.Wait()
		cancel()
		assert.Equal(t, "aborted", code(<-failed))
	})
}

func TestTheOtherWaysInWaitForNoPopup(t *testing.T) {
	opened(t, func(t *testing.T, p *page, w *windows, profile *browsertest.Profile) {
		w.set(func() { w.back = silence })
		go func() { _, _ = p.call("loginWithPopup", `{"window":1}`) }()
		synctest.Wait()
		w.set(func() { w.back, w.user = nil, "alice" })
		_, err := p.call("loginWithPopup", `{"window":2}`)
		require.NoError(t, err)
		_, err = p.call("logout", "{}")
		require.NoError(t, err)
		assert.Equal(t, "login, logout:user", p.takeEvents())
		time.Sleep(5 * time.Minute) // the first one's
	})
}

func TestS15SignsInSilently(t *testing.T) {
	opened(t, func(t *testing.T, p *page, w *windows, profile *browsertest.Profile) {
		w.set(func() { w.user = "alice" })
		_, err := p.call("loginSilently", `{"loginHint":"ann","params":{"ui_locales":"de"}}`)
		require.NoError(t, err)
		require.Equal(t, []string{"frame"}, w.kinds)
		q := w.shown[0]
		assert.True(t, strings.HasPrefix(q.Get("state"), "lk.s."))
		assert.Equal(t, []string{"none", "ann", "de"}, []string{q.Get("prompt"), q.Get("login_hint"), q.Get("ui_locales")})
		assert.Equal(t, "alice", p.user())
		assert.Equal(t, "login", p.takeEvents())

		// Once more, the session of the same person goes on.
		session, _, before, _ := p.now()
		_, err = p.call("loginSilently", "{}")
		require.NoError(t, err)
		same, _, after, _ := p.now()
		assert.Equal(t, session, same)
		assert.NotEqual(t, before, after)
		assert.Equal(t, "refresh", p.takeEvents())
	})
}

func TestS15PromptIsTheRuntimesOwn(t *testing.T) {
	opened(t, func(t *testing.T, p *page, w *windows, _ *browsertest.Profile) {
		_, err := p.call("loginSilently", `{"params":{"prompt":"login"}}`)
		assert.Equal(t, "config_invalid", code(err))
		assert.Empty(t, w.kinds)
	})
}

func TestS15APageWithAPasswordHasNoWindows(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := openPage(t, profile, server, config(""))
		for _, command := range []string{"loginWithPopup", "loginSilently"} {
			_, err := p.call(command, `{"window":1}`)
			assert.Equal(t, "config_invalid", code(err))
		}
	})
}

func TestOA27AFrameThatNeverAnswers(t *testing.T) {
	for _, reachable := range []bool{true, false} {
		opened(t, func(t *testing.T, p *page, w *windows, _ *browsertest.Profile) {
			began := time.Now()
			w.set(func() {
				w.back = func(ctx context.Context, sent url.Values) (string, error) {
					p.server.Fault = func(*browser.Request, url.Values) (*browser.Response, error) {
						if reachable {
							return nil, nil
						}
						return nil, browser.ErrNetwork
					}
					return silence(ctx, sent)
				}
			})
			_, err := p.call("loginSilently", "{}")
			assert.Equal(t, map[bool]string{true: "interaction_required", false: "network_error"}[reachable], code(err))
			assert.Equal(t, 10*time.Second, time.Since(began), "the option timeout")
		})
	}
}

func TestOA28ASilentAnswerForAnotherPersonEndsTheSession(t *testing.T) {
	opened(t, func(t *testing.T, p *page, w *windows, _ *browsertest.Profile) {
		w.set(func() { w.user = "alice" })
		_, err := p.call("loginSilently", "{}")
		require.NoError(t, err)
		p.takeEvents()
		w.set(func() { w.user = "bob" })
		_, err = p.call("loginSilently", "{}")
		assert.Equal(t, "id_token_invalid", code(err))
		assert.Equal(t, "anonymous", p.user())
		assert.Equal(t, "expired, logout:expired", p.takeEvents())
		synctest.Wait()
		assert.Empty(t, p.server.Revoked(), "bob may be somewhere else too")

		// With nobody signed in it simply signs in.
		_, err = p.call("loginSilently", "{}")
		require.NoError(t, err)
		assert.Equal(t, "bob", p.user())
	})
}

func TestS15ALogoutWinsOverASilentSignIn(t *testing.T) {
	opened(t, func(t *testing.T, p *page, w *windows, _ *browsertest.Profile) {
		w.set(func() { w.user = "alice" })
		_, err := p.call("loginSilently", "{}")
		require.NoError(t, err)
		w.set(func() {
			w.back = func(_ context.Context, sent url.Values) (string, error) {
				_, err := p.call("logout", "{}")
				require.NoError(t, err)
				w.set(func() { w.back = nil })
				return w.server.Authorize(issuer+"/authorize?"+sent.Encode(), "alice"), nil
			}
		})
		_, err = p.call("loginSilently", "{}")
		assert.Equal(t, "session_changed", code(err))
		assert.Equal(t, "anonymous", p.user())
	})
}

// lasting signs alice in at a server that gives no refresh tokens.
func lasting(t *testing.T, test func(t *testing.T, p *page, w *windows, profile *browsertest.Profile)) {
	opened(t, func(t *testing.T, p *page, w *windows, profile *browsertest.Profile) {
		p.server.NoRefreshToken = true
		w.set(func() { w.user = "alice" })
		_, err := p.call("loginWithPopup", `{"window":1}`)
		require.NoError(t, err)
		p.takeEvents()
		w.set(func() { w.kinds, w.shown = nil, nil })
		test(t, p, w, profile)
	})
}

func TestS15WithoutARefreshTokenASessionIsRenewedSilently(t *testing.T) {
	lasting(t, func(t *testing.T, p *page, w *windows, _ *browsertest.Profile) {
		for range 3 {
			time.Sleep(time.Hour)
			user, status, err := p.fetch()
			require.NoError(t, err)
			assert.Equal(t, []any{"alice", 200}, []any{user, status})
			assert.Equal(t, "refresh", p.takeEvents(), "before the token was over, and before anybody asked")
		}
		assert.Equal(t, []string{"frame", "frame", "frame"}, w.kinds)
	})
}

func TestS15SeveralTabsShareOneSilentRenewal(t *testing.T) {
	lasting(t, func(t *testing.T, p *page, w *windows, profile *browsertest.Profile) {
		tabs := []*page{p, openPage(t, profile, p.server, byCode()), openPage(t, profile, p.server, byCode())}
		p.server.Expire()
		for _, tab := range tabs {
			_, status, err := tab.fetch()
			require.NoError(t, err)
			assert.Equal(t, 200, status)
		}
		assert.Len(t, w.kinds, 1)
	})
}

func TestS15APageThatNobodySeesWaitsForARequest(t *testing.T) {
	lasting(t, func(t *testing.T, p *page, w *windows, _ *browsertest.Profile) {
		p.tab.Hide(true)
		time.Sleep(2 * time.Hour)
		assert.Empty(t, w.kinds)
		_, status, err := p.fetch()
		require.NoError(t, err)
		assert.Equal(t, 200, status, "but whoever asks gets a token, seen or not")
		assert.Len(t, w.kinds, 1)
	})
}

func TestS15AnAttemptAheadOfTimeThatFailsIsTheOnlyOne(t *testing.T) {
	tests := []struct {
		name string
		back func(context.Context, url.Values) (string, error)
	}{
		{"login required", func(_ context.Context, sent url.Values) (string, error) {
			return answer(sent, url.Values{"error": {"login_required"}}), nil
		}},
		{"never an answer", silence},
		{"trouble at the server", func(_ context.Context, sent url.Values) (string, error) {
			return answer(sent, url.Values{"error": {"temporarily_unavailable"}}), nil
		}},
		{"no frames", func(context.Context, url.Values) (string, error) { return "", browser.ErrNoWindow }},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			lasting(t, func(t *testing.T, p *page, w *windows, _ *browsertest.Profile) {
				w.set(func() { w.back = tt.back })
				time.Sleep(time.Hour - time.Second)
				assert.Equal(t, "alice", p.user(), "its token is good for another second")
				_, status, _ := p.fetch()
				assert.Equal(t, 200, status)
				time.Sleep(time.Hour)
				assert.Len(t, w.kinds, 1, "no more of it by itself")
				assert.Equal(t, "alice", p.user())
				assert.Empty(t, p.takeEvents())
			})
		})
	}
}

func TestS15WithATokenThatIsOver(t *testing.T) {
	refuse := func(fault string) func(context.Context, url.Values) (string, error) {
		return func(_ context.Context, sent url.Values) (string, error) {
			return answer(sent, url.Values{"error": {fault}}), nil
		}
	}
	tests := []struct {
		name        string
		back        func(context.Context, url.Values) (string, error)
		unreachable bool
		ends        bool
	}{
		{"login required", refuse("login_required"), false, true},
		{"access denied", refuse("access_denied"), false, true},
		{"never an answer", silence, false, true},
		{"never an answer, and no server", silence, true, false},
		{"trouble at the server", refuse("temporarily_unavailable"), false, false},
		{"no frames", func(context.Context, url.Values) (string, error) { return "", browser.ErrNoWindow }, false, true},
		{"left", func(context.Context, url.Values) (string, error) { return origin + "/", nil }, false, false},
	}
	for _, tt := range tests {
		for _, refused := range []bool{true, false} {
			t.Run(tt.name+map[bool]string{true: ", refused", false: ", by the clock"}[refused], func(t *testing.T) {
				lasting(t, func(t *testing.T, p *page, w *windows, profile *browsertest.Profile) {
					w.set(func() { w.back = tt.back })
					if tt.unreachable {
						p.server.Fault = func(*browser.Request, url.Values) (*browser.Response, error) { return nil, browser.ErrNetwork }
					}
					if refused {
						p.server.Expire()
					} else {
						profile.Jump(2 * time.Hour)
					}
					_, status, err := p.fetch()
					require.NoError(t, err)
					assert.Equal(t, 401, status, "the server's own refusal")
					if tt.ends {
						assert.Equal(t, "anonymous", p.user())
						assert.Equal(t, "expired, logout:expired", p.takeEvents())
						return
					}
					assert.Equal(t, "alice", p.user())
					assert.Empty(t, p.takeEvents())
					w.set(func() { p.server.Fault, w.back = nil, nil })
					time.Sleep(time.Minute)
					_, status, err = p.fetch()
					require.NoError(t, err)
					assert.Equal(t, 200, status, "it is tried again")
				})
			})
		}
	}
}

func TestOA28ASilentRenewalForAnotherPersonEndsTheSession(t *testing.T) {
	lasting(t, func(t *testing.T, p *page, w *windows, _ *browsertest.Profile) {
		w.set(func() { w.user = "bob" })
		time.Sleep(time.Hour)
		assert.Equal(t, "anonymous", p.user())
		assert.Equal(t, "expired, logout:expired", p.takeEvents())
		assert.Empty(t, p.server.Revoked(), "bob may be somewhere else too")
	})
}

func TestS15WhatThePageAsksForSaysWhyItFailed(t *testing.T) {
	lasting(t, func(t *testing.T, p *page, w *windows, _ *browsertest.Profile) {
		w.set(func() { w.user = "" })
		_, err := p.call("refresh", "{}")
		assert.Equal(t, "interaction_required", code(err))
		_, err = p.call("accessToken", `{"minValidity":7200}`)
		assert.Equal(t, "interaction_required", code(err))
		assert.Equal(t, "alice", p.user(), "whose token is good for an hour")
		w.set(func() { w.user = "alice" })
		_, err = p.call("refresh", "{}")
		require.NoError(t, err)
		assert.Equal(t, "refresh", p.takeEvents())
	})
}

func TestS15WithoutDiscoveryThereIsNoSilentRenewal(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		w := &windows{server: server, user: "alice"}
		profile.Window = w.show
		server.NoRefreshToken = true
		p := openPage(t, profile, server, strings.Replace(byCode(), `"scheme":"oidc"`,
			`"scheme":"oauth","endpoints":{"authorization":"`+issuer+`/authorize","token":"`+issuer+`/token"}`, 1))
		_, err := p.call("loginWithPopup", `{"window":1}`)
		require.NoError(t, err)
		p.takeEvents()
		server.Expire()
		_, status, err := p.fetch()
		require.NoError(t, err)
		assert.Equal(t, 401, status)
		assert.Equal(t, "expired, logout:expired", p.takeEvents())
		assert.Equal(t, []string{"popup"}, w.kinds)
	})
}

func TestS15AnAccessTokenThatIsGoodIsNotLostToMinValidity(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		server.NoRefreshToken = true
		p := alices(t, profile, server, config(""))
		_, err := p.call("accessToken", `{"minValidity":7200}`)
		assert.Equal(t, "session_expired", code(err))
		assert.Equal(t, "alice", p.user())
		assert.True(t, errors.As(err, new(*errcode.Error)))
	})
}
