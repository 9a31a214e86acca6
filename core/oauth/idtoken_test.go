package oauth

import (
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
	"latchkey/core/errcode"
	"latchkey/core/secret"
	"latchkey/core/session"
)

func TestClaims(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now().Unix()
		at := func(seconds int64) string { return fmt.Sprint(now + seconds) }
		tests := []struct {
			name, claim, value string
			ok                 bool
		}{
			{"as it should be", "", "", true},
			{"OP-02 JW-23 another issuer", "iss", `"https://evil.test"`, false},
			{"OP-52 no issuer", "iss", "", false},
			{"JW-23 an issuer with a slash", "iss", `"https://id.test/"`, false},
			{"JW-23 an issuer in other case", "iss", `"https://ID.test"`, false},
			{"JW-23 an issuer in a list", "iss", `["https://id.test"]`, false},
			{"OP-03 JW-24 no sub", "sub", "", false},
			{"JW-24 an empty sub", "sub", `""`, false},
			{"JW-24 a sub that is null", "sub", `null`, false},
			{"JW-24 a sub that is a number", "sub", "7", false},
			{"JW-24 a sub that is an object", "sub", `{"id":"alice"}`, false},
			{"JW-24 a sub in a list", "sub", `["alice"]`, false},
			{"JW-24 a sub of 300 characters", "sub", `"` + strings.Repeat("a", 300) + `"`, false},
			{"JW-24 a sub of 256 characters", "sub", `"` + strings.Repeat("a", 256) + `"`, false},
			{"JW-24 a sub of 255 characters", "sub", `"` + strings.Repeat("é", 255) + `"`, true},
			{"OP-04 another audience", "aud", `"other"`, false},
			{"OP-05 no audience", "aud", "", false},
			{"OP-51 an audience in a list", "aud", `["shop"]`, true},
			{"OP-50 a second audience", "aud", `["shop","other"]`, false},
			{"OP-50 a second audience in front", "aud", `["other","shop"]`, false},
			{"JW-23 an empty list", "aud", `[]`, false},
			{"JW-23 a list in a list", "aud", `[["shop"]]`, false},
			{"JW-23 a number in the list", "aud", `["shop",1]`, false},
			{"JW-23 an audience that only starts so", "aud", `"shopping"`, false},
			{"JW-23 an audience among words", "aud", `"shop other"`, false},
			{"JW-23 an audience that is a number", "aud", `7`, false},
			{"JW-23 an audience that is an object", "aud", `{"0":"shop"}`, false},
			{"JW-23 azp is this client", "azp", `"shop"`, true},
			{"JW-23 azp is another client", "azp", `"other"`, false},
			{"JW-23 azp is null", "azp", `null`, false},
			{"JW-23 azp in a list", "azp", `["shop"]`, false},
			{"OP-52 no exp", "exp", "", false},
			{"OP-52 JW-26 expired", "exp", at(-61), false},
			{"expired just beyond the tolerance", "exp", at(-60), false},
			{"OP-60 expired within the tolerance", "exp", at(-59), true},
			{"JW-22 an exp that is text", "exp", `"9999999999"`, false},
			{"JW-22 an exp that is true", "exp", `true`, false},
			{"JW-22 an exp that is null", "exp", `null`, false},
			{"JW-22 an exp in a list", "exp", `[9999999999]`, false},
			{"JW-22 exp -1", "exp", "-1", false},
			{"JW-22 exp 0", "exp", "0", false},
			{"JW-22 exp 1.5", "exp", "1.5", false},
			{"JW-22 an exp with a fraction", "exp", at(300) + ".5", true},
			{"JW-22 an exp with an exponent", "exp", "9.0e9", true},
			{"JW-22 exp 1e999", "exp", "1e999", false},
			{"JW-22 exp 1e300", "exp", "1e300", false},
			{"JW-22 exp 2^53+1", "exp", "9007199254740993", false},
			{"JW-22 exp 2^63", "exp", "9223372036854775808", false},
			{"exp in milliseconds", "exp", at(300) + "000", false},
			{"exp at the end of time", "exp", "253402300799", true},
			{"OP-06 no iat", "iat", "", false},
			{"an iat that is text", "iat", `"1"`, false},
			{"JW-26 an iat a day ahead", "iat", at(86400), false},
			{"an iat beyond the tolerance", "iat", at(61), false},
			{"OP-60 an iat within the tolerance", "iat", at(60), true},
			{"OP-57 an iat a week ago", "iat", at(-7 * 86400), true},
			{"JW-26 an nbf ahead", "nbf", at(61), false},
			{"an nbf within the tolerance", "nbf", at(60), true},
			{"an nbf that is text", "nbf", `"0"`, false},
			{"OP-15 JW-25 another nonce", "nonce", `"m"`, false},
			{"OP-53 JW-25 no nonce", "nonce", "", false},
			{"JW-25 an empty nonce", "nonce", `""`, false},
			{"JW-25 a nonce in a list", "nonce", `["n"]`, false},
			{"JW-15 a claim in other case", "SUB", `"mallory"`, true},
			{"OP-58 auth_time where nobody asked", "auth_time", at(-1e6), true},
			{"JW-28 claims with names of prototypes", "__proto__", `{"sub":"mallory"}`, true},
		}
		for _, tt := range tests {
			p := newProvider(nil)
			var change []string
			if tt.claim != "" {
				change = []string{tt.claim, tt.value}
			}
			token := browsertest.Sign("ES256", es256, claimsOf(time.Now(), change...))
			got, err := p.identify(t.Context(), token)
			if tt.ok {
				assert.NoError(t, err, tt.name)
				assert.NotEmpty(t, got.Subject, tt.name)
				continue
			}
			assert.Equal(t, errcode.IDTokenInvalid, errcode.Of(err), tt.name)
			assert.True(t, got.Access.Empty() && got.ID.Empty() && got.Claims == "", tt.name)
			if tt.claim != "aud" {
				assert.Contains(t, fmt.Sprint(err), tt.claim, "it names the claim")
			}
			refused(t, err, token)
		}
	})
}

