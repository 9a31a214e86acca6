package oauth

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"encoding/base64"
	"fmt"
	"math/big"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/browser/browsertest"
	"latchkey/core/errcode"
)

// refused checks that a token is refused, for no more than its own fault, and
// that the error tells nothing of it.
func refused(t *testing.T, err error, token string) {
	t.Helper()
	require.Error(t, err)
	assert.Equal(t, errcode.IDTokenInvalid, errcode.Of(err), "%v", err)
	for _, part := range strings.Split(token, ".") {
		if len(part) > 8 {
			assert.NotContains(t, fmt.Sprintf("%+v %#v %s", err, err, errcode.JSON(err)), part)
		}
	}
	for _, secret := range []string{"alice", "mallory", "evil"} {
		assert.NotContains(t, err.Error(), secret)
	}
}

func TestOP09TokensOfEveryAlgorithm(t *testing.T) {
	for alg, header := range map[string]string{"RS256": rs256, "PS256": ps256, "ES256": es256, "EdDSA": eddsa} {
		p := newProvider(nil)
		got, err := p.identify(t.Context(), browsertest.Sign(alg, header, claimsOf(time.Now())))
		require.NoError(t, err, alg)
		assert.Equal(t, "alice", got.Subject, alg)
		assert.Equal(t, 1, p.asked, "OP-29: at the address that the metadata names")
	}
}

