package core

import (
	"context"
	"encoding/base64"
	"strings"

	"latchkey/core/browser"
	"latchkey/core/session"
	"latchkey/core/strictjson"
	"latchkey/core/trace"
)

// tabName is a name for this tab that no other one has; "" where the browser gives no random numbers, as nothing
// but what people read depends on it.
func tabName(c browser.Crypto) string {
	var id [6]byte
	if c.Random(id[:]) != nil {
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(id[:])
}

// as is what a keeper's session is called; "" for the main one.
func (r *Runtime) as(k *session.Keeper) string {
	name := strings.TrimSuffix(k.Lock, "/refresh")[len(r.config.Key):]
	return strings.TrimPrefix(name, "/")
}

// note keeps a step of a keeper's.
func (r *Runtime) note(k *session.Keeper, n session.Note) {
	e := k.Entry(n)
	e.As = r.as(k)
	if r.config.Trace {
		r.trace.Add(e)
	}
}

// tell lists what has happened to the session, in whichever tab.
func (r *Runtime) tell(ctx context.Context, _ strictjson.Value) (string, error) {
	var ends []trace.Entry
	for _, k := range r.keepers() {
		if why := k.Record().Why; why.What != "" {
			why.As = r.as(k)
			ends = append(ends, why)
		}
	}
	entries := r.trace.Entries(ctx, ends...)
	texts := make([]string, len(entries))
	for i, e := range entries {
		texts[i] = e.JSON()
	}
	var o strictjson.Object
	o.Raw("entries", trace.List(texts))
	return o.Done(), nil
}
