package core_test

import (
	"context"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core"
	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
	"latchkey/core/errcode"
	"latchkey/core/strictjson"
)

const shopURL = "https://shop.test/shop-api"

// vendureServer answers what the runtime asks itself: by the field that it asks for.
type vendureServer struct {
	mu      sync.Mutex
	answers map[string]func(token string, variables strictjson.Value) *browser.Response
	asked   []string
	last    *browser.Request
	fail    error
	hang    bool
}

func (s *vendureServer) serve(ctx context.Context, req *browser.Request) (*browser.Response, error) {
	s.mu.Lock()
	s.last = req
	fail, hang := s.fail, s.hang
	v, _ := strictjson.Parse(req.Body)
	var answer func(string, strictjson.Value) *browser.Response
	field := ""
	for name, f := range s.answers {
		if strings.Contains(v.Get("query").TextOr(""), name+"(") || strings.Contains(v.Get("query").TextOr(""), " "+name+" ") {
			field, answer = name, f
		}
	}
	s.asked = append(s.asked, field+" "+req.Headers["authorization"]+" "+req.Headers["vendure-token"])
	s.mu.Unlock()
	if hang {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	if fail != nil || answer == nil {
		return nil, fail
	}
	return answer(strings.TrimPrefix(req.Headers["authorization"], "Bearer "), v.Get("variables")), nil
}

func (s *vendureServer) takeAsked() (asked []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	asked, s.asked = s.asked, nil
	return asked
}

func answering(token *string, body string) func(string, strictjson.Value) *browser.Response {
	return func(string, strictjson.Value) *browser.Response {
		r := &browser.Response{Status: 200, Headers: map[string]string{}, Body: []byte(body)}
		if token != nil {
			r.Headers["vendure-auth-token"] = *token
		}
		return r
	}
}

const (
	noUser = `{"errors":[{"message":"no","extensions":{"code":"FORBIDDEN"}}],"data":null}`
	alice  = `{"id":"7","identifier":"alice@example.test"}`
)

func vendureConfig(more string) string {
	return `{` + more + `"scheme":"vendure","key":"latchkey/1/shop/vendure/","issuer":"` + shopURL + `","url":"` + shopURL + `","client":"vendure","origin":"` + origin + `",
		"tokenMethod":"bearer","authTokenHeader":"vendure-auth-token","making":"mutation","flow":"password","context":"","storage":"local","home":"/","login":"/login","logout":"/logout"}`
}

// store is a world with a Vendure server where alice can sign in.
func store(t *testing.T, f func(t *testing.T, profile *browsertest.Profile, s *vendureServer)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		token, empty := "token-of-alice", ""
		s := &vendureServer{answers: map[string]func(string, strictjson.Value) *browser.Response{
			"login": answering(&token, `{"data":{"login":{"__typename":"CurrentUser","id":"7","identifier":"alice@example.test"}}}`),
			"me": func(asked string, _ strictjson.Value) *browser.Response {
				if asked == token {
					return answering(nil, `{"data":{"me":`+alice+`}}`)("", strictjson.Value{})
				}
				return answering(nil, noUser)("", strictjson.Value{})
			},
			"logout": answering(&empty, `{"data":{"logout":{"success":true}}}`),
		}}
		profile := browsertest.NewProfile()
		profile.Server = s.serve
		f(t, profile, s)
		time.Sleep(5 * time.Second) // as in world
	})
}

const signingIn = `{"username":"alice@example.test","password":"wonderland"}`

func (p *page) observed(t *testing.T, from, headers string) {
	t.Helper()
	_, err := p.call("observed", `{"as":"user",`+from+`,"headers":`+headers+`}`)
	require.NoError(t, err)
}

func TestVE01AVisitorsSessionIsNobodysAndGoesAlongToTheSignIn(t *testing.T) {
	store(t, func(t *testing.T, profile *browsertest.Profile, s *vendureServer) {
		p := openPage(t, profile, nil, vendureConfig(""))
		p.observed(t, `"session":"","version":0`, `{"vendure-auth-token":"token-of-a-visitor"}`)
		session, version, authorization, _ := p.now()
		assert.NotEmpty(t, session)
		assert.EqualValues(t, 1, version)
		assert.Equal(t, "Bearer token-of-a-visitor", authorization)
		assert.Equal(t, "anonymous", p.user())
		// After a reload, and in another tab.
		for range 2 {
			_, _, authorization, _ = openPage(t, profile, nil, vendureConfig("")).now()
			assert.Equal(t, "Bearer token-of-a-visitor", authorization)
		}
		assert.Equal(t, "", p.takeEvents())
		s.takeAsked()
		_, err := p.call("loginWithCredentials", signingIn)
		require.NoError(t, err)
		assert.Equal(t, []string{"login Bearer token-of-a-visitor "}, s.takeAsked())
		assert.Equal(t, "7", p.user())
		_, err = p.call("logout", "{}")
		require.NoError(t, err)
		assert.Equal(t, []string{"logout Bearer token-of-alice "}, s.takeAsked())
		assert.True(t, s.last.KeepAlive, "it outlives the page")
		assert.Equal(t, "login, logout:user", p.takeEvents())
		_, err = p.call("logout", "{}")
		require.NoError(t, err)
		assert.Empty(t, s.takeAsked(), "there is nothing to end")
	})
}

