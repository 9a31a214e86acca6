package persist

import (
	"time"

	"latchkey/core/secret"
	"latchkey/core/session"
	"latchkey/core/strictjson"
)

// encodeMore writes the access tokens for resources of their own.
func encodeMore(t session.Tokens) string {
	var out strictjson.Object
	for _, a := range t.More {
		var one strictjson.Object
		one.String("access", a.Token.Expose())
		one.String("type", a.Type)
		if !a.ExpiresAt.IsZero() {
			one.Int("expiresAt", a.ExpiresAt.UnixMilli())
		}
		one.Int("since", a.Since)
		out.Raw(a.Resource, one.Done())
	}
	return out.Done()
}

// decodeMore leaves out what can't be used: it is got again.
func decodeMore(v strictjson.Value, generation int64) (more []session.Access) {
	for _, resource := range v.Names() {
		one := v.Get(resource)
		a := session.Access{
			Resource: resource,
			Token:    secret.New(one.Get("access").TextOr("")),
			Type:     one.Get("type").TextOr(""),
			Since:    decodeSince(one, generation),
		}
		if a.Token.Empty() || a.Type == "" {
			continue
		}
		if expires, ok := one.Get("expiresAt").Int(); ok {
			a.ExpiresAt = time.UnixMilli(expires)
		}
		more = append(more, a)
	}
	return more
}

// decodeSince reads the generation that a token came with: the record's own, where
// it says nothing that can be.
func decodeSince(v strictjson.Value, generation int64) int64 {
	if since, ok := v.Get("since").Int(); ok && since > 0 && since <= generation {
		return since
	}
	return generation
}
