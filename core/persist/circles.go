package persist

import (
	"errors"
	"strconv"
	"time"

	"latchkey/core/errcode"
)

const (
	circlingTime = time.Minute
	// mostBegun is more sign-ins than a person makes in that time, and fewer than
	// a page that goes to the server whenever it is signed out.
	mostBegun = 10
	// mostFailed in a row say that the next will fail as well.
	mostFailed = 3
)

// circles refuses a sign-in where a page goes round between itself and the
// server: each answer fails, or each session ends at once.
func (now *pending) circles(at time.Time) error {
	switch {
	case len(now.failed) >= mostFailed:
		last := &errcode.Error{Code: errcode.ServerError}
		errors.As(now.why, &last)
		return &errcode.Error{
			Code: last.Code, OAuth: last.OAuth, RetryAfter: left(now.failed[0], at),
			Message: "the last sign-ins failed one after the other, so no other is begun for a while; the last one: " + last.Message,
		}
	case len(now.begun) >= mostBegun:
		return &errcode.Error{
			Code: errcode.ServerError, RetryAfter: left(now.begun[0], at),
			Message: "this page has begun " + strconv.Itoa(mostBegun) + " sign-ins within a minute, so no other is begun for a while; does it sign in again whenever its API refuses?",
		}
	}
	return nil
}

func left(first, at time.Time) time.Duration { return max(time.Second, circlingTime-at.Sub(first)) }

// count notes how a sign-in ended. A person who says no is no circle.
func (now *pending) count(err error, at time.Time) {
	switch {
	case err == nil:
		now.failed, now.why = nil, nil
	case errcode.Of(err) != errcode.AccessDenied:
		now.failed, now.why = append(now.failed, at), err
	}
}

func millis(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }
