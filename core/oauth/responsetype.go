package oauth

import "strings"

// ResponseType is what the authorization endpoint is asked for (RFC 6749,
// section 3.1.1; OAuth 2.0 Multiple Response Type Encoding Practices). The zero
// value is the code alone.
type ResponseType struct{ Code, IDToken, Token bool }

// ParseResponseType reads the words of a response_type, in any order.
func ParseResponseType(text string) (r ResponseType, ok bool) {
	for _, word := range strings.Fields(text) {
		part := map[string]*bool{"code": &r.Code, "id_token": &r.IDToken, "token": &r.Token}[word]
		if part == nil || *part {
			return ResponseType{}, false
		}
		*part = true
	}
	return r, r != ResponseType{}
}

// String writes it in the order in which it is registered: some servers compare
// the text.
func (r ResponseType) String() string {
	var words []string
	for _, part := range []struct {
		has  bool
		word string
	}{{r.HasCode(), "code"}, {r.IDToken, "id_token"}, {r.Token, "token"}} {
		if part.has {
			words = append(words, part.word)
		}
	}
	return strings.Join(words, " ")
}

// HasCode tells whether there is a code to redeem.
func (r ResponseType) HasCode() bool { return r.Code || !r.Front() }

// Front tells whether tokens come through the browser's address; the answer is
// then in its fragment.
func (r ResponseType) Front() bool { return r.IDToken || r.Token }
