package oauth

import (
	"strings"

	"latchkey/core/errcode"
	"latchkey/core/secret"
)

// Answer is what the authorization endpoint sent back in the address (RFC
// 6749, section 4.1.2).
type Answer struct {
	State secret.String
	Code  secret.String
	// Issuer is the iss parameter (RFC 9207); "" where there is none.
	Issuer string
	// Err is the server's error, typed.
	Err error
}

// ParseAnswer reads the query of an address. ok is false where it is no answer
// at all. A parameter that comes twice, or is empty, makes it a bad one.
func ParseAnswer(address string) (a Answer, ok bool, err error) {
	query := address
	if i := strings.IndexByte(query, '#'); i >= 0 {
		query = query[:i]
	}
	i := strings.IndexByte(query, '?')
	if i < 0 {
		return a, false, nil
	}
	got := map[string]string{}
	for _, pair := range strings.Split(query[i+1:], "&") {
		name, value, _ := strings.Cut(pair, "=")
		switch name = unescape(name); name {
		case "state", "code", "iss", "error", "error_description", "error_uri":
			if _, twice := got[name]; twice {
				err = errcode.New(errcode.StateMismatch, "the sign-in answer has the parameter "+name+" twice")
			}
			got[name] = unescape(value)
		}
	}
	code, hasCode := got["code"]
	fault, hasError := got["error"]
	if got["state"] == "" || !hasCode && !hasError {
		return a, false, nil
	}
	a.State, a.Code, a.Issuer = secret.New(got["state"]), secret.New(code), got["iss"]
	switch {
	case err != nil:
	case hasCode == hasError:
		err = errcode.New(errcode.ServerError, "the sign-in answer has both a code and an error")
	case hasCode && code == "", hasError && fault == "":
		err = errcode.New(errcode.ServerError, "the sign-in answer is empty")
	case hasError:
		a.Err = authorizationError(errcode.OAuth{Error: fault, Description: got["error_description"], URI: got["error_uri"]})
	}
	return a, true, err
}

func authorizationError(o errcode.OAuth) error {
	code := errcode.ServerError
	switch o.Error {
	case "access_denied":
		code = errcode.AccessDenied
	case "login_required", "interaction_required", "consent_required", "account_selection_required":
		code = errcode.InteractionRequired
	}
	return &errcode.Error{Code: code, Message: "the server refused the sign-in: " + printable(o.Error), OAuth: &o}
}