func TestJW25NoNonceWhereNoneWasSent(t *testing.T) {
	p := newProvider(nil)
	none := func(want *expectation) { want.nonce = secret.String{} }
	_, err := p.identify(t.Context(), browsertest.Sign("ES256", es256, claimsOf(time.Now(), "nonce", "")), none)
	assert.NoError(t, err)
	token := browsertest.Sign("ES256", es256, claimsOf(time.Now()))
	_, err = p.identify(t.Context(), token, none)
	refused(t, err, token)
}

func TestOP58JW26MaxAge(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now().Unix()
		tests := []struct {
			name     string
			maxAge   int64
			authTime string
			ok       bool
		}{
			{"just now", 0, fmt.Sprint(now), true},
			{"within it", 300, fmt.Sprint(now - 300), true},
			{"within it and the tolerance", 300, fmt.Sprint(now - 360), true},
			{"longer ago", 300, fmt.Sprint(now - 361), false},
			{"missing", 300, "", false},
			{"text", 300, `"` + fmt.Sprint(now) + `"`, false},
			{"ahead within the tolerance", 300, fmt.Sprint(now + 60), true},
			{"ahead", 300, fmt.Sprint(now + 61), false},
			{"JW-22 so far ahead that a sum overflows", 300, "9223372036854775807", false},
			{"JW-22 a max_age whose sum overflows", 1<<63 - 1, fmt.Sprint(now - 1000), true},
			{"JW-22 a max_age whose sum overflows, at the beginning of time", 1<<63 - 1, "0", true},
			{"before all time", 300, "-1", false},
		}
		for _, tt := range tests {
			p := newProvider(nil)
			_, err := p.identify(t.Context(), browsertest.Sign("ES256", es256, claimsOf(time.Now(), "auth_time", tt.authTime)), func(want *expectation) { want.maxAge = &tt.maxAge })
			assert.Equal(t, tt.ok, err == nil, "%s: %v", tt.name, err)
			if !tt.ok {
				assert.ErrorContains(t, err, "auth_time", tt.name)
			}
		}
	})
}

