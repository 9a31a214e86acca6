package core_test

import (
	"context"
	"errors"

	"latchkey/core/persist"
	"latchkey/core/session"
	"latchkey/core/strictjson"
)

// standing is a storage that holds one value.
type standing string

func (s standing) Get(context.Context, string) (string, bool, error) { return string(s), true, nil }
func (standing) Set(context.Context, string, string) error           { return errors.New("read only") }
func (standing) Remove(context.Context, string) error                { return errors.New("read only") }

type noLocks struct{}

func (noLocks) Acquire(context.Context, string) (func(), error) { return func() {}, nil }
func (noLocks) Steal(context.Context, string) (func(), error)   { return func() {}, nil }
func (noLocks) Held(context.Context) ([]string, error)          { return nil, nil }

// readable holds invariant 6: what is stored is read by this version's codec, and by what
// knows no more than format 1.
func (s *sim) readable(key, text string, v strictjson.Value) {
	client := "shop"
	if key == simKey+"/agent" {
		client = agents
	}
	generation, _ := v.Get("generation").Int()
	var trouble error
	rec := persist.New(persist.Options{
		Storage: standing(text), Locks: noLocks{}, Key: key, Issuer: issuer, Client: client,
		View: func(session.Record) session.View { return session.View{} },
		Warn: func(err error) { trouble = err },
	}).Load(context.Background())
	if trouble != nil || rec.Generation != generation || rec.Session != v.Get("session").TextOr("") {
		s.fail("invariant 6: this version can't read what it has stored under %s: %v", key, trouble)
	}
	if what := format1(v); what != "" {
		s.fail("invariant 6: what is stored under %s has no %s, as format 1 has", key, what)
	}
}

// format1 reads a record as the first version did, whatever else is in it; it returns what
// is missing. It is not to be changed with the codec: a new format has a new number.
func format1(v strictjson.Value) (missing string) {
	text := func(v strictjson.Value) bool { _, ok := v.Text(); return ok }
	number := func(v strictjson.Value) bool { _, ok := v.Int(); return ok }
	format, _ := v.Get("format").Int()
	generation, counted := v.Get("generation").Int()
	version, _ := v.Get("policy").Get("format").Int()
	switch {
	case format != 1:
		return "format 1"
	case !text(v.Get("issuer")) || !text(v.Get("client")) || !text(v.Get("context")):
		return "owner"
	case !text(v.Get("session")) || !counted || generation < 1:
		return "stamp"
	case !text(v.Get("state").Get("status")) || !text(v.Get("state").Get("userId")):
		return "state"
	case version != 1 || v.Get("policy").Get("rules").Kind() != strictjson.Array:
		return "policy"
	case v.Get("session").TextOr("") == "":
		return ""
	}
	tokens := v.Get("tokens")
	if !text(tokens.Get("access")) || !text(tokens.Get("type")) || !number(tokens.Get("issuedAt")) {
		return "tokens"
	}
	for _, rule := range v.Get("policy").Get("rules").Items() {
		if !text(rule.Get("as")) {
			return "rule with its as"
		}
	}
	return ""
}