func TestARefusalBesideANewVisitorIsTheCallers(t *testing.T) {
	store(t, func(t *testing.T, profile *browsertest.Profile, s *vendureServer) {
		p := openPage(t, profile, nil, vendureConfig(""))
		_, err := p.call("loginWithCredentials", signingIn)
		require.NoError(t, err)
		session, version, _, _ := p.now()
		from := `"session":"` + session + `","version":` + string(rune('0'+version))
		p.observed(t, from, `{"vendure-auth-token":"token-of-a-visitor"}`)
		assert.Equal(t, "giveup", p.outcome("refused", `"as":"user",`+from, `,"status":200`))
		assert.Equal(t, "login, expired, logout:expired", p.takeEvents())
	})
}

func TestS99TheServersOwnErrorsAreTypedAndHaveNoSecrets(t *testing.T) {
	refused := func(code string) string {
		return `{"data":{"login":{"__typename":"E","errorCode":"` + code + `","message":"words"}}}`
	}
	quoting := `{"errors":[{"message":"Variable $password got invalid value wonderland","extensions":{"code":"BAD_USER_INPUT"}}]}`
	token := "token-of-alice"
	for name, test := range map[string]struct {
		answer   func(string, strictjson.Value) *browser.Response
		fail     error
		hang     bool
		code, of string
	}{
		"wrong":           {answer: answering(nil, refused("INVALID_CREDENTIALS_ERROR")), code: "invalid_credentials", of: "INVALID_CREDENTIALS_ERROR"},
		"not verified":    {answer: answering(nil, refused("NOT_VERIFIED_ERROR")), code: "invalid_credentials", of: "NOT_VERIFIED_ERROR"},
		"strategy":        {answer: answering(nil, refused("NATIVE_AUTH_STRATEGY_ERROR")), code: "invalid_credentials", of: "NATIVE_AUTH_STRATEGY_ERROR"},
		"quotes":          {answer: answering(nil, quoting), code: "server_error", of: "BAD_USER_INPUT"},
		"code that isn't": {answer: answering(nil, `{"errors":[{"extensions":{"code":"wonderland"}}]}`), code: "server_error"},
		"no channel":      {answer: answering(nil, `{"errors":[{"extensions":{"code":"CHANNEL_NOT_FOUND"}}]}`), code: "config_invalid", of: "CHANNEL_NOT_FOUND"},
		"nobody":          {answer: answering(&token, `{"data":{"login":null}}`), code: "server_error"},
		"hidden":          {answer: answering(nil, `{"data":{"login":`+alice+`}}`), code: "server_error"},
		"no JSON":         {answer: answering(&token, `<h1>`), code: "server_error"},
		"no object":       {answer: answering(&token, `[]`), code: "server_error"},
		"network":         {fail: browser.ErrNetwork, code: "network_error"},
		"hangs":           {hang: true, code: "timeout"},
	} {
		t.Run(name, func(t *testing.T) {
			store(t, func(t *testing.T, profile *browsertest.Profile, s *vendureServer) {
				p := openPage(t, profile, nil, vendureConfig(""))
				s.answers["login"], s.fail, s.hang = test.answer, test.fail, test.hang
				_, err := p.call("loginWithCredentials", signingIn)
				text := errcode.JSON(err)
				v, _ := strictjson.Parse(text)
				assert.Equal(t, test.code, v.Get("code").TextOr(""))
				assert.Equal(t, test.of, v.Get("oauth").Get("error").TextOr(""))
				assert.NotContains(t, text, "wonderland")
				assert.NotContains(t, text, token)
				assert.Equal(t, "anonymous", p.user())
				_, _, authorization, _ := p.now()
				assert.Empty(t, authorization)
			})
		})
	}
}

func TestRememberMeIsWhatTheStorageIs(t *testing.T) {
	for _, test := range []struct{ storage, params, remembered string }{
		{"local", ``, "true"},
		{"session", ``, "false"},
		{"memory", ``, "false"},
		{"custom", `,"params":{"rememberMe":"false"}`, "false"},
		{"session", `,"params":{"rememberMe":"true"}`, "true"},
	} {
		store(t, func(t *testing.T, profile *browsertest.Profile, s *vendureServer) {
			p := openPage(t, profile, nil, strings.Replace(vendureConfig(""), `"storage":"local"`, `"storage":"`+test.storage+`"`, 1))
			_, err := p.call("loginWithCredentials", `{"username":"a","password":"b"`+test.params+`}`)
			require.NoError(t, err)
			assert.Contains(t, s.last.Body, `"rememberMe":`+test.remembered)
			_, err = p.call("loginWith", `{"operation":"login","variables":{"username":"a","password":"b","rememberMe":true}}`)
			require.NoError(t, err)
			assert.Contains(t, s.last.Body, `"rememberMe":true`)
		})
	}
}