func TestOP21OP24JW27Hashes(t *testing.T) {
	half := func(alg, of string) string {
		sum := sha256.Sum256([]byte(of))
		if alg == "EdDSA" {
			five := sha512.Sum512([]byte(of))
			return base64.RawURLEncoding.EncodeToString(five[:32])
		}
		return base64.RawURLEncoding.EncodeToString(sum[:16])
	}
	headers := map[string]string{"RS256": rs256, "PS256": ps256, "ES256": es256, "EdDSA": eddsa}
	for alg, header := range headers {
		other := "EdDSA"
		if alg == other {
			other = "ES256"
		}
		quote := func(s string) string { return `"` + s + `"` }
		whole := sha256.Sum256([]byte("at"))
		tests := []struct {
			name, claim, value string
			code, front        bool // the code flow, and what comes in the address
		}{
			{"none", "", "", true, false},
			{"at_hash", "at_hash", quote(half(alg, "at")), true, true},
			{"OP-21 at_hash of another token", "at_hash", quote(half(alg, "at2")), false, false},
			{"JW-27 at_hash of another algorithm", "at_hash", quote(half(other, "at")), false, false},
			{"at_hash whole", "at_hash", quote(base64.RawURLEncoding.EncodeToString(whole[:])), false, false},
			{"at_hash padded", "at_hash", quote(half(alg, "at") + "=="), false, false},
			{"at_hash empty", "at_hash", `""`, false, false},
			{"at_hash null", "at_hash", `null`, false, false},
			{"at_hash in a list", "at_hash", `[` + quote(half(alg, "at")) + `]`, false, false},
			{"the token itself", "at_hash", `"at"`, false, false},
		}
		for _, tt := range tests {
			for _, front := range []bool{false, true} {
				p := newProvider(nil)
				_, err := p.identify(t.Context(), browsertest.Sign(alg, header, claimsOf(time.Now(), tt.claim, tt.value)), func(want *expectation) { want.front = front })
				ok := tt.code
				if front {
					ok = tt.front // OP-22: it must be there
				}
				assert.Equal(t, ok, err == nil, "%s, %s, front %t: %v", alg, tt.name, front, err)
				if !ok {
					assert.ErrorContains(t, err, "at_hash")
				}
			}
		}
		for name, of := range map[string]string{"c_hash": "code", "s_hash": "lk.state"} {
			with := func(value string, front bool) error {
				p := newProvider(nil)
				_, err := p.identify(t.Context(), browsertest.Sign(alg, header, claimsOf(time.Now(), "at_hash", quote(half(alg, "at")), name, value)), func(want *expectation) {
					want.front, want.code, want.state = front, secret.New("code"), secret.New("lk.state")
					if name == "s_hash" {
						want.code = secret.String{}
					}
				})
				return err
			}
			assert.NoError(t, with(quote(half(alg, of)), false))
			assert.NoError(t, with(quote(half(alg, of)), true))
			assert.ErrorContains(t, with(quote(half(alg, "other")), true), name, "OP-23")
			assert.ErrorContains(t, with(quote(half(alg, "other")), false), name, "JW-27: in the code flow too")
			assert.ErrorContains(t, with(quote(half(other, of)), false), name, "JW-27: of another algorithm")
			assert.NoError(t, with("", false))
			assert.Equal(t, name == "s_hash", with("", true) == nil, "OP-24: c_hash must be there")
		}
	}
}

func TestOP61NoIDTokenAlthoughOpenIDWasAsked(t *testing.T) {
	p := newProvider(nil)
	p.answer = `{"access_token":"at","token_type":"bearer"}`
	_, err := p.client.exchange(t.Context(), Transaction{Nonce: secret.New("n")}, secret.New("code"))
	assert.Equal(t, errcode.IDTokenInvalid, errcode.Of(err))
}

func TestJW27TheCodeFlowChecksCHash(t *testing.T) {
	sum := sha256.Sum256([]byte("another code"))
	hash := `"` + base64.RawURLEncoding.EncodeToString(sum[:16]) + `"`
	for _, name := range []string{"c_hash", "s_hash"} {
		p := newProvider(nil)
		p.answer = fmt.Sprintf(`{"access_token":"at","token_type":"bearer","id_token":%q}`, browsertest.Sign("ES256", es256, claimsOf(time.Now(), name, hash)))
		_, err := p.client.exchange(t.Context(), Transaction{Nonce: secret.New("n"), State: secret.New("s")}, secret.New("code"))
		assert.ErrorContains(t, err, name)
	}
}

