package browser

import "context"

// ProofKey is the key pair that binds tokens to this browser (DPoP, RFC 9449).
// Nobody can export it. There is one a session record, for all tabs; [HTTP]
// signs with it.
type ProofKey interface {
	// Thumbprint is the key's (RFC 7638). One is made where there is none. kept
	// says that it outlives the page; without storage for keys it does not.
	Thumbprint(ctx context.Context) (thumbprint string, kept bool, err error)
	// Drop deletes the key. It is no error where there is none.
	Drop(ctx context.Context) error
}
