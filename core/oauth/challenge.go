package oauth

import (
	"strconv"
	"strings"

	"latchkey/core/errcode"
)

// StepUp reads the WWW-Authenticate header of an API that wants a stronger or a
// fresher sign-in before it serves a request (RFC 9470, section 3). It is nil for
// every other refusal. A refresh would not help, as it brings the same sign-in.
func StepUp(challenge string) error {
	const wanted = "insufficient_user_authentication"
	got := authParams(challenge)
	if got["error"] != wanted {
		return nil
	}
	e := &errcode.Error{
		Code:    errcode.InteractionRequired,
		Message: "the API wants a stronger or a fresher sign-in; sign in again with params acr_values and max_age as error.challenge has them",
		OAuth:   &errcode.OAuth{Error: wanted, Description: got["error_description"]},
		Challenge: &errcode.Challenge{
			ACRValues: got["acr_values"],
		},
	}
	if n, err := strconv.ParseInt(got["max_age"], 10, 32); err == nil && n >= 0 {
		e.Challenge.MaxAge = &n
	}
	return e
}

// Opinion tells whether such a header says that the token is good, and what was asked
// for is not: not with this scope, or not in this form (RFC 6750, section 3.1). Another
// token of the same session would not help.
func Opinion(challenge string) bool {
	got := authParams(challenge)["error"]
	return got == "insufficient_scope" || got == "invalid_request"
}

// authParams are the parameters of the challenges in a header (RFC 9110,
// sections 11.2 and 11.6.1); of a name that comes twice the first.
func authParams(header string) map[string]string {
	got := map[string]string{}
	for header != "" {
		i := strings.IndexByte(header, '=')
		if i < 0 {
			break
		}
		before := strings.TrimRight(header[:i], " \t")
		name := lower(before[strings.LastIndexAny(before, " \t,")+1:])
		var value string
		value, header = paramValue(strings.TrimLeft(header[i+1:], " \t"))
		if _, twice := got[name]; !twice && name != "" {
			got[name] = value
		}
	}
	return got
}

// paramValue takes a token or a quoted string off the front.
func paramValue(text string) (value, rest string) {
	if !strings.HasPrefix(text, `"`) {
		if i := strings.IndexAny(text, " \t,"); i >= 0 {
			return text[:i], text[i:]
		}
		return text, ""
	}
	var b strings.Builder
	for i := 1; i < len(text); i++ {
		switch {
		case text[i] == '"':
			return b.String(), text[i+1:]
		case text[i] == '\\' && i+1 < len(text):
			i++
		}
		b.WriteByte(text[i])
	}
	return b.String(), ""
}
