package browsertest

import (
	gocrypto "crypto"
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/rand"
	"crypto/rsa"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
	"sync"
)

// Public keys as members of a JSON Web Key: those of RFC 7515, appendices A.2
// and A.3, and of RFC 8037, appendix A. Their private halves are known to all.
const (
	RSAKey = `"kty":"RSA","n":"ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ","e":"AQAB"`
	ECKey  = `"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"`
	EdKey  = `"kty":"OKP","crv":"Ed25519","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"`
)

// KeySet is what [SignES256] signs with.
const KeySet = `{"keys":[{` + ECKey + `,"kid":"a3","use":"sig"}]}`

func raw(text string) []byte {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err != nil {
		panic(err)
	}
	return b
}

// PrivateKeys returns the private halves, by algorithm.
var PrivateKeys = sync.OnceValue(func() map[string]gocrypto.Signer {
	n := func(text string) *big.Int { return new(big.Int).SetBytes(raw(text)) }
	key := &rsa.PrivateKey{
		PublicKey: rsa.PublicKey{N: n("ofgWCuLjybRlzo0tZWJjNiuSfb4p4fAkd_wWJcyQoTbji9k0l8W26mPddxHmfHQp-Vaw-4qPCJrcS2mJPMEzP1Pt0Bm4d4QlL-yRT-SFd2lZS-pCgNMsD1W_YpRPEwOWvG6b32690r2jZ47soMZo9wGzjb_7OMg0LOL-bSf63kpaSHSXndS5z5rexMdbBYUsLA9e-KXBdQOS-UTo7WTBEMa2R2CapHg665xsmtdVMTBQY4uDZlxvb3qCo5ZwKh9kG4LT6_I5IhlJH7aGhyxXFvUK-DWNmoudF8NAco9_h9iaGNj8q2ethFkMLs91kzk2PAcDTW9gb54h4FRWyuXpoQ"), E: 65537},
		D:         n("Eq5xpGnNCivDflJsRQBXHx1hdR1k6Ulwe2JZD50LpXyWPEAeP88vLNO97IjlA7_GQ5sLKMgvfTeXZx9SE-7YwVol2NXOoAJe46sui395IW_GO-pWJ1O0BkTGoVEn2bKVRUCgu-GjBVaYLU6f3l9kJfFNS3E0QbVdxzubSu3Mkqzjkn439X0M_V51gfpRLI9JYanrC4D4qAdGcopV_0ZHHzQlBjudU2QvXt4ehNYTCBr6XCLQUShb1juUO1ZdiYoFaFQT5Tw8bGUl_x_jTj3ccPDVZFD9pIuhLhBOneufuBiB4cS98l2SR_RQyGWSeWjnczT0QU91p1DhOVRuOopznQ"),
		Primes: []*big.Int{
			n("4BzEEOtIpmVdVEZNCqS7baC4crd0pqnRH_5IB3jw3bcxGn6QLvnEtfdUdiYrqBdss1l58BQ3KhooKeQTa9AB0Hw_Py5PJdTJNPY8cQn7ouZ2KKDcmnPGBY5t7yLc1QlQ5xHdwW1VhvKn-nXqhJTBgIPgtldC-KDV5z-y2XDwGUc"),
			n("uQPEfgmVtjL0Uyyx88GZFF1fOunH3-7cepKmtH4pxhtCoHqpWmT8YAmZxaewHgHAjLYsp1ZSe7zFYHj7C6ul7TjeLQeZD_YwD66t62wDmpe_HlB-TnBA-njbglfIsRLtXlnDzQkv5dTltRJ11BKBBypeeF6689rjcJIDEz9RWdc"),
		},
	}
	key.Precompute()
	ec, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), raw("jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"))
	if err != nil {
		panic(err)
	}
	return map[string]gocrypto.Signer{
		"RS256": key, "PS256": key, "ES256": ec, "EdDSA": ed25519.NewKeyFromSeed(raw("nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A")),
	}
})

// SignES256 makes an id token of claims, an object as JSON.
func SignES256(claims string) string {
	return tokens.of(claims, func() string { return Sign("ES256", `{"alg":"ES256","typ":"JWT","kid":"a3"}`, claims) })
}

var tokens memo[string, string]

// Sign makes a token by one of [PrivateKeys], whatever is in it.
func Sign(alg, header, claims string) string {
	return SignWith(PrivateKeys()[alg], alg, header, claims)
}

// SignWith is Sign with another key. HS256 is keyed by a text, and every other
// algorithm leaves the signature empty.
func SignWith(key any, alg, header, claims string) string {
	b := base64.RawURLEncoding
	signed := b.EncodeToString([]byte(header)) + "." + b.EncodeToString([]byte(claims))
	return signed + "." + b.EncodeToString(Signature(key, alg, signed))
}

// Signature signs.
func Signature(key any, alg, signed string) (signature []byte) {
	var err error
	sum := sha256.Sum256([]byte(signed))
	switch alg {
	case "RS256":
		signature, err = rsa.SignPKCS1v15(nil, key.(*rsa.PrivateKey), gocrypto.SHA256, sum[:])
	case "PS256":
		signature, err = rsa.SignPSS(rand.Reader, key.(*rsa.PrivateKey), gocrypto.SHA256, sum[:], &rsa.PSSOptions{SaltLength: 32})
	case "ES256":
		// Without a source of chance it is the same each time (RFC 6979).
		if signature, err = key.(*ecdsa.PrivateKey).Sign(nil, sum[:], gocrypto.SHA256); err == nil {
			var rs struct{ R, S *big.Int }
			_, err = asn1.Unmarshal(signature, &rs)
			signature = append(rs.R.FillBytes(make([]byte, 32)), rs.S.FillBytes(make([]byte, 32))...)
		}
	case "EdDSA":
		signature = ed25519.Sign(key.(ed25519.PrivateKey), []byte(signed))
	case "HS256":
		mac := hmac.New(sha256.New, []byte(key.(string)))
		mac.Write([]byte(signed))
		signature = mac.Sum(nil)
	}
	if err != nil {
		panic(err)
	}
	return signature
}
