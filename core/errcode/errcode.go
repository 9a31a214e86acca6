// Package errcode is the one error type of the core: a stable code, a sentence,
// and the server's own words where there are any. No message ever holds a
// token, a code, a verifier, a password or a secret.
package errcode

import (
	"context"
	"errors"
	"strconv"
	"time"

	"latchkey/core/strictjson"
)

// Code is what a page branches on. Codes never change their meaning.
type Code string

// The codes that the core itself returns; the data plane has a few more.
const (
	ConfigInvalid       Code = "config_invalid"
	RuntimeFailed       Code = "runtime_failed"
	NotSupported        Code = "not_supported"
	InvalidCredentials  Code = "invalid_credentials"
	InteractionRequired Code = "interaction_required"
	AccessDenied        Code = "access_denied"
	StateMismatch       Code = "state_mismatch"
	IssuerMismatch      Code = "issuer_mismatch"
	IDTokenInvalid      Code = "id_token_invalid"
	DiscoveryFailed     Code = "discovery_failed"
	ServerError         Code = "server_error"
	RateLimited         Code = "rate_limited"
	NetworkError        Code = "network_error"
	Timeout             Code = "timeout"
	Aborted             Code = "aborted"
	SessionExpired      Code = "session_expired"
	SessionChanged      Code = "session_changed"
	AgentLoggedIn       Code = "agent_logged_in"
	PopupClosed         Code = "popup_closed"
	StorageFailed       Code = "storage_failed"
	Closed              Code = "closed"
)

// OAuth is an authorization server's error, in its own words (RFC 6749,
// section 5.2). They are text for people: never markup, never followed.
type OAuth struct{ Error, Description, URI string }

// Challenge is a stronger or fresher sign-in that is asked for (RFC 9470, section
// 3): "" and nil for what is not.
type Challenge struct {
	ACRValues string
	MaxAge    *int64
}

// Error is what the page sees as a SessionError.
type Error struct {
	Code    Code
	Message string
	OAuth   *OAuth
	// RetryAfter is how long the server asked to be left alone; zero where it
	// did not say.
	RetryAfter time.Duration
	// Challenge is what an API asks for beyond the sign-in that there is.
	Challenge *Challenge
	Cause     error
}

// New returns an error with a code and a sentence for people.
func New(code Code, message string) *Error { return &Error{Code: code, Message: message} }

// Wrap is New with the error behind it.
func Wrap(code Code, message string, cause error) *Error {
	return &Error{Code: code, Message: message, Cause: cause}
}

func (e *Error) Error() string { return string(e.Code) + ": " + e.Message }

func (e *Error) Unwrap() error { return e.Cause }

// Of returns the code of err: its own, that of an ended context, or
// RuntimeFailed for an error nobody foresaw.
func Of(err error) Code {
	var e *Error
	switch {
	case err == nil:
		return ""
	case errors.As(err, &e):
		return e.Code
	case errors.Is(err, context.DeadlineExceeded):
		return Timeout
	case errors.Is(err, context.Canceled):
		return Aborted
	}
	return RuntimeFailed
}

// JSON writes err as it crosses to the page. An error without a code of its
// own is written as its code alone: nobody has checked what its text holds.
func JSON(err error) string {
	o := strictjson.Object{}
	o.String("code", string(Of(err)))
	var e *Error
	if !errors.As(err, &e) {
		o.String("message", plain(Of(err)))
		return o.Done()
	}
	o.String("message", e.Message)
	if e.OAuth != nil {
		s := strictjson.Object{}
		s.String("error", e.OAuth.Error)
		if e.OAuth.Description != "" {
			s.String("error_description", e.OAuth.Description)
		}
		if e.OAuth.URI != "" {
			s.String("error_uri", e.OAuth.URI)
		}
		o.Raw("oauth", s.Done())
	}
	if e.Challenge != nil {
		c := strictjson.Object{}
		c.Text("acrValues", e.Challenge.ACRValues)
		if e.Challenge.MaxAge != nil {
			c.Int("maxAge", *e.Challenge.MaxAge)
		}
		o.Raw("challenge", c.Done())
	}
	if e.RetryAfter > 0 {
		o.Raw("retryAfter", strconv.FormatInt(int64((e.RetryAfter+time.Second-1)/time.Second), 10))
	}
	return o.Done()
}

func plain(c Code) string {
	switch c {
	case Timeout:
		return "it took too long"
	case Aborted:
		return "it was given up"
	}
	return "the runtime met an error it does not know"
}

// Parse reads what JSON wrote; nil where v is no object.
func Parse(v strictjson.Value) error {
	code, ok := v.Get("code").Text()
	if !ok {
		return nil
	}
	e := &Error{Code: Code(code), Message: v.Get("message").TextOr("")}
	if o := v.Get("oauth"); o.Kind() == strictjson.Obj {
		e.OAuth = &OAuth{Error: o.Get("error").TextOr(""), Description: o.Get("error_description").TextOr(""), URI: o.Get("error_uri").TextOr("")}
	}
	seconds, _ := v.Get("retryAfter").Int()
	e.RetryAfter = time.Duration(seconds) * time.Second
	return e
}
