// Package spartacus reads what SAP's storefront has left in the storage of a
// browser, so that nobody is signed out by the change to this runtime. It writes
// nothing, and it is no strategy: what it finds becomes a record like any other.
//
// The storefront keeps one token at a time, beside whose it is: the customer's or
// an agent's. It never stores a refresh token, so what is found here ends with the
// access token.
package spartacus

import (
	"time"

	"latchkey/core/session"
	"latchkey/core/strictjson"
)

// The storefront's keys: its name, an empty context and the feature, with
// U+26BF between.
const (
	AuthKey = "spartacus\u26bf\u26bfauth"
	ASMKey  = "spartacus\u26bf\u26bfasm"
)

// Left is what can be used of it. Nothing in it is half a thing: a token is
// whole and lasts, or it is not here.
type Left struct {
	// Customer are the tokens of the customer's own session.
	Customer session.Tokens
	// Agent are those of an agent who is signed in.
	Agent session.Tokens
	// Emulated is the id of the customer that the agent acts for; "" where the agent
	// acts for nobody.
	Emulated string
	// Page is where a sign-in would lead. It looks like a path, but is a stranger's
	// word: whoever goes there asks the browser first whose address it is.
	Page string
}

// Read takes what is in storage at now. get tells whether there is a value.
//
// Whose a token is, is said by two records that are written one after the other,
// and a token of which that can't be told is nobody's. So a customer's is taken only
// with the user id of a customer, and an agent's never with it: the storefront
// names an agent as the owner while the customer's token is still there.
func Read(get func(key string) (string, bool), now time.Time) Left {
	auth, _ := record(get, AuthKey)
	asm, readable := record(get, ASMKey)
	left := Left{Page: page(auth.Get("redirectUrl"))}
	user := auth.Get("userId").TextOr("")
	switch target := asm.Get("tokenTarget"); {
	case !readable:
		// It may have said that there is an agent.
	case target.TextOr("") == "CSAgent" && (user == session.Anonymous || session.IsUser(user)):
		left.Agent, left.Customer = tokens(auth.Get("token"), now), tokens(asm.Get("emulatedUserToken"), now)
		if left.Agent.Access.Expose() == left.Customer.Access.Expose() {
			left.Agent, left.Customer = session.Tokens{}, session.Tokens{}
		}
		if user != session.Anonymous && !left.Agent.Access.Empty() {
			left.Emulated = user
		}
	case (target.TextOr("") == "User" || target.Kind() == strictjson.Missing) && user == session.Current:
		left.Customer = tokens(auth.Get("token"), now)
	}
	return left
}

// record reads one, a Missing value where there is none; and tells whether there is
// none that can't be read.
func record(get func(key string) (string, bool), key string) (strictjson.Value, bool) {
	text, _ := get(key)
	if text == "" {
		return strictjson.Value{}, true
	}
	v, err := strictjson.Parse(text)
	if err != nil || v.Kind() != strictjson.Obj {
		return strictjson.Value{}, false
	}
	return v, true
}

// page returns what looks like a path of one's own, or "".
func page(v strictjson.Value) string {
	path := v.TextOr("")
	if path == "" || len(path) > 4096 || path[0] != '/' || len(path) > 1 && (path[1] == '/' || path[1] == '\\') {
		return ""
	}
	for _, c := range []byte(path) {
		if c <= ' ' || c == 0x7f {
			return ""
		}
	}
	return path
}

// visible tells whether s is what a header can carry, without spaces.
func visible(s string) bool {
	for _, c := range []byte(s) {
		if c < 0x21 || c > 0x7e {
			return false
		}
	}
	return s != ""
}
