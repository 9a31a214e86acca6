package browsertest

import (
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"testing"
)

// Vector is a signature that is good or not, and why. Those of the RFCs are
// theirs; the others are made by vectors_test.go in the manner of Wycheproof.
type Vector struct {
	Name, Alg, JWK  string
	Data, Signature string
	Good            bool
}

//go:embed testdata/signatures.json
var signatures []byte

// Vectors are what every engine must agree on (JW-07, JW-08, JW-36).
func Vectors(t testing.TB) (all []Vector) {
	if err := json.Unmarshal(signatures, &all); err != nil || len(all) == 0 {
		t.Fatal("no vectors", err)
	}
	return all
}

// Bytes of the data and the signature.
func (v Vector) Bytes(t testing.TB) (data, signature []byte) {
	signature, err := base64.RawURLEncoding.DecodeString(v.Signature)
	if err != nil {
		t.Fatal(v.Name, err)
	}
	return []byte(v.Data), signature
}
