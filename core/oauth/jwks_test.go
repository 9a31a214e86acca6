package oauth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/base64"
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
)

// ecKey makes a key, and its public members.
func ecKey(t testing.TB) (*ecdsa.PrivateKey, string) {
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	point, err := key.PublicKey.Bytes()
	require.NoError(t, err)
	enc := base64.RawURLEncoding.EncodeToString
	return key, fmt.Sprintf(`"kty":"EC","crv":"P-256","x":%q,"y":%q`, enc(point[1:33]), enc(point[33:]))
}

func TestJW30KeySets(t *testing.T) {
	rsa1, ec := browsertest.RSAKey, browsertest.ECKey
	_, other := ecKey(t)
	weak := strings.Replace(rsa1, "ofgWCuLjybRl", "", 1)
	exponent := func(e string) string { return strings.Replace(rsa1, `"e":"AQAB"`, `"e":"`+e+`"`, 1) }
	even := strings.Replace(rsa1, `XpoQ"`, `XpoA"`, 1)
	require.NotEqual(t, rsa1, even)
	key := func(members ...string) string { return "{" + strings.Join(members, ",") + "}" }
	var many []string
	for i := range 500 {
		many = append(many, key(other, fmt.Sprintf(`"kid":"k%d"`, i)))
	}
	good := key(ec, `"kid":"e"`)
	tests := []struct {
		name string
		keys []string
		ok   bool // for a token that ES256 signed, and kid e
	}{
		{"one key", []string{good}, true},
		{"no keys", nil, false},
		{"use sig", []string{key(ec, `"kid":"e"`, `"use":"sig"`)}, true},
		{"use enc", []string{key(ec, `"kid":"e"`, `"use":"enc"`)}, false},
		{"use a number", []string{key(ec, `"kid":"e"`, `"use":1`)}, false},
		{"use null", []string{key(ec, `"kid":"e"`, `"use":null`)}, true},
		{"key_ops verify", []string{key(ec, `"kid":"e"`, `"key_ops":["sign","verify"]`)}, true},
		{"key_ops without verify", []string{key(ec, `"kid":"e"`, `"key_ops":["encrypt"]`)}, false},
		{"key_ops empty", []string{key(ec, `"kid":"e"`, `"key_ops":[]`)}, false},
		{"key_ops text", []string{key(ec, `"kid":"e"`, `"key_ops":"verify"`)}, false},
		{"alg of the key", []string{key(ec, `"kid":"e"`, `"alg":"ES256"`)}, true},
		{"alg of another key", []string{key(ec, `"kid":"e"`, `"alg":"RS256"`)}, false},
		{"alg of its kind, and too large", []string{key(ec, `"kid":"e"`, `"alg":"ES512"`)}, false},
		{"alg a list", []string{key(ec, `"kid":"e"`, `"alg":["ES256"]`)}, false},
		{"alg null", []string{key(ec, `"kid":"e"`, `"alg":null`)}, true},
		{"kid a number", []string{key(ec, `"kid":1`)}, false},
		{"no kid", []string{key(ec)}, false},
		{"a private key", []string{key(ec, `"kid":"e"`, `"d":"jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"`)}, false},
		{"a private key, d null", []string{key(ec, `"kid":"e"`, `"d":null`)}, false},
		{"JW-05 a symmetric key", []string{`{"kty":"oct","k":"AAAA","kid":"e"}`}, false},
		{"JW-05 a symmetric key beside", []string{`{"kty":"oct","k":"AAAA","kid":"e"}`, good}, true},
		{"a curve that is another", []string{strings.Replace(good, "P-256", "P-384", 1)}, false},
		{"x too short", []string{strings.Replace(good, `"x":"f8`, `"x":"`, 1)}, false},
		{"x with padding", []string{strings.Replace(good, `RVEU"`, `RVEU="`, 1)}, false},
		{"y is a number", []string{`{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":1,"kid":"e"}`}, false},
		{"a point that is not on the curve", []string{strings.Replace(good, `I5a0"`, `I5aw"`, 1)}, false},
		{"no kty", []string{`{"kid":"e"}`}, false},
		{"nulls and others beside", []string{"null", "1", `"x"`, "[]", "{}", "true", `{"kty":"AKP","kid":"e"}`, `{"kty":1,"kid":"e"}`, good}, true},
		{"names twice", []string{good, key(other, `"kid":"e"`)}, false},
		{"names twice, one of them of no use", []string{good, key(other, `"kid":"e"`, `"use":"enc"`)}, true},
		{"names twice, one of them of another kind", []string{good, key(rsa1, `"kid":"e"`)}, true},
		{"500 keys, and ours", append(append([]string{}, many...), good), true},
		{"500 keys, and not ours", many, false},
		{"JW-08 a weak key", []string{key(weak, `"kid":"e"`)}, false},
	}
	token := browsertest.Sign("ES256", es256, claimsOf(time.Now()))
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newProvider(nil)
			p.keys = `{"keys":[` + strings.Join(tt.keys, ",") + `],"more":1}`
			_, err := p.identify(t.Context(), token)
			if tt.ok {
				assert.NoError(t, err)
				return
			}
			refused(t, err, token)
		})
	}
	// The key says which algorithms it is for.
	ed := browsertest.EdKey
	for _, tt := range []struct {
		alg, key string
		ok       bool
	}{
		{"RS256", key(rsa1), true}, {"PS256", key(rsa1), true},
		{"RS256", key(rsa1, `"alg":"RS256"`), true}, {"PS256", key(rsa1, `"alg":"PS256"`), true},
		{"PS256", key(rsa1, `"alg":"RS256"`), false}, {"RS256", key(rsa1, `"alg":"PS256"`), false},
		{"RS256", key(rsa1, `"alg":"RS512"`), false}, {"RS256", key(rsa1, `"alg":"RSA-OAEP"`), false},
		{"RS256", key(rsa1, `"alg":"ES256"`), false}, {"EdDSA", key(ed), true}, {"EdDSA", key(ed, `"alg":"EdDSA"`), true},
		{"EdDSA", strings.Replace(key(ed), "Ed25519", "X25519", 1), false}, {"EdDSA", strings.Replace(key(ed), `"x":"11qY`, `"x":"`, 1), false},
	} {
		p := newProvider(nil)
		p.keys = `{"keys":[` + tt.key + `]}`
		_, err := p.identify(t.Context(), browsertest.Sign(tt.alg, `{"alg":"`+tt.alg+`"}`, claimsOf(time.Now())))
		assert.Equal(t, tt.ok, err == nil, "%s by %s: %v", tt.alg, tt.key[max(0, len(tt.key)-30):], err)
	}
	for name, k := range map[string]string{
		"JW-08 less than 2048 bits": weak,
		"JW-08 an even modulus":     even,
		"JW-08 e=1":                 exponent("AQ"),
		"JW-08 e=3":                 exponent("Aw"),
		"e=65535":                   exponent("__8"),
		"an even e":                 exponent("AQAA"),
		"e with zeros in front":     exponent("AAEAAQ"),
		"no e":                      exponent(""),
		"e beyond 32 bits":          exponent("AQAAAAE"),
		"a modulus of 16,384 bits":  fmt.Sprintf(`"kty":"RSA","n":%q,"e":"AQAB"`, base64.RawURLEncoding.EncodeToString(append([]byte{0x80}, append(make([]byte, 2046), 1)...))),
	} {
		require.NotEqual(t, rsa1, k, name)
		list, err := readKeys(`{"keys":[{` + k + `}]}`)
		require.NoError(t, err)
		assert.Empty(t, list, name)
	}
	list, err := readKeys(`{"keys":[{` + rsa1 + `},{` + exponent("AQAAAQ") + `}]}`)
	require.NoError(t, err)
	assert.Len(t, list, 2)
}

