// Package policy is what the control plane tells the data plane: for whose
// requests which headers, until when, and what a refusal looks like. It is
// data, in JSON, and knows no URLs: which requests are whose is in the page's
// own configuration, so that a policy read from storage can't widen it.
package policy

import (
	"fmt"
	"strings"
	"time"

	"latchkey/core/secret"
	"latchkey/core/strictjson"
)

// Format is the version of the JSON form. A policy of another one is not read.
const Format = 1

// User is the As of the signed-in person's own requests, or of those of whom an
// agent acts for.
const User = "user"

// Client is the As of those that carry the client's own credentials, and Agent of
// those that carry the agent's.
const (
	Client = "client"
	Agent  = "agent"
)

// UserAt is the As of those that carry a token for a resource of their own (RFC
// 8707).
func UserAt(resource string) string { return User + " " + resource }

// ResourceOf is the resource of an As; "" for the main token. ok says that it is a
// user's.
func ResourceOf(as string) (resource string, ok bool) {
	user, resource, _ := strings.Cut(as, " ")
	return resource, user == User
}

// Header is one header to set. Its name is in lower case.
type Header struct {
	Name  string
	Value secret.String
}

// Rule says what the requests of one As carry.
type Rule struct {
	As      string
	Headers []Header
	// ValidUntil is when the core must be asked before sending; zero is never.
	ValidUntil time.Time
	// Hold keeps requests back until a newer policy comes.
	Hold bool
	// Refused says what a refusal looks like.
	Refused Refusal
	// ProofKey is the thumbprint of the key that each request is proved with (RFC
	// 9449); "" where none is.
	ProofKey string
	// Credentials sends cookies to other origins too, where the caller did not say
	// what shall be sent.
	Credentials bool
	// Capture are the headers of an answer that the core wants to see.
	Capture []string
	// Claims is the status of an answer to somebody who lacks a claim, whose body has
	// {"claimValidationErrors": [{"id": …}]}; 0 for none.
	Claims int
	// Single sends one request at a time, until there is another policy, of those with
	// a body that it fits: the first may bring what the others have to carry. It is a
	// regular expression; "" is for none.
	Single string
	// Begins is what tells of an answer to one of those that the visitor has a session
	// now, also where nothing that is captured can be seen; the zero Begins for none.
	Begins Begins
	// Tells is for errors that are no refusal, and that the core has to hear of; the zero
	// Tells for none.
	Tells Tells
	// Watch is a regular expression too: of answers to requests with a body that it fits
	// the core is told, with or without headers.
	Watch string
	// CSRF is for unsafe requests; the zero CSRF where they need nothing.
	CSRF CSRF
	// Session and Version are of the session that these credentials are of, where
	// it is not the policy's.
	Session string
	Version int64
}

// Refusal is what an answer looks like that refuses the credentials. The zero
// Refusal means that the core doesn't want to hear of any.
type Refusal struct {
	Statuses []int
	// Types are those of the errors in the answer's body, {"errors": [{"type": …}]},
	// one of which must be there; where there are none, the status says it all.
	Types []string
	// Codes are the same for GraphQL: {"errors": [{"extensions": {"code": …}}]}.
	Codes []string
}

// Begins has two regular expressions: what is in the body of a request that surely gets
// a visitor a session, and in an answer's.
type Begins struct{ Request, Answer string }

// Tells has codes of GraphQL errors. They count where the request's header Param is the
// configuration's, and its address has no parameter of that name, which would win.
type Tells struct {
	Codes []string
	Param string
}

// CSRF is what an unsafe request carries to show that it is the page's own.
type CSRF struct {
	// Header has Value, or the value of the cookie with the name Cookie, or else what
	// the core says when it is asked.
	Header string
	Value  secret.String
	Cookie string
	// Stale is the status of an answer that wants another one than it got; 0 for none.
	Stale int
}

// Policy is immutable: whoever wants another one makes a new one.
type Policy struct {
	// Session is the record's; "" where nobody is signed in.
	Session string
	// Version is the record's generation.
	Version int64
	Rules   []Rule
}

// Format prints which policy it is, never what it holds.
func (p Policy) Format(f fmt.State, _ rune) {
	_, _ = fmt.Fprintf(f, "policy %d with %d rules", p.Version, len(p.Rules))
}

// JSON writes p as the data plane and the record have it.
func (p Policy) JSON() string {
	var o strictjson.Object
	o.Int("format", Format)
	o.String("session", p.Session)
	o.Int("version", p.Version)
	rules := make([]string, len(p.Rules))
	for i, r := range p.Rules {
		rules[i] = r.json()
	}
	o.Raw("rules", "["+strings.Join(rules, ",")+"]")
	return o.Done()
}

func (r Rule) json() string {
	var o strictjson.Object
	o.String("as", r.As)
	if len(r.Headers) > 0 {
		var h strictjson.Object
		for _, header := range r.Headers {
			h.String(header.Name, header.Value.Expose())
		}
		o.Raw("headers", h.Done())
	}
	if !r.ValidUntil.IsZero() {
		o.Int("validUntil", r.ValidUntil.UnixMilli())
	}
	if r.Hold {
		o.Bool("hold", true)
	}
	if len(r.Refused.Statuses) > 0 {
		var refused strictjson.Object
		refused.Ints("status", r.Refused.Statuses)
		if r.Refused.Types != nil {
			refused.Texts("types", r.Refused.Types)
		}
		if r.Refused.Codes != nil {
			refused.Texts("codes", r.Refused.Codes)
		}
		o.Raw("refused", refused.Done())
	}
	o.Text("dpop", r.ProofKey)
	if r.Credentials {
		o.String("credentials", "include")
	}
	if r.Capture != nil {
		o.Texts("capture", r.Capture)
	}
	if r.Claims != 0 {
		o.Int("claims", int64(r.Claims))
	}
	o.Text("single", r.Single)
	if r.Begins != (Begins{}) {
		var begins strictjson.Object
		begins.Text("request", r.Begins.Request)
		begins.Text("answer", r.Begins.Answer)
		o.Raw("begins", begins.Done())
	}
	if r.Tells.Codes != nil {
		var tells strictjson.Object
		tells.Texts("codes", r.Tells.Codes)
		tells.String("param", r.Tells.Param)
		o.Raw("tells", tells.Done())
	}
	o.Text("watch", r.Watch)
	if r.CSRF.Header != "" {
		var csrf strictjson.Object
		csrf.String("header", r.CSRF.Header)
		csrf.Text("value", r.CSRF.Value.Expose())
		csrf.Text("cookie", r.CSRF.Cookie)
		if r.CSRF.Stale != 0 {
			csrf.Int("stale", int64(r.CSRF.Stale))
		}
		o.Raw("csrf", csrf.Done())
	}
	if r.Session != "" {
		o.String("session", r.Session)
		o.Int("version", r.Version)
	}
	return o.Done()
}