func TestJWHeaders(t *testing.T) {
	claims := claimsOf(time.Now())
	sign := func(alg, header string) string { return browsertest.Sign(alg, header, claims) }
	mac := func(key, header string) string { return browsertest.SignWith(key, "HS256", header, claims) }
	good := sign("RS256", rs256)
	noneWith := b64(`{"alg":"none"}`) + good[strings.IndexByte(good, '.'):]
	tests := []struct {
		name, token string
		ok          bool
	}{
		{"as it should be", good, true},
		{"OP-10 JW-01 alg none", sign("none", `{"alg":"none"}`), false},
		{"JW-01 alg nOnE", sign("none", `{"alg":"nOnE"}`), false},
		{"JW-01 alg none with a signature", noneWith, false},
		{"OP-54 alg null", sign("RS256", `{"alg":null,"kid":"r"}`), false},
		{"JW-02 no alg", sign("RS256", `{"kid":"r"}`), false},
		{"JW-02 alg in a list", sign("RS256", `{"alg":["RS256"],"kid":"r"}`), false},
		{"JW-02 alg in other case", sign("RS256", `{"alg":"rs256","kid":"r"}`), false},
		{"OP-13 JW-04 HS256 by the modulus", mac("ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp", `{"alg":"HS256","kid":"r"}`), false},
		{"JW-04 HS256 by nothing", mac("", `{"alg":"HS256"}`), false},
		{"JW-04 HS256 by the client id", mac("shop", `{"alg":"HS256"}`), false},
		{"JW-04 HS256 by the key as JSON", mac("{"+browsertest.RSAKey+"}", `{"alg":"HS256","kid":"r"}`), false},
		{"OP-54 JW-06 RS512", sign("RS256", `{"alg":"RS512","kid":"r"}`), false},
		{"JW-06 ES256 by the RSA key", sign("ES256", `{"alg":"ES256","kid":"r"}`), false},
		{"JW-06 RS256 said of an ES256 signature", sign("ES256", `{"alg":"RS256","kid":"e"}`), false},
		{"JW-06 RS256 said of a PS256 signature", sign("PS256", rs256), false},
		{"JW-06 EdDSA by the key for ES256", sign("EdDSA", `{"alg":"EdDSA","kid":"e"}`), false},
		{"OP-07 no kid, one key of that kind", sign("RS256", `{"alg":"RS256"}`), true},
		{"JW-09 kid unknown", sign("RS256", `{"alg":"RS256","kid":"x"}`), false},
		{"JW-09 kid in other case", sign("RS256", `{"alg":"RS256","kid":"R"}`), false},
		{"JW-09 kid empty", sign("RS256", `{"alg":"RS256","kid":""}`), false},
		{"JW-09 kid null", sign("RS256", `{"alg":"RS256","kid":null}`), false},
		{"JW-09 kid a number", sign("RS256", `{"alg":"RS256","kid":0}`), false},
		{"JW-09 kid __proto__", sign("RS256", `{"alg":"RS256","kid":"__proto__"}`), false},
		{"JW-09 kid a path", sign("RS256", `{"alg":"RS256","kid":"../../dev/null"}`), false},
		{"JW-09 kid SQL", sign("RS256", `{"alg":"RS256","kid":"' OR 1=1--"}`), false},
		{"JW-09 kid a URL", sign("RS256", `{"alg":"RS256","kid":"https://evil.test/k"}`), false},
		{"JW-09 kid of 2 kB", sign("RS256", `{"alg":"RS256","kid":"`+strings.Repeat("k", 2000)+`"}`), false},
		{"JW-09 kid of 1 MB", sign("RS256", `{"alg":"RS256","kid":"`+strings.Repeat("k", 1<<20)+`"}`), false},
		{"JW-10 a jku beside a good signature", sign("RS256", `{"alg":"RS256","kid":"r","jku":"https://evil.test/keys"}`), true},
		{"JW-10 x5u and x5c beside a good signature", sign("RS256", `{"alg":"RS256","kid":"r","x5u":"https://evil.test/c","x5c":["AA"]}`), true},
		{"JW-10 a key of its own", sign("ES256", `{"alg":"ES256","kid":"x","jwk":{`+browsertest.ECKey+`}}`), false},
		{"JW-11 crit", sign("RS256", `{"alg":"RS256","kid":"r","crit":["x"],"x":1}`), false},
		{"JW-11 crit of what is known", sign("RS256", `{"alg":"RS256","kid":"r","crit":["alg"]}`), false},
		{"JW-11 crit empty", sign("RS256", `{"alg":"RS256","kid":"r","crit":[]}`), false},
		{"JW-11 b64 false", sign("RS256", `{"alg":"RS256","kid":"r","b64":false,"crit":["b64"]}`), false},
		{"JW-11 b64 without crit", sign("RS256", `{"alg":"RS256","kid":"r","b64":false}`), false},
		{"JW-11 zip", sign("RS256", `{"alg":"RS256","kid":"r","zip":"DEF"}`), false},
		{"typ JWT", sign("RS256", `{"alg":"RS256","kid":"r","typ":"JWT"}`), true},
		{"typ in other case", sign("RS256", `{"alg":"RS256","kid":"r","typ":"jwt"}`), true},
		{"typ whole", sign("RS256", `{"alg":"RS256","kid":"r","typ":"application/JWT"}`), true},
		{"JW-12 typ at+jwt", sign("RS256", `{"alg":"RS256","kid":"r","typ":"at+jwt"}`), false},
		{"OP-44 JW-12 typ logout+jwt", sign("RS256", `{"alg":"RS256","kid":"r","typ":"logout+jwt"}`), false},
		{"JW-12 typ dpop+jwt", sign("RS256", `{"alg":"RS256","kid":"r","typ":"dpop+jwt"}`), false},
		{"JW-12 typ unknown", sign("RS256", `{"alg":"RS256","kid":"r","typ":"x"}`), false},
		{"JW-12 typ null", sign("RS256", `{"alg":"RS256","kid":"r","typ":null}`), false},
		{"JW-12 typ a list", sign("RS256", `{"alg":"RS256","kid":"r","typ":["JWT"]}`), false},
		{"JW-14 alg twice", sign("RS256", `{"alg":"none","alg":"RS256","kid":"r"}`), false},
		{"JW-14 alg twice, once escaped", sign("RS256", `{"alg":"RS256","\u0061lg":"RS256","kid":"r"}`), false},
		{"JW-15 ALG beside alg", sign("RS256", `{"alg":"RS256","ALG":"none","kid":"r"}`), true},
		{"JW-15 ALG for alg", sign("RS256", `{"ALG":"RS256","kid":"r"}`), false},
		{"JW-15 kid with a Kelvin sign", sign("RS256", `{"alg":"RS256","kid":"r","K\u0069d":"x","\u212aid":"x"}`), true},
		{"JW-16 alg escaped", sign("RS256", `{"\u0061lg":"RS256","kid":"r"}`), true},
		{"a header that is a list", sign("RS256", `["RS256"]`), false},
		{"a header that is text", sign("RS256", `"RS256"`), false},
		{"an empty header", sign("RS256", ``), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			p := newProvider(nil)
			_, err := p.identify(t.Context(), tt.token)
			if tt.ok {
				assert.NoError(t, err)
			} else {
				refused(t, err, tt.token)
			}
			for _, address := range p.all {
				assert.NotContains(t, address, "evil", "JW-10: nothing that a token names is fetched")
			}
		})
	}
}