func TestJW08AKeyOf1024Bits(t *testing.T) {
	t.Setenv("GODEBUG", "rsa1024min=0")
	key, err := rsa.GenerateKey(rand.Reader, 1024)
	require.NoError(t, err)
	p := newProvider(nil)
	p.keys = fmt.Sprintf(`{"keys":[{"kty":"RSA","n":%q,"e":"AQAB","kid":"r"}]}`, base64.RawURLEncoding.EncodeToString(key.N.Bytes()))
	token := browsertest.SignWith(key, "RS256", rs256, claimsOf(time.Now()))
	_, err = p.identify(t.Context(), token)
	refused(t, err, token)
}

func TestJW08SizesOfKeys(t *testing.T) {
	number := func(size int, first, last byte) string {
		b := make([]byte, size)
		b[size-1], b[0] = last, first
		return base64.RawURLEncoding.EncodeToString(b)
	}
	for text, ok := range map[string]bool{
		number(256, 0x80, 1): true, number(256, 0x7f, 1): false, number(255, 0xff, 1): false, number(257, 1, 1): true, number(257, 0, 1): false,
		number(1024, 0xff, 1): true, number(1025, 1, 1): false, number(256, 0x80, 2): false, number(256, 0x80, 1) + "=": false, "": false,
	} {
		assert.Equal(t, ok, modulus(text), "%d letters", len(text))
	}
	for text, ok := range map[string]bool{number(3, 1, 1): true, number(4, 1, 1): true, number(5, 1, 1): false, number(2, 0xff, 0xff): false, number(3, 0, 1): false, number(3, 1, 0): false, "AQAB=": false} {
		assert.Equal(t, ok, exponent(text), text)
	}
	assert.True(t, sized("AAAA", 3))
	assert.False(t, sized("AAAA", 4))
	assert.False(t, sized("AAAA=", 3))
	assert.False(t, sized("AAA!", 0))
}