// Without discovery and without keys TLS vouches for what the token endpoint
// sends (OpenID Connect Core, section 3.1.3.7, item 6), and for nothing else.
func TestOAuthWithoutKeys(t *testing.T) {
	own := func(c *Config) {
		c.Discover, c.Endpoints = false, Endpoints{Token: issuer + "/token"}
	}
	claims := claimsOf(time.Now())
	unsigned := b64(`{"alg":"RS256"}`) + "." + b64(claims) + ".c2ln"
	p := newProvider(own)
	_, err := p.identify(t.Context(), unsigned)
	assert.NoError(t, err)
	_, err = p.identify(t.Context(), unsigned, func(want *expectation) { want.front = true })
	refused(t, err, unsigned)
	none := browsertest.Sign("none", `{"alg":"none"}`, claims)
	_, err = p.identify(t.Context(), none)
	refused(t, err, none)

	p = newProvider(func(c *Config) {
		own(c)
		c.Endpoints.JWKS = issuer + "/keys"
	})
	_, err = p.identify(t.Context(), unsigned)
	refused(t, err, unsigned)
	_, err = p.identify(t.Context(), browsertest.Sign("RS256", rs256, claims))
	assert.NoError(t, err)
}

func TestOP36OP39RefreshedTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		old := session.Tokens{Refresh: secret.New("rt_1"), Subject: "alice", ID: secret.New("old"), Claims: claimsOf(now, "auth_time", "1000")}
		tests := []struct {
			name   string
			change []string
			ok     bool
		}{
			{"without a nonce", []string{"nonce", ""}, true},
			{"with the nonce of the sign-in", []string{"nonce", `"n"`}, true},
			{"OP-36 another issuer", []string{"iss", `"https://evil.test"`}, false},
			{"OP-37 RR-36 somebody else", []string{"sub", `"mallory"`}, false},
			{"OP-38 another audience", []string{"aud", `"other"`}, false},
			{"OP-38 another audience beside", []string{"aud", `["shop","other"]`}, false},
			{"OP-38 another azp", []string{"azp", `"other"`}, false},
			{"OP-38 another nonce", []string{"nonce", `"m"`}, false},
			{"OP-38 another auth_time", []string{"auth_time", "1001"}, false},
			{"OP-38 an auth_time that is text", []string{"auth_time", `"1000"`}, false},
			{"the same auth_time, spelled otherwise", []string{"auth_time", "1e3"}, true},
			{"no auth_time", nil, true},
			{"the same auth_time", []string{"auth_time", "1000"}, true},
			{"RR-16 expired by this clock", []string{"exp", fmt.Sprint(now.Unix() - 3600), "iat", fmt.Sprint(now.Unix() - 7200)}, true},
			{"RR-16 ahead of this clock", []string{"exp", fmt.Sprint(now.Unix() + 7200), "iat", fmt.Sprint(now.Unix() + 3600), "nbf", fmt.Sprint(now.Unix() + 3600)}, true},
			{"no iat", []string{"iat", ""}, false},
			{"another at_hash", []string{"at_hash", `"AAAAAAAAAAAAAAAAAAAAAA"`}, false},
		}
		for _, tt := range tests {
			p := newProvider(nil)
			token := browsertest.Sign("ES256", es256, claimsOf(now, tt.change...))
			p.answer = fmt.Sprintf(`{"access_token":"at","token_type":"bearer","id_token":%q}`, token)
			got, err := p.client.Refresh(t.Context(), old, "")
			if tt.ok {
				require.NoError(t, err, tt.name)
				assert.Equal(t, token, got.ID.Expose(), tt.name)
				continue
			}
			assert.True(t, p.client.Dead(err), "%s: %v", tt.name, err)
			assert.True(t, got.Access.Empty(), "%s: nothing of it is used", tt.name)
		}
		// The other kinds of forgery end it too.
		for _, token := range []string{browsertest.Sign("none", `{"alg":"none"}`, claimsOf(now)), browsertest.Sign("ES256", `{"alg":"ES256","kid":"r"}`, claimsOf(now, "sub", `"mallory"`)), browsertest.Sign("ES256", es256, claimsOf(now))[:200]} {
			p := newProvider(nil)
			p.answer = fmt.Sprintf(`{"access_token":"at","token_type":"bearer","id_token":%q}`, token)
			_, err := p.client.Refresh(t.Context(), old, "")
			assert.True(t, p.client.Dead(err))
		}
		// OP-39: without an id token the old one goes on.
		p := newProvider(nil)
		p.answer = `{"access_token":"at","token_type":"bearer"}`
		got, err := p.client.Refresh(t.Context(), old, "")
		require.NoError(t, err)
		assert.Equal(t, old.Claims, got.After(old).Claims)
		assert.Equal(t, "old", got.After(old).ID.Expose())
	})
}