func TestAChannelThatIsUnknownIsForgottenAndTold(t *testing.T) {
	store(t, func(t *testing.T, profile *browsertest.Profile, s *vendureServer) {
		p := openPage(t, profile, nil, vendureConfig(`"channelToken":"gone",`))
		login := s.answers["login"]
		s.answers["login"] = answering(nil, `{"errors":[{"extensions":{"code":"CHANNEL_NOT_FOUND"}}]}`)
		_, err := p.call("loginWithCredentials", signingIn)
		assert.Error(t, err)
		assert.Equal(t, []string{"login  gone"}, s.takeAsked())
		assert.Equal(t, []string{"config_invalid"}, p.codes())
		s.answers["login"] = login
		_, err = p.call("loginWithCredentials", signingIn)
		require.NoError(t, err)
		assert.Equal(t, []string{"login  "}, s.takeAsked())
		p.observedCode(t)
		assert.Equal(t, []string{"config_invalid", "config_invalid"}, p.codes())
	})
	store(t, func(t *testing.T, profile *browsertest.Profile, s *vendureServer) {
		p := openPage(t, profile, nil, vendureConfig(`"channelToken":"gone",`))
		me := s.answers["me"]
		s.answers["me"] = func(token string, v strictjson.Value) *browser.Response {
			if s.last.Headers["vendure-token"] != "" {
				return answering(nil, `{"errors":[{"extensions":{"code":"CHANNEL_NOT_FOUND"}}]}`)(token, v)
			}
			return me(token, v)
		}
		p.observed(t, `"session":"","version":0`, `{"vendure-auth-token":"token-of-alice"}`)
		assert.Equal(t, "7", p.user(), "who it is depends on no channel")
	})
}

func (p *page) observedCode(t *testing.T) {
	t.Helper()
	_, err := p.call("observed", `{"as":"user","session":"","version":0,"headers":{},"code":"CHANNEL_NOT_FOUND"}`)
	require.NoError(t, err)
}

func TestACookieOfBeforeIsFoundAtTheStartAndComparedLater(t *testing.T) {
	store(t, func(t *testing.T, profile *browsertest.Profile, s *vendureServer) {
		cookie := `"tokenMethod":"cookie",`
		config := strings.Replace(vendureConfig(cookie), `"tokenMethod":"bearer",`, "", 1)
		s.answers["me"] = answering(nil, `{"data":{"me":`+alice+`}}`)
		p := openPage(t, profile, nil, config)
		assert.Equal(t, "7", p.user())
		assert.Equal(t, "", p.takeEvents())
		assert.True(t, s.last.Credentials)
		_, err := p.call("accessToken", "{}")
		assert.ErrorContains(t, err, "not_supported")
		say := make(chan struct{})
		s.answers["me"] = func(token string, v strictjson.Value) *browser.Response {
			<-say
			return answering(nil, noUser)(token, v)
		}
		again := openPage(t, profile, nil, config)
		assert.Equal(t, "7", again.user(), "what is stored is shown until the server has said otherwise")
		close(say)
		synctest.Wait()
		assert.Equal(t, "anonymous", again.user())
		assert.Equal(t, "expired, logout:expired", again.takeEvents())

		// A server that says nothing ends nothing, and holds nobody up for good.
		s.hang = true
		_, err = p.call("loginWithCredentials", signingIn)
		assert.ErrorContains(t, err, "timeout")
		start := time.Now()
		slow := openPage(t, browsertestProfile(s), nil, config)
		assert.Equal(t, "anonymous", slow.user())
		assert.LessOrEqual(t, time.Since(start), 20*time.Second)
	})
}

func browsertestProfile(s *vendureServer) *browsertest.Profile {
	profile := browsertest.NewProfile()
	profile.Server = s.serve
	return profile
}

func TestALogoutThatTheServerDidNotHearOfIsToldWhereTheCookieStays(t *testing.T) {
	for cookie, want := range map[bool]string{true: "login, logout:user, error", false: "login, logout:user"} {
		store(t, func(t *testing.T, profile *browsertest.Profile, s *vendureServer) {
			config := vendureConfig("")
			if cookie {
				config = strings.Replace(config, `"bearer"`, `"cookie"`, 1)
			}
			p := openPage(t, profile, nil, config)
			_, err := p.call("loginWithCredentials", signingIn)
			require.NoError(t, err)
			s.fail, s.answers = browser.ErrNetwork, nil
			_, err = p.call("logout", "{}")
			require.NoError(t, err)
			assert.Equal(t, want, p.takeEvents())
		})
	}
}

func TestClientTokensAreNotForVendure(t *testing.T) {
	_, err := core.New(vendureConfig(`"clientTokens":true,`), browsertest.NewProfile().Open(origin).Browser(), func(string) {})
	assert.ErrorContains(t, err, "config_invalid")
}