// Found by the comparison with jose: OpenSSL takes a signature by RSA that lacks
// its leading zero, and so does WebCrypto over it.
func TestJW08ASignatureHasItsWholeLength(t *testing.T) {
	p := newProvider(nil)
	p.client.crypto = generous{p.client.crypto}
	for alg, header := range map[string]string{"RS256": rs256, "PS256": ps256, "ES256": es256, "EdDSA": eddsa} {
		good := browsertest.Sign(alg, header, claimsOf(time.Now()))
		_, err := p.identify(t.Context(), good)
		require.NoError(t, err)
		i := strings.LastIndexByte(good, '.')
		signature, _ := decode(good[i+1:])
		for _, other := range [][]byte{signature[1:], append([]byte{0}, signature...), nil} {
			token := good[:i+1] + base64.RawURLEncoding.EncodeToString(other)
			_, err = p.identify(t.Context(), token)
			refused(t, err, token)
		}
	}
}

func TestOP08NoKid(t *testing.T) {
	_, other := ecKey(t)
	token := browsertest.Sign("ES256", `{"alg":"ES256"}`, claimsOf(time.Now()))
	for name, tt := range map[string]struct {
		keys string
		ok   bool
	}{
		"OP-07 one key":                        {`{` + browsertest.ECKey + `,"kid":"e"}`, true},
		"OP-07 one key without a name":         {`{` + browsertest.ECKey + `}`, true},
		"one of each kind":                     {allKeys[len(`{"keys":[`) : len(allKeys)-2], true},
		"two that fit":                         {`{` + browsertest.ECKey + `,"kid":"e"},{` + other + `,"kid":"f"}`, false},
		"two, one of them for encryption":      {`{` + browsertest.ECKey + `,"kid":"e"},{` + other + `,"kid":"f","use":"enc"}`, true},
		"two, one of them for another purpose": {`{` + browsertest.ECKey + `,"kid":"e"},{` + other + `,"kid":"f","key_ops":["deriveKey"]}`, true},
		"one, and the other key signed":        {`{` + other + `,"kid":"f"}`, false},
	} {
		p := newProvider(nil)
		p.keys = `{"keys":[` + tt.keys + `]}`
		_, err := p.identify(t.Context(), token)
		assert.Equal(t, tt.ok, err == nil, "%s: %v", name, err)
	}
}