// A refresh token that rotates is spent: what came for it must not be lost
// because the keys can't be had.
func TestARefreshOutlivesKeysThatCanNotBeHad(t *testing.T) {
	old := session.Tokens{Refresh: secret.New("rt_1"), Subject: "alice", ID: secret.New("old"), Claims: claimsOf(time.Now())}
	for name, trouble := range map[string]func(*provider){
		"503":             func(p *provider) { p.down = browsertest.JSON(503, "") },
		"429":             func(p *provider) { p.down = browsertest.JSON(429, "") },
		"404":             func(p *provider) { p.down = browsertest.JSON(404, "") },
		"a portal":        func(p *provider) { p.down = browsertest.JSON(200, "<html>") },
		"no network":      func(p *provider) { p.err = browser.ErrNetwork },
		"too large":       func(p *provider) { p.err = browser.ErrTooLarge },
		"no keys":         func(p *provider) { p.keys = `{"keys":[]}` },
		"an unknown kid":  func(p *provider) { p.keys = strings.Replace(allKeys, `"kid":"e"`, `"kid":"f"`, 1) },
		"no jwks_uri":     func(p *provider) { p.metadata = `,"jwks_uri":null` },
		"no EdDSA at all": nil,
	} {
		p := newProvider(nil)
		header, alg := es256, "ES256"
		if trouble == nil {
			header, alg = eddsa, "EdDSA"
			p.client.crypto = noEdDSA{p.client.crypto}
		} else {
			trouble(p)
		}
		p.answer = fmt.Sprintf(`{"access_token":"at","token_type":"bearer","refresh_token":"rt_2","id_token":%q}`, browsertest.Sign(alg, header, claimsOf(time.Now(), "name", `"Alice"`)))
		got, err := p.client.Refresh(t.Context(), old, "")
		require.NoError(t, err, name)
		got = got.After(old)
		assert.Equal(t, "rt_2", got.Refresh.Expose(), name)
		assert.Equal(t, "old", got.ID.Expose(), "%s: what could not be verified is not used", name)
		assert.Equal(t, old.Claims, got.Claims, name)

		// But not for somebody else.
		p.answer = fmt.Sprintf(`{"access_token":"at","token_type":"bearer","refresh_token":"rt_2","id_token":%q}`, browsertest.Sign(alg, header, claimsOf(time.Now(), "sub", `"mallory"`)))
		_, err = p.client.Refresh(t.Context(), old, "")
		assert.True(t, p.client.Dead(err), name)
	}
}

func TestARefreshLeavesTimeToStoreWhatCame(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		old := session.Tokens{Refresh: secret.New("rt_1"), Subject: "alice"}
		p := newProvider(nil)
		p.answer = fmt.Sprintf(`{"access_token":"at","token_type":"bearer","refresh_token":"rt_2","id_token":%q}`, browsertest.Sign("ES256", es256, claimsOf(time.Now())))
		p.client.http = silent{p.client.http}
		ctx, cancel := contextFor(t, 10*time.Second)
		defer cancel()
		got, err := p.client.Refresh(ctx, old, "")
		require.NoError(t, err)
		assert.Equal(t, "rt_2", got.Refresh.Expose())
		assert.NoError(t, ctx.Err())
	})
}

