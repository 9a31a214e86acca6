package oauth

import (
	"context"
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
	"latchkey/core/secret"
	"latchkey/core/session"
)

// info answers at the userinfo endpoint.
type info struct {
	browser.HTTP
	answer *browser.Response
	err    error
	got    *browser.Request
}

func (i *info) Do(ctx context.Context, req *browser.Request) (*browser.Response, error) {
	if strings.HasSuffix(req.URL, "/me") {
		i.got = req
		return i.answer, i.err
	}
	return i.HTTP.Do(ctx, req)
}

func TestOP14OP19UserInfo(t *testing.T) {
	tests := []struct {
		name, body string
		status     int
		err        error
		code       errcode.Code
	}{
		{"about the person", `{"sub":"alice","name":"Alice"}`, 200, nil, ""},
		{"OP-14 about somebody else", `{"sub":"mallory","name":"Mallory"}`, 200, nil, errcode.ServerError},
		{"no sub", `{"name":"Alice"}`, 200, nil, errcode.ServerError},
		{"a sub in other case", `{"Sub":"alice"}`, 200, nil, errcode.ServerError},
		{"a sub twice", `{"sub":"alice","sub":"alice"}`, 200, nil, errcode.ServerError},
		{"HTML", `<html>`, 200, nil, errcode.ServerError},
		{"a list", `[]`, 200, nil, errcode.ServerError},
		{"a token that is not taken", ``, 401, nil, errcode.SessionExpired},
		{"a scope that is too small", ``, 403, nil, errcode.ServerError},
		{"trouble", ``, 503, nil, errcode.ServerError},
		{"too often", ``, 429, nil, errcode.RateLimited},
		{"no answer", ``, 0, browser.ErrNetwork, errcode.NetworkError},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newProvider(nil)
			endpoint := &info{HTTP: p.client.http, answer: browsertest.JSON(tt.status, tt.body), err: tt.err}
			p.client.http = endpoint
			got, err := p.client.UserInfo(t.Context(), session.Tokens{Type: "Bearer", Access: secret.New("at_x"), Subject: "alice"})
			assert.Equal(t, tt.code, errcode.Of(err))
			assert.Equal(t, "Bearer at_x", endpoint.got.Headers["authorization"])
			assert.NotContains(t, endpoint.got.URL+endpoint.got.Body, "at_x", "OP-20: nowhere but in the header")
			if err != nil {
				assert.Empty(t, got)
				assert.NotContains(t, err.Error(), "at_x")
				assert.NotContains(t, err.Error(), "mallory")
				return
			}
			assert.JSONEq(t, tt.body, got)
		})
	}
}

func TestOP27SignedUserInfo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		now := time.Now()
		claims := func(change ...string) string {
			return claimsOf(now, append([]string{"exp", "", "iat", "", "nonce", ""}, change...)...)
		}
		wrong, _ := ecKey(t)
		tests := []struct {
			name, token, metadata string
			ok                    bool
		}{
			{"as it should be", browsertest.Sign("ES256", es256, claims()), "", true},
			{"with a time", browsertest.Sign("ES256", es256, claims("exp", "99999999999")), "", true},
			{"expired within the tolerance", browsertest.Sign("ES256", es256, claims("exp", fmt.Sprint(now.Unix()-59))), "", true},
			{"expired just beyond the tolerance", browsertest.Sign("ES256", es256, claims("exp", fmt.Sprint(now.Unix()-60))), "", false},
			{"expired", browsertest.Sign("ES256", es256, claims("exp", "1")), "", false},
			{"not signed", browsertest.Sign("none", `{"alg":"none"}`, claims()), "", false},
			{"by another key", browsertest.SignWith(wrong, "ES256", es256, claims()), "", false},
			{"another issuer", browsertest.Sign("ES256", es256, claims("iss", `"https://evil.test"`)), "", false},
			{"no issuer", browsertest.Sign("ES256", es256, claims("iss", "")), "", false},
			{"another audience", browsertest.Sign("ES256", es256, claims("aud", `"other"`)), "", false},
			{"no audience", browsertest.Sign("ES256", es256, claims("aud", "")), "", false},
			{"somebody else", browsertest.Sign("ES256", es256, claims("sub", `"mallory"`)), "", false},
			{"an algorithm that was not announced", browsertest.Sign("ES256", es256, claims()), `,"userinfo_signing_alg_values_supported":["RS256"]`, false},
			{"no keys", browsertest.Sign("ES256", es256, claims()), `,"jwks_uri":null`, false},
			{"encrypted", "AA.AA.AA.AA.AA", "", false},
			{"plain JSON", `{"sub":"alice"}`, "", false},
		}
		for _, tt := range tests {
			p := newProvider(nil)
			p.metadata = tt.metadata
			answer := browsertest.JSON(200, tt.token)
			answer.Headers["content-type"] = "Application/JWT; charset=utf-8"
			p.client.http = &info{HTTP: p.client.http, answer: answer}
			got, err := p.client.UserInfo(t.Context(), session.Tokens{Type: "Bearer", Access: secret.New("at"), Subject: "alice"})
			if tt.ok {
				require.NoError(t, err, tt.name)
				assert.Contains(t, got, `"sub":"alice"`)
				continue
			}
			assert.Equal(t, errcode.ServerError, errcode.Of(err), tt.name)
			assert.Empty(t, got)
		}
	})
}

func TestOA42UserInfoIsProvedLikeTheTokenItCarries(t *testing.T) {
	p := newProvider(nil)
	endpoint := &info{HTTP: p.client.http, answer: browsertest.JSON(200, `{"sub":"alice"}`)}
	p.client.http = endpoint
	for _, key := range []string{"", "thumbprint"} {
		_, err := p.client.UserInfo(t.Context(), session.Tokens{Type: "DPoP", Access: secret.New("at_x"), Subject: "alice", ProofKey: key})
		require.NoError(t, err)
		assert.Equal(t, key, endpoint.got.ProofKey)
	}
}
