//go:build !js

package browsertest_test

import (
	"crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"encoding/json"
	"flag"
	"fmt"
	"math/big"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/browser/browsertest"
)

var update = flag.Bool("update", false, "make the vectors again, with new keys")

func TestJW36VectorsByGo(t *testing.T) {
	if *update {
		require.NoError(t, os.WriteFile("testdata/signatures.json", makeVectors(t), 0o644))
		t.Skip("made again; run without -update")
	}
	for _, v := range browsertest.Vectors(t) {
		data, signature := v.Bytes(t)
		good, _ := browsertest.Verify(v.Alg, v.JWK, signature, data)
		assert.Equal(t, v.Good, good, v.Name)
	}
}

const (
	joe     = `eyJpc3MiOiJqb2UiLA0KICJleHAiOjEzMDA4MTkzODAsDQogImh0dHA6Ly9leGFtcGxlLmNvbS9pc19yb290Ijp0cnVlfQ`
	rfc7515 = `{"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"}`
)

func makeVectors(t *testing.T) []byte {
	var all []browsertest.Vector
	b64 := base64.RawURLEncoding.EncodeToString
	add := func(name, alg, jwk, data string, signature []byte, good bool) {
		all = append(all, browsertest.Vector{Name: name, Alg: alg, JWK: jwk, Data: data, Signature: b64(signature), Good: good})
	}
	raw := func(s string) []byte {
		b, err := base64.RawURLEncoding.DecodeString(s)
		require.NoError(t, err)
		return b
	}
	flip := func(b []byte, i int) []byte {
		c := append([]byte(nil), b...)
		c[i] ^= 1
		return c
	}
	add("RFC 7515, A.2", "RS256", rfc7515, "eyJhbGciOiJSUzI1NiJ9."+joe, raw("cC4hiUPoj9Eetdgtv3hF80EGrhuB__dzERat0XF9g2VtQgr9PJbu3XOiZj5RZmh7AAuHIm4Bh-0Qc_lF5YKt_O8W2Fp5jujGbds9uJdbF9CUAr7t1dnZcAcQjbKBYNX4BAynRFdiuB--f_nZLgrnbyTyWzO75vRK5h6xBArLIARNPvkSjtQBMHlb1L07Qe7K0GarZRmB_eSN9383LcOLn6_dO--xi12jzDwusC-eOkHWEsqtFZESc6BfI7noOPqvhJ1phCnvWh6IeYI2w9QOYEUipUTI8np6LbgGY9Fs98rqVt5AXLIhWkWywlVmtVrBp0igcN_IoypGlUPQGe77Rw"), true)
	add("RFC 7515, A.3", "ES256", `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`, "eyJhbGciOiJFUzI1NiJ9."+joe, raw("DtEhU3ljbEg8L38VWAfUAqOyKAM6-Xx-F4GawxaepmXFCgfTjDxw5djxLa8ISlSApmWQxfKTUJqPP3-Kg6NU1Q"), true)
	add("RFC 8037, A.4", "EdDSA", `{"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}`, "eyJhbGciOiJFZERTQSJ9.RXhhbXBsZSBvZiBFZDI1NTE5IHNpZ25pbmc", raw("hgyY0il_MGCjP0JzlnLWG1PPOt7-09PGcvMg3AIbQR6dWbhijcNR4ki4iylGjg5BhVsPt9g7sVvpAr_MuM0KAg"), true)

	const data = "header.payload"
	sum := sha256.Sum256([]byte(data))

	for _, bits := range []int{2048, 3072} {
		key, err := rsa.GenerateKey(rand.Reader, bits)
		require.NoError(t, err)
		jwk := fmt.Sprintf(`{"kty":"RSA","n":%q,"e":"AQAB"}`, b64(key.N.Bytes()))
		v15, err := rsa.SignPKCS1v15(rand.Reader, key, crypto.SHA256, sum[:])
		require.NoError(t, err)
		pss := func(salt int) []byte {
			s, err := rsa.SignPSS(rand.Reader, key, crypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: salt})
			require.NoError(t, err)
			return s
		}
		size := fmt.Sprint(bits, " bits, ")
		add(size+"as it should be", "RS256", jwk, data, v15, true)
		add(size+"one bit of the signature", "RS256", jwk, data, flip(v15, 100), false)
		add(size+"one bit of the data", "RS256", jwk, "header.paylobd", v15, false)
		add(size+"empty", "RS256", jwk, data, nil, false)
		add(size+"a byte short", "RS256", jwk, data, v15[:len(v15)-1], false)
		add(size+"a byte more", "RS256", jwk, data, append(append([]byte(nil), v15...), 0), false)
		add(size+"a zero in front", "RS256", jwk, data, append([]byte{0}, v15...), false)
		add(size+"all zero", "RS256", jwk, data, make([]byte, bits/8), false)
		add(size+"one", "RS256", jwk, data, append(make([]byte, bits/8-1), 1), false)
		add(size+"the modulus", "RS256", jwk, data, key.N.Bytes(), false)
		if more := new(big.Int).Add(new(big.Int).SetBytes(v15), key.N); more.BitLen() <= bits {
			add(size+"the signature and the modulus", "RS256", jwk, data, more.Bytes(), false)
		}
		// What is padded otherwise, by somebody who has the private key.
		forge := func(name string, block []byte) {
			s := new(big.Int).Exp(new(big.Int).SetBytes(block), key.D, key.N)
			add(size+name, "RS256", jwk, data, s.FillBytes(make([]byte, bits/8)), false)
		}
		info := append([]byte{0x30, 0x31, 0x30, 0x0d, 0x06, 0x09, 0x60, 0x86, 0x48, 0x01, 0x65, 0x03, 0x04, 0x02, 0x01, 0x05, 0x00, 0x04, 0x20}, sum[:]...)
		block := func(padding int, kind byte, digest []byte) []byte {
			p := append([]byte{0, kind}, make([]byte, padding)...)
			for i := 2; i < len(p); i++ {
				p[i] = 0xff
			}
			p = append(append(p, 0), digest...)
			return append(p, make([]byte, bits/8-len(p))...)
		}
		forge("little padding and rubbish behind it", block(8, 1, info))
		forge("block type 2", block(bits/8-3-len(info), 2, info))
		forge("the digest without its name", block(bits/8-3-32, 1, sum[:]))
		sha1 := append([]byte{0x30, 0x21, 0x30, 0x09, 0x06, 0x05, 0x2b, 0x0e, 0x03, 0x02, 0x1a, 0x05, 0x00, 0x04, 0x14}, sum[:20]...)
		forge("the digest of another hash", block(bits/8-3-len(sha1), 1, sha1))
		add(size+"as it should be", "PS256", jwk, data, pss(32), true)
		add(size+"one bit of the signature", "PS256", jwk, data, flip(pss(32), 7), false)
		add(size+"a salt of no length", "PS256", jwk, data, pss(0), false)
		add(size+"a salt of 20 bytes", "PS256", jwk, data, pss(20), false)
		add(size+"padded as for RS256", "PS256", jwk, data, v15, false)
		add(size+"padded as for PS256", "RS256", jwk, data, pss(32), false)
	}

	ec, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	require.NoError(t, err)
	point, err := ec.PublicKey.Bytes()
	require.NoError(t, err)
	jwk := fmt.Sprintf(`{"kty":"EC","crv":"P-256","x":%q,"y":%q}`, b64(point[1:33]), b64(point[33:]))
	der, err := ecdsa.SignASN1(rand.Reader, ec, sum[:])
	require.NoError(t, err)
	var rs struct{ R, S *big.Int }
	_, err = asn1.Unmarshal(der, &rs)
	require.NoError(t, err)
	n := elliptic.P256().Params().N
	join := func(r, s *big.Int) []byte {
		b := make([]byte, 64)
		r.FillBytes(b[:32])
		s.FillBytes(b[32:])
		return b
	}
	zero, one := new(big.Int), big.NewInt(1)
	good := join(rs.R, rs.S)
	add("as it should be", "ES256", jwk, data, good, true)
	add("the other s", "ES256", jwk, data, join(rs.R, new(big.Int).Sub(n, rs.S)), true)
	add("one bit of r", "ES256", jwk, data, flip(good, 3), false)
	add("one bit of s", "ES256", jwk, data, flip(good, 40), false)
	add("one bit of the data", "ES256", jwk, "header.paylobd", good, false)
	add("r and s are 0", "ES256", jwk, data, join(zero, zero), false)
	add("r is 0", "ES256", jwk, data, join(zero, rs.S), false)
	add("s is 0", "ES256", jwk, data, join(rs.R, zero), false)
	add("r and s are 1", "ES256", jwk, data, join(one, one), false)
	add("r is n", "ES256", jwk, data, join(n, rs.S), false)
	add("s is n", "ES256", jwk, data, join(rs.R, n), false)
	add("r and s are n", "ES256", jwk, data, join(n, n), false)
	p := elliptic.P256().Params().P
	add("r is p", "ES256", jwk, data, join(p, rs.S), false)
	all256 := new(big.Int).Sub(new(big.Int).Lsh(one, 256), one)
	add("r and s are all ones", "ES256", jwk, data, join(all256, all256), false)
	add("r and s the other way round", "ES256", jwk, data, join(rs.S, rs.R), false)
	add("DER", "ES256", jwk, data, der, false)
	add("a byte short", "ES256", jwk, data, good[:63], false)
	add("a byte more", "ES256", jwk, data, append(append([]byte(nil), good...), 0), false)
	add("empty", "ES256", jwk, data, nil, false)
	add("each half with a zero in front", "ES256", jwk, data, append(append(append([]byte{0}, good[:32]...), 0), good[32:]...), false)
	add("a key that is not on the curve", "ES256", fmt.Sprintf(`{"kty":"EC","crv":"P-256","x":%q,"y":%q}`, b64(point[1:33]), b64(flip(point[33:], 31))), data, good, false)
	add("another key", "ES256", `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`, data, good, false)
	add("the key of another algorithm", "ES256", rfc7515, data, good, false)
	add("the key of another algorithm", "RS256", jwk, data, good, false)

	public, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	jwk = fmt.Sprintf(`{"kty":"OKP","crv":"Ed25519","x":%q}`, b64(public))
	good = ed25519.Sign(private, []byte(data))
	order, _ := new(big.Int).SetString("7237005577332262213973186563042994240857116359379907606001950938285454250989", 10)
	little := func(b []byte) []byte {
		c := make([]byte, len(b))
		for i := range b {
			c[len(b)-1-i] = b[i]
		}
		return c
	}
	s := new(big.Int).Add(new(big.Int).SetBytes(little(good[32:])), order)
	add("as it should be", "EdDSA", jwk, data, good, true)
	add("one bit of R", "EdDSA", jwk, data, flip(good, 3), false)
	add("one bit of S", "EdDSA", jwk, data, flip(good, 40), false)
	add("one bit of the data", "EdDSA", jwk, "header.paylobd", good, false)
	add("S and the order", "EdDSA", jwk, data, append(append([]byte(nil), good[:32]...), little(s.FillBytes(make([]byte, 32)))...), false)
	add("all zero", "EdDSA", jwk, data, make([]byte, 64), false)
	add("a byte short", "EdDSA", jwk, data, good[:63], false)
	add("a byte more", "EdDSA", jwk, data, append(append([]byte(nil), good...), 0), false)
	add("empty", "EdDSA", jwk, data, nil, false)

	text, err := json.MarshalIndent(all, "", " ")
	require.NoError(t, err)
	return append(text, '\n')
}
