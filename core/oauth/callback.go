package oauth

import (
	"strings"

	"latchkey/core/errcode"
	"latchkey/core/secret"
	"latchkey/core/session"
)

// Answer is what the authorization endpoint sent back in the address (RFC
// 6749, sections 4.1.2 and 4.2.2).
type Answer struct {
	State secret.String
	Code  secret.String
	// Issuer is the iss parameter (RFC 9207); "" where there is none.
	Issuer string
	// SessionState is what the session at the server is watched by (OpenID Connect
	// Session Management 1.0, section 2); "" where there is none.
	SessionState string
	// Tokens came with it, where the response type asks for some.
	Tokens session.Tokens
	// Err is the server's error, typed.
	Err error
}

// answerParameters are all that an answer may have, and that is read of one.
var answerParameters = map[string]bool{
	"state": true, "code": true, "iss": true, "error": true, "error_description": true, "error_uri": true,
	"access_token": true, "id_token": true, "token_type": true, "expires_in": true, "scope": true,
	"session_state": true,
}

// ParseAnswer reads an address. ok is false where it is no answer at all. The
// answer is in the query, or in the fragment where the response type has tokens
// (OAuth 2.0 Multiple Response Types, section 5). A parameter that comes twice,
// or is empty, or was not asked for, makes it a bad one: the state alone is then
// to be believed.
func (c *Client) ParseAnswer(address string) (a Answer, ok bool, err error) {
	before, fragment, _ := strings.Cut(address, "#")
	_, query, _ := strings.Cut(before, "?")
	inQuery, twice := parameters(query)
	inFragment, twiceInFragment := parameters(fragment)
	got := inQuery
	// A code flow has its errors there, with some servers, and nothing else.
	if isAnswer(inFragment) && (c.ResponseType.Front() || inFragment["error"] != "") {
		got, twice = inFragment, twiceInFragment
	}
	if !isAnswer(got) {
		return a, false, nil
	}
	twice = twice || isAnswer(inQuery) && isAnswer(inFragment)
	a.State, a.Issuer = secret.New(got["state"]), got["iss"]
	if twice {
		return a, true, errcode.New(errcode.StateMismatch, "the sign-in answer has a parameter twice")
	}
	if fault, failed := got["error"]; failed {
		for _, name := range []string{"code", "access_token", "id_token"} {
			if _, also := got[name]; also {
				return a, true, errcode.New(errcode.ServerError, "the sign-in answer has both an error and a "+name)
			}
		}
		if fault == "" {
			return a, true, errEmpty
		}
		a.Err = authorizationError(errcode.OAuth{Error: fault, Description: got["error_description"], URI: got["error_uri"]})
		return a, true, nil
	}
	return a, true, c.readAnswer(&a, got)
}

var errEmpty = errcode.New(errcode.ServerError, "the sign-in answer is empty, or lacks what was asked for")

// readAnswer takes from a successful answer what was asked for, all of it and
// nothing else.
func (c *Client) readAnswer(a *Answer, got map[string]string) error {
	want := c.ResponseType
	for _, part := range []struct {
		name  string
		asked bool
	}{{"code", want.HasCode()}, {"access_token", want.Token}, {"id_token", want.IDToken}} {
		value, there := got[part.name]
		switch {
		case there && !part.asked:
			return errcode.New(errcode.ServerError, "the sign-in answer has a "+part.name+" that was not asked for")
		case part.asked && value == "":
			return errEmpty
		}
	}
	a.Code, a.SessionState = secret.New(got["code"]), got["session_state"]
	if want.Token {
		t, err := c.usable(got["access_token"], got["token_type"], expiresIn(got["expires_in"]))
		if err != nil {
			return err
		}
		a.Tokens = t
		if scope, ok := got["scope"]; ok {
			a.Tokens.Scope = strings.Fields(scope)
		}
	}
	a.Tokens.ID = secret.New(got["id_token"])
	return nil
}

// isAnswer tells an answer from a page's own parameters: it has a state, and
// what a state comes back with.
func isAnswer(got map[string]string) bool {
	if got["state"] == "" {
		return false
	}
	for _, name := range []string{"code", "error", "access_token", "id_token"} {
		if _, ok := got[name]; ok {
			return true
		}
	}
	return false
}

// parameters reads those of an answer, and tells whether one came twice.
func parameters(query string) (got map[string]string, twice bool) {
	got = map[string]string{}
	for _, pair := range strings.Split(query, "&") {
		name, value, _ := strings.Cut(pair, "=")
		if name = unescape(name); answerParameters[name] {
			_, again := got[name]
			twice = twice || again
			got[name] = unescape(value)
		}
	}
	return got, twice
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
