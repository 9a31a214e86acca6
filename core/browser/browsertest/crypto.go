package browsertest

import (
	"context"
	gocrypto "crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rsa"
	"crypto/sha256"
	"crypto/sha512"
	"encoding/base64"
	"encoding/json"
	"errors"
	"math/big"

	"latchkey/core/browser"
)

type crypto struct{ tab *Tab }

// Random is a fixed sequence, all different: a test that fails fails again.
func (c crypto) Random(b []byte) error {
	if c.tab.profile.Random != nil {
		return c.tab.profile.Random(c.tab, b)
	}
	p := c.tab.profile
	p.mu.Lock()
	defer p.mu.Unlock()
	for i := range b {
		p.seed = p.seed*6364136223846793005 + 1442695040888963407
		b[i] = byte(p.seed >> 56)
	}
	return nil
}

func (c crypto) Digest(ctx context.Context, hash string, b []byte) ([]byte, error) {
	if err := c.tab.step(ctx, "digest"); err != nil {
		return nil, err
	}
	switch hash {
	case "SHA-256":
		sum := sha256.Sum256(b)
		return sum[:], nil
	case "SHA-384":
		sum := sha512.Sum384(b)
		return sum[:], nil
	case "SHA-512":
		sum := sha512.Sum512(b)
		return sum[:], nil
	}
	return nil, browser.ErrUnsupported
}

func (c crypto) Verify(ctx context.Context, alg, jwk string, signature, data []byte) (bool, error) {
	if err := c.tab.step(ctx, "verify"); err != nil {
		return false, err
	}
	v := verified.of(question{alg, jwk, string(signature), string(data)}, func() (v verdict) {
		v.good, v.err = Verify(alg, jwk, signature, data)
		return v
	})
	return v.good, v.err
}

type (
	question struct{ alg, jwk, signature, data string }
	verdict  struct {
		good bool
		err  error
	}
)

var verified memo[question, verdict]

var errKey = errors.New("browsertest: no key for this algorithm")

// Verify is Crypto.Verify by Go's own cryptography.
func Verify(alg, jwk string, signature, data []byte) (bool, error) {
	var k struct{ Kty, Crv, N, E, X, Y string }
	if err := json.Unmarshal([]byte(jwk), &k); err != nil {
		return false, errKey
	}
	number := func(s string) *big.Int {
		b, _ := base64.RawURLEncoding.DecodeString(s)
		return new(big.Int).SetBytes(b)
	}
	sum := sha256.Sum256(data)
	switch {
	case (alg == "RS256" || alg == "PS256") && k.Kty == "RSA":
		n, e := number(k.N), number(k.E)
		if n.BitLen() == 0 || !e.IsInt64() {
			return false, errKey
		}
		key := &rsa.PublicKey{N: n, E: int(e.Int64())}
		if alg == "RS256" {
			return rsa.VerifyPKCS1v15(key, gocrypto.SHA256, sum[:], signature) == nil, nil
		}
		return rsa.VerifyPSS(key, gocrypto.SHA256, sum[:], signature, &rsa.PSSOptions{SaltLength: rsa.PSSSaltLengthEqualsHash}) == nil, nil
	case alg == "ES256" && k.Kty == "EC" && k.Crv == "P-256":
		point := make([]byte, 65)
		point[0] = 4
		x, y := number(k.X), number(k.Y)
		if x.BitLen() > 256 || y.BitLen() > 256 {
			return false, errKey
		}
		x.FillBytes(point[1:33])
		y.FillBytes(point[33:])
		key, err := ecdsa.ParseUncompressedPublicKey(elliptic.P256(), point)
		if err != nil {
			return false, errKey
		}
		if len(signature) != 64 {
			return false, nil
		}
		r, s := new(big.Int).SetBytes(signature[:32]), new(big.Int).SetBytes(signature[32:])
		return ecdsa.Verify(key, sum[:], r, s), nil
	case alg == "EdDSA" && k.Kty == "OKP" && k.Crv == "Ed25519":
		x, err := base64.RawURLEncoding.DecodeString(k.X)
		if err != nil || len(x) != ed25519.PublicKeySize {
			return false, errKey
		}
		return ed25519.Verify(x, data, signature), nil
	case alg == "RS256", alg == "PS256", alg == "ES256", alg == "EdDSA":
		return false, errKey
	}
	return false, browser.ErrUnsupported
}
