package browser

import (
	"context"
	"errors"
	"time"
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
	// ErrLate means that nothing was sent, as the time for it was over: see [Before].
	ErrLate = errors.New("it was too late to send")
)

// HTTP sends the runtime's own requests: never the page's. It uses the fetch
// that was there before interception, sends no cookies unless it is told to, follows
// no redirect and keeps nothing in a cache.
type HTTP interface {
	// Do returns an error only where there is no whole answer: ErrNetwork,
	// ErrTooLarge, ErrKey, ErrLate, or the context's own. Any status is an answer.
	Do(ctx context.Context, req *Request) (*Response, error)
}

// Request is one request. Header names are in lower case.
type Request struct {
	Method   string
	URL      string
	Headers  map[string]string
	Body     string
	MaxBytes int64
	// Spends says that what it carries may be good for once only, as a refresh token is:
	// it is not sent later than [Before] allows.
	Spends bool
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

type before struct{}

// Before returns a context in which HTTP sends what is spent until a time by the wall
// clock, and not after it: not when the tab was frozen meanwhile, or the machine slept,
// and others have gone on. No one can know that in advance, so it is looked at in the
// moment of sending. A time that is over a minute off is over too: the clock has been set
// back, and nobody knows what time it is.
func Before(ctx context.Context, t time.Time) context.Context {
	return context.WithValue(ctx, before{}, t)
}

// LastMoment is the time until which a request may be sent; the zero one for any.
func LastMoment(ctx context.Context, req *Request) time.Time {
	t, _ := ctx.Value(before{}).(time.Time)
	if !req.Spends {
		return time.Time{}
	}
	return t
}