func TestJW03NoneIsRefusedAlsoWhereItIsAnnounced(t *testing.T) {
	p := newProvider(nil)
	p.metadata = `,"id_token_signing_alg_values_supported":["none","HS256","RS512","RS256"]`
	claims := claimsOf(time.Now())
	for _, alg := range []string{"none", "HS256", "RS512"} {
		token := browsertest.SignWith("shop", alg, `{"alg":"`+alg+`"}`, claims)
		_, err := p.identify(t.Context(), token)
		refused(t, err, token)
	}
	_, err := p.identify(t.Context(), browsertest.Sign("RS256", rs256, claims))
	assert.NoError(t, err)
	token := browsertest.Sign("ES256", es256, claims)
	_, err = p.identify(t.Context(), token)
	refused(t, err, token) // OP-54: an algorithm that is good, and not announced
}

func TestJW13OnlyThreeParts(t *testing.T) {
	p := newProvider(nil)
	good := browsertest.Sign("RS256", rs256, claimsOf(time.Now()))
	parts := strings.Split(good, ".")
	for name, token := range map[string]string{
		"one part": parts[0], "two parts": parts[0] + "." + parts[1], "a part more": good + ".", "four parts": good + "." + parts[2],
		"JWE": "eyJhbGciOiJSU0EtT0FFUCIsImVuYyI6IkExMjhHQ00ifQ.AA.AA.AA.AA", "a part in front": "." + good, "only dots": "..",
		"no signature": parts[0] + "." + parts[1] + ".", "no claims": parts[0] + ".." + parts[2], "no header": "." + parts[1] + "." + parts[2],
		"a JSON serialization": `{"payload":"` + parts[1] + `","protected":"` + parts[0] + `","signature":"` + parts[2] + `"}`,
	} {
		_, err := p.identify(t.Context(), token)
		assert.Equal(t, errcode.IDTokenInvalid, errcode.Of(err), name)
	}
}

func TestJW17Base64HasOneSpelling(t *testing.T) {
	p := newProvider(nil)
	claims := claimsOf(time.Now())
	good := browsertest.Sign("RS256", rs256, claims)
	parts := strings.Split(good, ".")
	check := func(name, token string) {
		t.Helper()
		_, err := p.identify(t.Context(), token)
		assert.Equal(t, errcode.IDTokenInvalid, errcode.Of(err), name)
	}
	for i := range parts {
		with := func(part string) string {
			all := append([]string(nil), parts...)
			all[i] = part
			return strings.Join(all, ".")
		}
		for _, junk := range []string{"=", "==", " ", "\n", "\r\n", "\t", "\x00", "é", "%", "A"} {
			check(fmt.Sprintf("%q at the end of part %d", junk, i), with(parts[i]+junk))
			check(fmt.Sprintf("%q in front of part %d", junk, i), with(junk+parts[i]))
			check(fmt.Sprintf("%q inside of part %d", junk, i), with(parts[i][:7]+junk+parts[i][7:]))
		}
	}
	// The signature of 256 bytes leaves four bits over: 15 other spellings.
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	last := strings.IndexByte(alphabet, good[len(good)-1])
	for bits := 1; bits < 16; bits++ {
		check("trailing bits", good[:len(good)-1]+alphabet[last+bits:last+bits+1])
	}
	standard := strings.NewReplacer("-", "+", "_", "/").Replace(good)
	require.NotEqual(t, good, standard)
	check("the standard alphabet", standard)
}

