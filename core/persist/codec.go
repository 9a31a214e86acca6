package persist

import (
	"errors"
	"time"

	"latchkey/core/secret"
	"latchkey/core/session"
	"latchkey/core/strictjson"
)

// Format is the version of the record. A newer one is left alone.
const Format = 1

// longestWhy bounds what a record says about the end of a session.
const longestWhy = 600

var (
	errRubbish = errors.New("the stored session can't be read")
	errNewer   = errors.New("the stored session was written by a newer version of this app; reload the page")
)

// owner is whose record it is. One of another issuer, client or context is
// not ours, whatever its key says.
type owner struct{ issuer, client, context string }

func encode(o owner, r session.Record, v session.View) string {
	var out strictjson.Object
	out.Int("format", Format)
	out.String("issuer", o.issuer)
	out.String("client", o.client)
	out.String("context", o.context)
	out.String("session", r.Session)
	out.Int("generation", r.Generation)
	out.Text("ended", string(r.Ended))
	if r.Why != "" {
		out.Raw("why", r.Why)
	}
	out.Text("mark", r.Mark)
	out.Raw("state", v.State.JSON())
	out.Raw("policy", v.Policy.JSON())
	if r.Live() {
		if !r.Began.IsZero() && !r.Began.Equal(r.Tokens.IssuedAt) {
			out.Int("began", r.Began.UnixMilli())
		}
		out.Raw("tokens", encodeTokens(r.Tokens, r.Generation))
		if r.Acts != "" {
			var acts strictjson.Object
			acts.String("for", r.Acts)
			acts.Int("since", r.ActsSince)
			out.Raw("acts", acts.Done())
		}
	}
	return out.Done()
}

func encodeTokens(t session.Tokens, generation int64) string {
	var out strictjson.Object
	out.String("access", t.Access.Expose())
	out.Text("refresh", t.Refresh.Expose())
	if !t.RefreshEnds.IsZero() {
		out.Int("refreshEnds", t.RefreshEnds.UnixMilli())
	}
	out.Text("id", t.ID.Expose())
	out.String("type", t.Type)
	out.Text("jkt", t.ProofKey)
	out.Text("csrf", t.CSRF.Expose())
	if t.Cookie {
		out.Bool("cookie", true)
	}
	if t.Scope != nil {
		out.Texts("scope", t.Scope)
	}
	out.Int("issuedAt", t.IssuedAt.UnixMilli())
	if !t.ExpiresAt.IsZero() {
		out.Int("expiresAt", t.ExpiresAt.UnixMilli())
	}
	if t.Since != generation {
		out.Int("since", t.Since)
	}
	if len(t.More) > 0 {
		out.Raw("more", encodeMore(t))
	}
	if len(t.Named) > 0 {
		out.Texts("named", t.Named)
	}
	out.Text("subject", t.Subject)
	out.Text("sessionState", t.SessionState)
	if t.Claims != "" {
		out.Raw("claims", t.Claims)
	}
	return out.Done()
}

// decode reads a record. State and policy are not read: they are computed from
// the tokens, so that nobody can plant others.
func decode(o owner, text string) (session.Record, error) {
	v, err := strictjson.Parse(text)
	if err != nil {
		return session.Record{}, errRubbish
	}
	switch format, ok := v.Get("format").Int(); {
	case !ok || format < 1:
		return session.Record{}, errRubbish
	case format > Format:
		return session.Record{}, errNewer
	}
	if (owner{v.Get("issuer").TextOr(""), v.Get("client").TextOr(""), v.Get("context").TextOr("")}) != o {
		return session.Record{}, errRubbish
	}
	var r session.Record
	name, named := v.Get("session").Text()
	generation, counted := v.Get("generation").Int()
	if !named || !counted || generation < 1 {
		return session.Record{}, errRubbish
	}
	r.Stamp = session.Stamp{Session: name, Generation: generation}
	r.Mark = v.Get("mark").TextOr("")
	switch reason := session.Reason(v.Get("ended").TextOr("")); reason {
	case session.ByUser, session.Expired, session.Revoked, session.Switched:
		r.Ended = reason
	}
	// It is for people, and what it is the page makes sure of.
	if why := v.Get("why"); why.Kind() == strictjson.Obj {
		if r.Why = why.JSON(); len(r.Why) > longestWhy {
			r.Why = ""
		}
	}
	if !r.Live() {
		return r, nil
	}
	r.Ended = ""
	r.Tokens, err = decodeTokens(v.Get("tokens"), generation)
	// A record without it is of the tokens' time, or was written before there was one.
	r.Began = r.Tokens.IssuedAt
	if began, ok := v.Get("began").Int(); ok {
		r.Began = time.UnixMilli(began)
	}
	// Whoever it was, an id that is none is nobody's.
	if acts := v.Get("acts"); session.IsUser(acts.Get("for").TextOr("")) {
		r.Acts = acts.Get("for").TextOr("")
		r.ActsSince = decodeSince(acts, generation)
	}
	return r, err
}

func decodeTokens(v strictjson.Value, generation int64) (session.Tokens, error) {
	var t session.Tokens
	access := v.Get("access").TextOr("")
	issued, ok := v.Get("issuedAt").Int()
	t.Type = v.Get("type").TextOr("")
	id := v.Get("id").TextOr("")
	t.Cookie, _ = v.Get("cookie").Bool()
	// An access token has a type; without one there is at least an id token, unless
	// the backend has them all.
	if !ok || (access == "") != (t.Type == "") || (access+id == "") != t.Cookie {
		return t, errRubbish
	}
	t.Access = secret.New(access)
	t.Refresh = secret.New(v.Get("refresh").TextOr(""))
	if ends, ok := v.Get("refreshEnds").Int(); ok {
		t.RefreshEnds = time.UnixMilli(ends)
	}
	t.ProofKey = v.Get("jkt").TextOr("")
	t.CSRF = secret.New(v.Get("csrf").TextOr(""))
	t.ID = secret.New(id)
	t.IssuedAt = time.UnixMilli(issued)
	if expires, ok := v.Get("expiresAt").Int(); ok {
		t.ExpiresAt = time.UnixMilli(expires)
	}
	t.Since = decodeSince(v, generation)
	t.More = decodeMore(v.Get("more"), generation)
	for _, item := range v.Get("named").Items() {
		t.Named = append(t.Named, item.TextOr(""))
	}
	if v.Get("scope").Kind() == strictjson.Array {
		t.Scope = []string{}
		for _, item := range v.Get("scope").Items() {
			s, ok := item.Text()
			if !ok {
				return t, errRubbish
			}
			t.Scope = append(t.Scope, s)
		}
	}
	t.Subject = v.Get("subject").TextOr("")
	t.SessionState = v.Get("sessionState").TextOr("")
	if claims := v.Get("claims"); claims.Kind() == strictjson.Obj {
		t.Claims = claims.JSON()
	}
	return t, nil
}