func TestJW30KeysThatCanNotBeHad(t *testing.T) {
	token := browsertest.Sign("ES256", es256, claimsOf(time.Now()))
	for _, tt := range []struct {
		name   string
		answer *browser.Response
		err    error
		code   errcode.Code
	}{
		{"HTML", browsertest.JSON(200, "<html>"), nil, errcode.DiscoveryFailed},
		{"a list", browsertest.JSON(200, "[]"), nil, errcode.DiscoveryFailed},
		{"no keys", browsertest.JSON(200, "{}"), nil, errcode.DiscoveryFailed},
		{"keys that are no list", browsertest.JSON(200, `{"keys":{}}`), nil, errcode.DiscoveryFailed},
		{"a member twice", browsertest.JSON(200, `{"keys":[],"keys":[]}`), nil, errcode.DiscoveryFailed},
		{"404", browsertest.JSON(404, ""), nil, errcode.DiscoveryFailed},
		{"503", browsertest.JSON(503, ""), nil, errcode.ServerError},
		{"429", browsertest.JSON(429, ""), nil, errcode.RateLimited},
		{"32 MB", browsertest.JSON(200, strings.Repeat(" ", 32<<20)), nil, errcode.ServerError},
		{"no answer", nil, browser.ErrNetwork, errcode.NetworkError},
		{"JW-31 a redirect, which is not followed", nil, browser.ErrNetwork, errcode.NetworkError},
	} {
		t.Run(tt.name, func(t *testing.T) {
			p := newProvider(nil)
			p.down, p.err = tt.answer, tt.err
			_, err := p.identify(t.Context(), token)
			assert.Equal(t, tt.code, errcode.Of(err), "%v", err)
			assert.Equal(t, 1, p.asked)
			// The next sign-in asks again.
			p.down, p.err = nil, nil
			_, err = p.identify(t.Context(), token)
			assert.NoError(t, err)
		})
	}
	t.Run("no answer at all", func(t *testing.T) {
		synctest.Test(t, func(t *testing.T) {
			p := newProvider(nil)
			p.client.http = silent{p.client.http}
			ctx, cancel := contextFor(t, time.Second)
			defer cancel()
			_, err := p.identify(ctx, browsertest.Sign("ES256", es256, claimsOf(time.Now())))
			assert.Equal(t, errcode.Timeout, errcode.Of(err))
		})
	})
	t.Run("no jwks_uri", func(t *testing.T) {
		p := newProvider(nil)
		p.metadata = `,"jwks_uri":null`
		_, err := p.identify(t.Context(), token)
		refused(t, err, token)
		assert.ErrorContains(t, err, "jwks_uri")
	})
	t.Run("JW-31 a jwks_uri without https", func(t *testing.T) {
		p := newProvider(nil)
		p.metadata = `,"jwks_uri":"http://id.test/keys"`
		_, err := p.identify(t.Context(), token)
		assert.Equal(t, errcode.DiscoveryFailed, errcode.Of(err))
		assert.Zero(t, p.asked)
	})
	t.Run("JW-31 a jwks_uri on another origin, where they are pinned", func(t *testing.T) {
		p := newProvider(func(c *Config) { c.EndpointOrigins = []string{issuer} })
		p.metadata = `,"jwks_uri":"https://evil.test/keys"`
		_, err := p.identify(t.Context(), token)
		assert.Equal(t, errcode.DiscoveryFailed, errcode.Of(err))
	})
	t.Run("an engine without EdDSA", func(t *testing.T) {
		p := newProvider(nil)
		p.client.crypto = noEdDSA{p.client.crypto}
		_, err := p.identify(t.Context(), browsertest.Sign("EdDSA", eddsa, claimsOf(time.Now())))
		assert.Equal(t, errcode.NotSupported, errcode.Of(err))
	})
}

