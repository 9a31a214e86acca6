package browser

import "context"

// Crypto is the browser's own cryptography.
type Crypto interface {
	// Random fills p whole or fails; it never leaves p as it was without an
	// error.
	Random(p []byte) error
	SHA256(ctx context.Context, p []byte) ([32]byte, error)
}