func TestJW18JW19JW20PayloadsAreReadStrictly(t *testing.T) {
	p := newProvider(nil)
	good := claimsOf(time.Now())
	put := func(member string) string { return good[:len(good)-1] + "," + member + "}" }
	tests := []struct {
		name, payload string
		ok            bool
	}{
		{"as it should be", good, true},
		{"space around it", " \n" + good + "\t\r", true},
		{"JW-18 a list", "[" + good + "]", false},
		{"JW-18 text", `"x"`, false},
		{"JW-18 null", `null`, false},
		{"JW-18 a number", `1`, false},
		{"JW-18 not JSON", `sub=alice`, false},
		{"JW-18 text behind it", good + "x", false},
		{"JW-18 two of them", good + good, false},
		{"JW-18 a comment", put(`/**/"x":1`), false},
		{"JW-18 NaN", put(`"x":NaN`), false},
		{"JW-18 Infinity", put(`"x":Infinity`), false},
		{"JW-18 a comma at the end", put(``), false},
		{"JW-14 sub twice", put(`"sub":"alice"`), false},
		{"JW-14 sub twice, once escaped", put(`"\u0073ub":"alice"`), false},
		{"JW-14 aud twice", put(`"aud":"shop"`), false},
		{"JW-14 exp twice", put(`"exp":9999999999`), false},
		{"JW-14 nonce twice", put(`"nonce":"n"`), false},
		{"JW-14 twice, deep inside", put(`"x":[{"a":1,"a":2}]`), false},
		{"JW-15 SUB", put(`"SUB":"mallory","Sub":"mallory"`), true},
		{"JW-15 sub with a long s", put(`"ſub":"mallory"`), true},
		{"JW-15 a ligature", put(`"ﬀ":"mallory"`), true},
		{"JW-16 sub escaped", strings.Replace(good, `"sub"`, `"\u0073ub"`, 1), true},
		{"JW-19 a byte order mark", "\ufeff" + good, false},
		{"JW-19 invalid UTF-8", put("\"x\":\"\xff\""), false},
		{"JW-19 overlong UTF-8", put("\"x\":\"\xc0\xaf\""), false},
		{"JW-19 a surrogate in UTF-8", put("\"x\":\"\xed\xa0\x80\""), false},
		{"JW-19 a lone surrogate", put(`"x":"\ud800"`), false},
		{"JW-19 a lone surrogate in a name", put(`"\udc00":1`), false},
		{"JW-19 NUL in a name is not the end of it", put(`"sub\u0000":"mallory"`), true},
		{"JW-20 nested as deep as may be", put(`"x":` + strings.Repeat("[", 15) + strings.Repeat("]", 15)), true},
		{"JW-20 nested deeper", put(`"x":` + strings.Repeat("[", 16) + strings.Repeat("]", 16)), false},
		{"JW-20 10,000 deep", put(`"x":` + strings.Repeat("[", 10_000)), false},
		{"JW-20 many members", put(`"m":1` + strings.Join(numbered(3000), "")), true},
		{"JW-20 a number of 10,000 digits", put(`"x":1` + strings.Repeat("0", 10_000)), true},
		{"JW-20 a name of 10,000 letters", put(`"` + strings.Repeat("x", 10_000) + `":1`), true},
		{"JW-21 more than 64 KiB", put(`"x":"` + strings.Repeat("x", 64<<10) + `"`), false},
		{"JW-21 1 MB", put(`"x":"` + strings.Repeat("x", 1<<20) + `"`), false},
		{"JW-21 8 MB", put(`"x":"` + strings.Repeat("x", 8<<20) + `"`), false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			got, err := p.identify(t.Context(), browsertest.Sign("ES256", es256, tt.payload))
			assert.Equal(t, tt.ok, err == nil, "%v", err)
			if tt.ok {
				assert.Equal(t, "alice", got.Subject)
				return
			}
			assert.Equal(t, errcode.IDTokenInvalid, errcode.Of(err))
		})
	}
}

// The edges of what is read at all.
func TestJW09JW21Bounds(t *testing.T) {
	kid := strings.Repeat("k", maxKid)
	for more, ok := range map[string]bool{"": true, "k": false} {
		p := newProvider(nil)
		p.keys = `{"keys":[{` + browsertest.ECKey + `,"kid":"` + kid + more + `"}]}`
		_, err := p.identify(t.Context(), browsertest.Sign("ES256", `{"alg":"ES256","kid":"`+kid+more+`"}`, claimsOf(time.Now())))
		assert.Equal(t, ok, err == nil, "%v", err)
	}
	claims := claimsOf(time.Now())
	filled := func(n int) string {
		return browsertest.Sign("ES256", es256, claims[:len(claims)-1]+`,"x":"`+strings.Repeat("x", n)+`"}`)
	}
	n := 48_000
	for len(filled(n)) < maxJWT {
		n++
	}
	p := newProvider(nil)
	token := filled(n)
	require.LessOrEqual(t, len(token), maxJWT+1)
	for len(token) > maxJWT {
		n--
		token = filled(n)
	}
	_, err := p.identify(t.Context(), token)
	require.NoError(t, err)
	_, why := readUnverified(strings.Repeat("x", maxJWT))
	assert.NotContains(t, why, "longer")
	_, why = readUnverified(strings.Repeat("x", maxJWT+1))
	assert.Contains(t, why, "longer")

	for _, part := range []string{"[]", `"x"`, "null", "1"} {
		_, ok := object(b64(part))
		assert.False(t, ok, part)
	}
	assert.Equal(t, "application/jwt-az @[`{é", lower("APPLICATION/JWT-AZ @[`{é"))
}

