package core

import (
	"context"

	"latchkey/core/browser"
	"latchkey/core/strictjson"
)

// tabName is a name for this tab that no other one has; "" where the browser gives no
// random numbers, as nothing but what people read depends on it.
func tabName(c browser.Crypto) string {
	var id [8]byte
	if c.Random(id[:]) != nil {
		return ""
	}
	for i, b := range id {
		id[i] = 'a' + b%26
	}
	return string(id[:])
}

// note keeps a step of a keeper's. as is what its session is called, "" for the main one.
func (r *Runtime) note(as, entry string) {
	if as != "" {
		entry = `{"as":"` + as + `",` + entry[1:]
	}
	if r.config.Trace {
		r.trace.Add(entry)
	}
}

// tell lists what has happened to the session, in whichever tab; also the end that the
// record tells of, where whoever did it had no time to write that down.
func (r *Runtime) tell(ctx context.Context, _ strictjson.Value) (string, error) {
	var o strictjson.Object
	o.String("tab", r.tab)
	o.Raw("entries", r.trace.Entries(ctx))
	if why := r.keeper.Record().Why; why != "" {
		o.Raw("why", why)
	}
	return o.Done(), nil
}
