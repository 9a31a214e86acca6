package browsertest

import (
	gocrypto "crypto"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/sha256"
	"encoding/asn1"
	"encoding/base64"
	"math/big"
)

// KeySet is the public half of the key that [SignES256] signs with, the example
// of RFC 7515, appendix A.3: for tests only.
const KeySet = `{"keys":[{"kty":"EC","crv":"P-256","kid":"a3","use":"sig",` +
	`"x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}]}`

const privateKey = "jpsQnnGQmL-YBIffH1136cspYG6-0iY7X1fCE9-E9LI"

// SignES256 makes a token of claims, an object as JSON.
func SignES256(claims string) string {
	b := base64.RawURLEncoding
	d, _ := b.DecodeString(privateKey)
	key, err := ecdsa.ParseRawPrivateKey(elliptic.P256(), d)
	if err != nil {
		panic(err)
	}
	signed := b.EncodeToString([]byte(`{"alg":"ES256","typ":"JWT","kid":"a3"}`)) + "." + b.EncodeToString([]byte(claims))
	sum := sha256.Sum256([]byte(signed))
	// Without a source of chance it is the same each time (RFC 6979).
	der, err := key.Sign(nil, sum[:], gocrypto.SHA256)
	if err != nil {
		panic(err)
	}
	var rs struct{ R, S *big.Int }
	if _, err := asn1.Unmarshal(der, &rs); err != nil {
		panic(err)
	}
	signature := make([]byte, 64)
	rs.R.FillBytes(signature[:32])
	rs.S.FillBytes(signature[32:])
	return signed + "." + b.EncodeToString(signature)
}