func numbered(n int) (all []string) {
	for i := range n {
		all = append(all, fmt.Sprintf(`,"m%d":%d`, i, i))
	}
	return all
}

func TestJW07JW08SignaturesThatAreNot(t *testing.T) {
	p := newProvider(nil)
	claims := claimsOf(time.Now())
	check := func(name, token string) {
		t.Helper()
		_, err := p.identify(t.Context(), token)
		refused(t, err, token)
		assert.NotNil(t, err, name)
	}
	replace := func(token string, change func([]byte) []byte) string {
		i := strings.LastIndexByte(token, '.')
		signature, err := base64.RawURLEncoding.DecodeString(token[i+1:])
		require.NoError(t, err)
		return token[:i+1] + base64.RawURLEncoding.EncodeToString(change(signature))
	}
	for alg, header := range map[string]string{"RS256": rs256, "PS256": ps256, "ES256": es256, "EdDSA": eddsa} {
		good := browsertest.Sign(alg, header, claims)
		other := strings.Split(browsertest.Sign(alg, header, strings.Replace(claims, "alice", "mallory", 1)), ".")
		parts := strings.Split(good, ".")
		check("OP-11 OP-12 a bit of the signature", replace(good, func(s []byte) []byte { s[9] ^= 4; return s }))
		check("a bit at its end", replace(good, func(s []byte) []byte { s[len(s)-1] ^= 1; return s }))
		check("empty", replace(good, func([]byte) []byte { return nil }))
		check("zeros", replace(good, func(s []byte) []byte { return make([]byte, len(s)) }))
		check("padded", replace(good, func(s []byte) []byte { return append(s, 0) }))
		check("padded in front", replace(good, func(s []byte) []byte { return append([]byte{0}, s...) }))
		check("cut", replace(good, func(s []byte) []byte { return s[:len(s)-1] }))
		check("twice", replace(good, func(s []byte) []byte { return append(s, s...) }))
		check("the claims swapped", parts[0]+"."+other[1]+"."+parts[2])
		check("the signature swapped", parts[0]+"."+parts[1]+"."+other[2])
	}
	// Another key under the right name.
	wrong, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	check("another key", browsertest.SignWith(wrong, "ES256", es256, claims))
	// JW-07, with more of the kind in the vectors of browsertest.
	n := elliptic.P256().Params().N.FillBytes(make([]byte, 32))
	one := big.NewInt(1).FillBytes(make([]byte, 32))
	for _, rs := range [][]byte{make([]byte, 64), append(append([]byte(nil), n...), n...), append(append([]byte(nil), one...), n...), {0x30, 6, 2, 1, 0, 2, 1, 0}} {
		check("r and s that are none", replace(browsertest.Sign("ES256", es256, claims), func([]byte) []byte { return rs }))
	}
}

func TestJW29OtherTokens(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newProvider(nil)
		now := time.Now()
		for name, token := range map[string]string{
			"an access token":                 browsertest.Sign("ES256", es256, claimsOf(now, "aud", `"https://api.test"`, "nonce", "", "scope", `"openid"`)),
			"an access token for this client": browsertest.Sign("ES256", `{"alg":"ES256","kid":"e","typ":"at+jwt"}`, claimsOf(now)),
			"another client's":                browsertest.Sign("ES256", es256, claimsOf(now, "aud", `"other"`)),
			"OP-44 a logout token":            browsertest.Sign("ES256", es256, claimsOf(now, "nonce", "", "events", `{"http://schemas.openid.net/event/backchannel-logout":{}}`)),
		} {
			_, err := p.identify(t.Context(), token)
			refused(t, err, token)
			_, err = p.identify(t.Context(), token, func(want *expectation) { *want = expectation{issuer: issuer, anyAge: true} })
			assert.Equal(t, errcode.IDTokenInvalid, errcode.Of(err), name+", where no nonce is asked for")
		}
	})
}