func TestOP32OP33OP34Rotation(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(nil)
		sign := func(key any, kid string) string {
			return browsertest.SignWith(key, "ES256", `{"alg":"ES256","kid":"`+kid+`"}`, claimsOf(time.Now()))
		}
		read := func(key any, kid string) error {
			_, err := p.identify(t.Context(), sign(key, kid))
			return err
		}
		first, firstPublic := ecKey(t)
		second, secondPublic := ecKey(t)
		third, thirdPublic := ecKey(t)
		p.keys = `{"keys":[{` + firstPublic + `,"kid":"1"}]}`
		require.NoError(t, read(first, "1"))
		require.NoError(t, read(first, "1"))
		assert.Equal(t, 1, p.asked, "once for both")

		// OP-32, OP-33: another key, just after we asked.
		p.keys = `{"keys":[{` + secondPublic + `,"kid":"2"}]}`
		require.NoError(t, read(second, "2"))
		assert.Equal(t, 2, p.asked)
		assert.Error(t, read(first, "1"), "the key was withdrawn")
		assert.Equal(t, 2, p.asked, "OP-34: and that was just now")

		// OP-34: unknown names for ever.
		for range 600 {
			time.Sleep(time.Second)
			refused(t, read(first, "x"), "")
		}
		assert.LessOrEqual(t, p.asked, 2+10, "at most once a minute")
		assert.GreaterOrEqual(t, p.asked, 2+9)

		// Another key under the same name.
		time.Sleep(time.Minute)
		before := p.asked
		p.keys = `{"keys":[{` + thirdPublic + `,"kid":"2"}]}`
		require.NoError(t, read(third, "2"))
		assert.Equal(t, before+1, p.asked)

		// A key that was withdrawn is not trusted for ever.
		time.Sleep(keysAge)
		p.keys = `{"keys":[{` + firstPublic + `,"kid":"1"}]}`
		assert.Error(t, read(third, "2"))
		require.NoError(t, read(first, "1"))

		// Nor are old keys forgotten because the issuer is in trouble, until they are too old.
		time.Sleep(keysAge)
		p.down = browsertest.JSON(503, "")
		require.NoError(t, read(first, "1"))
		time.Sleep(metadataOld)
		assert.Equal(t, errcode.ServerError, errcode.Of(read(first, "1")))
		p.down = nil

		// A clock that was set back does not stop it.
		require.NoError(t, read(first, "1"))
	})
}

// OP-34: a first request that just failed to have the key is not sent again.
func TestOP34FreshKeysAreNotAskedForTwice(t *testing.T) {
	p := newProvider(nil)
	token := browsertest.Sign("ES256", `{"alg":"ES256","kid":"x"}`, claimsOf(time.Now()))
	_, err := p.identify(t.Context(), token)
	refused(t, err, token)
	assert.Equal(t, 1, p.asked)
}

func TestARefetchThatFailsIsNoVerdict(t *testing.T) {
	p := newProvider(nil)
	_, err := p.identify(t.Context(), browsertest.Sign("ES256", es256, claimsOf(time.Now())))
	require.NoError(t, err)
	p.err = browser.ErrNetwork
	_, err = p.identify(t.Context(), browsertest.Sign("ES256", `{"alg":"ES256","kid":"new"}`, claimsOf(time.Now())))
	assert.Equal(t, errcode.NetworkError, errcode.Of(err))
}

func TestJW32KeysAreTheIssuersOwn(t *testing.T) {
	one, two := newProvider(nil), newProvider(nil)
	_, otherPublic := ecKey(t)
	two.keys = `{"keys":[{` + otherPublic + `,"kid":"e"}]}`
	token := browsertest.Sign("ES256", es256, claimsOf(time.Now()))
	_, err := one.identify(t.Context(), token)
	require.NoError(t, err)
	_, err = two.identify(t.Context(), token)
	refused(t, err, token)
	// Nor are they those of another address.
	one.metadata = `,"jwks_uri":"https://id.test/other"`
	one.client.discovered = nil
	_, err = one.identify(t.Context(), token)
	assert.Equal(t, errcode.DiscoveryFailed, errcode.Of(err))
}

func FuzzJWKS(f *testing.F) {
	f.Add(allKeys)
	f.Add(`{"keys":[null,{"kty":"oct","k":"AA"},{"kty":"RSA","n":"AQAB","e":"AQAB"}]}`)
	f.Fuzz(func(t *testing.T, text string) {
		list, err := readKeys(text)
		if err != nil {
			return
		}
		for _, k := range list {
			assert.NotContains(t, k.jwk, `"d"`)
			again, err := readKeys(`{"keys":[` + k.jwk + `]}`)
			require.NoError(t, err)
			require.Len(t, again, 1)
			assert.Equal(t, k.jwk, again[0].jwk)
			_, _ = browsertest.Verify("RS256", k.jwk, nil, nil)
		}
	})
}
