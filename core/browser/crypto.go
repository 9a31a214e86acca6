package browser

import (
	"context"
	"errors"
)

// ErrUnsupported means that this engine has no such algorithm; another may.
var ErrUnsupported = errors.New("the browser does not have this algorithm")

// Crypto is the browser's own cryptography.
type Crypto interface {
	// Random fills p whole or fails; it never leaves p as it was without an
	// error.
	Random(p []byte) error
	// Digest hashes p; hash is SHA-256, SHA-384 or SHA-512.
	Digest(ctx context.Context, hash string, p []byte) ([]byte, error)
	// Verify tells whether signature is that of data by the key in jwk, a JSON
	// Web Key (RFC 7517) with no more members than its public ones: kty, n, e,
	// crv, x, y. alg is RS256, PS256, ES256 (RFC 7518, section 3.1) or EdDSA with
	// Ed25519 (RFC 8037); the error is ErrUnsupported where the engine does not
	// have it, and another one for a key that it can't use.
	Verify(ctx context.Context, alg, jwk string, signature, data []byte) (bool, error)
}
