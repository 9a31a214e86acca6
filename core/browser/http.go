package browser

import (
	"context"
	"errors"
)

var (
	// ErrNetwork means that no answer came, or none that the page may read: no
	// network, no name, a refused connection, CORS, a redirect. The browser
	// does not say which.
	ErrNetwork = errors.New("no answer from the server")
	// ErrTooLarge means that the answer went past Request.MaxBytes. The rest
	// was not read.
	ErrTooLarge = errors.New("the answer is too large")
	// ErrKey means that there is no key with Request.ProofKey.
	ErrKey = errors.New("the key is gone")
)

// HTTP sends the runtime's own requests: never the page's. It uses the fetch
// that was there before interception, sends no cookies unless it is told to, follows
// no redirect and keeps nothing in a cache.
type HTTP interface {
	// Do returns an error only where there is no whole answer: ErrNetwork,
	// ErrTooLarge, ErrKey, or the context's own. Any status is an answer.
	Do(ctx context.Context, req *Request) (*Response, error)
}

// Request is one request. Header names are in lower case.
type Request struct {
	Method   string
	URL      string
	Headers  map[string]string
	Body     string
	MaxBytes int64
	// KeepAlive lets the request outlive the page.
	KeepAlive bool
	// Credentials sends the cookies that the browser has for that server, and takes
	// those that come back.
	Credentials bool
	// ProofKey is the thumbprint of the key that the request is proved with (RFC
	// 9449, section 4): it then carries a fresh proof, for the access token in its
	// header authorization if it has one, with the nonce that the server gave
	// last. Where the key is another by now, nothing is sent: ErrKey.
	ProofKey string
}

// Response is one whole answer. Headers has those that the page may read, the
// names in lower case.
type Response struct {
	Status  int
	Headers map[string]string
	Body    []byte
}
