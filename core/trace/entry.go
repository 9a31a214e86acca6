// Package trace keeps what has happened to a session, for whoever asks later why they
// were signed out: who did it, when, what set it off, and what the server said.
//
// Nothing in it is secret, and nothing of it is believed: it is for people. What comes
// from a server, or back from storage, is cut to what can't be a token, a name or a
// password.
package trace

import (
	"errors"
	"strings"
	"time"

	"latchkey/core/errcode"
	"latchkey/core/strictjson"
)

// Entry is one step.
type Entry struct {
	At time.Time
	// Tab is the runtime that took it; "" where nobody said.
	Tab string
	// As is whose session it was, where not the main one: "client" or "agent".
	As string
	// What happened, what set it off, and why a session ended; in the words of
	// [latchkey/core/session.Note].
	What, Trigger, Reason string
	// Code is our error's, OAuth the server's.
	Code  errcode.Code
	OAuth *errcode.OAuth
	// Generation is the record's after it.
	Generation int64
}

// Failed returns e with an error's code and the server's words.
func (e Entry) Failed(err error) Entry {
	if err == nil {
		return e
	}
	e.Code, e.OAuth = errcode.Of(err), nil
	var typed *errcode.Error
	if errors.As(err, &typed) && typed.OAuth != nil {
		e.OAuth = said(typed.OAuth.Error, typed.OAuth.Description)
	}
	return e
}

// JSON writes e as it is stored, and as the page gets it.
func (e Entry) JSON() string {
	var o strictjson.Object
	e.write(&o)
	o.Text("as", e.As)
	o.String("what", e.What)
	o.Text("reason", e.Reason)
	return o.Done()
}

// Why writes e, an end, as an event has it. tab is the one that it is told in.
func (e Entry) Why(tab string) string {
	var o strictjson.Object
	e.write(&o)
	o.Bool("here", e.Tab == tab && tab != "")
	return o.Done()
}

func (e Entry) write(o *strictjson.Object) {
	o.Int("at", e.At.UnixMilli())
	o.String("tab", e.Tab)
	o.Text("trigger", e.Trigger)
	o.Text("error", string(e.Code))
	if e.OAuth != nil {
		var said strictjson.Object
		said.String("error", e.OAuth.Error)
		said.Text("error_description", e.OAuth.Description)
		o.Raw("oauth", said.Done())
	}
	o.Int("generation", e.Generation)
}

// Parse reads what JSON wrote. It is a stranger's: what can't be from here is left out,
// and ok is false where there is nothing.
func Parse(v strictjson.Value) (e Entry, ok bool) {
	at, ok := v.Get("at").Int()
	e.At = time.UnixMilli(at)
	e.Tab = id(v.Get("tab").TextOr(""))
	e.As = word(v.Get("as").TextOr(""))
	e.What = word(v.Get("what").TextOr(""))
	e.Trigger = word(v.Get("trigger").TextOr(""))
	e.Reason = word(v.Get("reason").TextOr(""))
	e.Code = errcode.Code(word(v.Get("error").TextOr("")))
	if o := v.Get("oauth"); o.Kind() == strictjson.Obj {
		e.OAuth = said(o.Get("error").TextOr(""), o.Get("error_description").TextOr(""))
	}
	e.Generation, _ = v.Get("generation").Int()
	if !ok || e.What == "" || e.Generation < 0 {
		return Entry{}, false
	}
	return e, true
}

// same tells whether two entries are of one thing that two tabs have noticed.
func (e Entry) same(other Entry) bool {
	return e.What == other.What && e.As == other.As && e.Reason == other.Reason && e.Generation == other.Generation &&
		(e.Trigger == other.Trigger || e.Trigger == "" || other.Trigger == "")
}

// before tells whether e happened before another entry that is stored already. A tab
// writes its own in their order.
func (e Entry) before(other Entry) bool {
	if e.Tab == other.Tab {
		return false
	}
	late := other.At.Sub(e.At)
	return late > 0 && late < astray || late == 0 && e.Generation < other.Generation
}

// outcome tells whether e says what has come of a refresh.
func (e Entry) outcome() bool {
	switch e.What {
	case "renewed", "failed", "late":
		return true
	}
	return e.What == "ended" && e.Reason == "expired"
}

// longest bounds a word. Tokens are longer, or have digits in them.
const longest = 40

// word is a text if it is one of letters, or of several with '_' between: what codes look like, and
// tokens don't. Else it is "".
func word(text string) string {
	if len(text) > longest {
		return ""
	}
	for _, c := range []byte(text) {
		if (c|0x20 < 'a' || c|0x20 > 'z') && c != '_' {
			return ""
		}
	}
	return text
}

// id is a text if it can be a tab's. Else it is "".
func id(text string) string {
	if len(text) > len("12345678") {
		return ""
	}
	for _, c := range []byte(text) {
		if (c < '0' || c > '9') && (c|0x20 < 'a' || c|0x20 > 'z') && c != '_' && c != '-' {
			return ""
		}
	}
	return text
}

// known are the words that a server's sentence is cut to. A sentence may have anything
// in it, as a user's name or the token itself; of these alone nobody learns more than
// what was wrong.
const known = " a access account active already an and any at authentication authorization bad been by can client code consent credentials deactivated " +
	"deleted denied disabled does doesn't due duplicate error exceeded exist expired failed family for found grant granted has have idle in inactive interaction invalid is " +
	"issued it its lifetime limit locked log logged login longer match max maximum missing must no not of offline on once only or password policy please refresh rejected " +
	"removed required reuse reused revoked rotated scope session sessions sign since stale started stolen superseded suspended that the there this time to token tokens too unknown " +
	"used user was with you your "

// said is the server's error, cut to what may be shown and kept; nil where nothing is left.
func said(code, sentence string) *errcode.OAuth {
	if code = word(code); code == "" {
		return nil
	}
	const most = 120
	var b strings.Builder
	gap := false
	for _, w := range strings.Fields(sentence[:min(len(sentence), 400)]) {
		bare := strings.ToLower(strings.Trim(w, `.,:;!?'"()`))
		if bare == "" || !strings.Contains(known, " "+bare+" ") {
			gap = true
			continue
		}
		if b.Len()+len(bare)+3 > most {
			break
		}
		if b.Len() > 0 || gap {
			b.WriteString(map[bool]string{true: " … ", false: " "}[gap])
		}
		gap = false
		b.WriteString(bare)
	}
	return &errcode.OAuth{Error: code, Description: strings.TrimSpace(b.String())}
}