func TestOP60RR16AClockThatIsWrong(t *testing.T) {
	tests := []struct {
		name string
		skew time.Duration // of the server against us
		date bool          // the page may see Date
		ok   bool
	}{
		{"5 minutes ahead of the server", -5 * time.Minute, true, true},
		{"5 minutes behind", 5 * time.Minute, true, true},
		{"an hour ahead", -time.Hour, true, true},
		{"an hour behind", time.Hour, true, true},
		{"a day ahead", -24 * time.Hour, true, true},
		{"a day behind", 24 * time.Hour, true, true},
		{"a day and a minute ahead", -24*time.Hour - time.Minute, true, false},
		{"a day and a minute behind", 24*time.Hour + time.Minute, true, false},
		{"within the tolerance, unseen", 55 * time.Second, false, true},
		{"an hour ahead, unseen", -time.Hour, false, false},
		{"an hour behind, unseen", time.Hour, false, false},
	}
	for _, tt := range tests {
		synctest.Test(t, func(t *testing.T) {
			p := newProvider(nil)
			there := time.Now().Add(tt.skew)
			answer := func(claims string) {
				p.answer = fmt.Sprintf(`{"access_token":"at","token_type":"bearer","expires_in":60,"id_token":%q}`, browsertest.Sign("ES256", es256, claims))
			}
			if tt.date {
				p.date = there.UTC().Format(http.TimeFormat)
			}
			answer(claimsOf(there))
			got, err := p.client.exchange(t.Context(), Transaction{Nonce: secret.New("n")}, secret.New("code"))
			if !tt.ok {
				assert.Equal(t, errcode.IDTokenInvalid, errcode.Of(err), tt.name)
				assert.ErrorContains(t, err, "clock right?", tt.name)
				return
			}
			require.NoError(t, err, tt.name)
			assert.Equal(t, time.Now().Add(time.Minute).Unix(), got.ExpiresAt.Unix(), "%s: an access token ends by this clock", tt.name)

			// What is over at the server too stays refused.
			answer(claimsOf(there, "exp", fmt.Sprint(min(there.Unix(), time.Now().Unix())-61)))
			_, err = p.client.exchange(t.Context(), Transaction{Nonce: secret.New("n")}, secret.New("code"))
			assert.ErrorContains(t, err, "exp", tt.name)
			// And a token that did not come with the date is judged by this clock.
			if tt.skew.Abs() >= time.Hour {
				_, err = p.identify(t.Context(), browsertest.Sign("ES256", es256, claimsOf(there, "at_hash", `"x"`)), func(want *expectation) { want.front = true })
				assert.ErrorContains(t, err, "clock right?", tt.name)
			}
		})
	}
}

func TestAWrongDateRefusesNothing(t *testing.T) {
	for _, date := range []string{"Sun, 06 Nov 1994 08:49:37 GMT", "soon", "-1", "Fri, 31 Dec 9999 23:59:59 GMT", time.Now().Add(-2 * time.Hour).UTC().Format(http.TimeFormat)} {
		p := newProvider(nil)
		p.date = date
		p.answer = fmt.Sprintf(`{"access_token":"at","token_type":"bearer","id_token":%q}`, browsertest.Sign("ES256", es256, claimsOf(time.Now())))
		_, err := p.client.exchange(t.Context(), Transaction{Nonce: secret.New("n")}, secret.New("code"))
		assert.NoError(t, err, date)
	}
}

func TestOP50AudiencesThatThePageTrusts(t *testing.T) {
	for aud, ok := range map[string]bool{
		`["shop","project"]`: true, `["project","shop"]`: true, `["shop"]`: true, `"shop"`: true,
		`["project"]`: false, `"project"`: false, `["shop","project","other"]`: false, `[]`: false, `["shop",7]`: false, `["shop",""]`: false,
	} {
		p := newProvider(nil)
		p.client.TrustedAudiences = []string{"project"}
		_, err := p.identify(t.Context(), browsertest.Sign("ES256", es256, claimsOf(time.Now(), "aud", aud)))
		assert.Equal(t, ok, err == nil, aud)
	}
}
