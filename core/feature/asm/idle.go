package asm

import (
	"context"
	"time"

	"latchkey/core/event"
	"latchkey/core/limits"
	"latchkey/core/session"
	"latchkey/core/strictjson"
)

// longestIdle is the longest that an agent may be away.
const longestIdle = 60000 * time.Second

// newIdle signs the agent out after a time without a sign of life, in whichever tab;
// it is nil where that is for ever. That the agent has signed in is the first.
func newIdle(f *feature, options strictjson.Value) *limits.Limits {
	seconds := func(name string, standard time.Duration) time.Duration {
		if n, ok := options.Get(name).Number(); ok {
			return time.Duration(n * float64(time.Second))
		}
		return standard
	}
	timeout := min(seconds("idleTimeout", 600*time.Second), longestIdle)
	return f.assembly.Limits(limits.Options{
		Keeper: f.keeper, Key: f.assembly.Key("agent/active"), Note: "active ",
		Idle: timeout, Warning: min(seconds("idleWarning", time.Minute), timeout),
		Tell: func(end time.Time, _ session.Trigger) {
			e := f.assembly.Failure(nil)
			e.Type, e.EndsAt = event.Idle, end
			f.assembly.Show(func(session.View) []event.Event { return []event.Event{e} })
		},
		End: func(ctx context.Context, name string, of session.Trigger) {
			if was, ok := f.keeper.EndFor(ctx, name, session.Note{Reason: session.Expired, Trigger: of}); ok {
				go f.revoke(was.Tokens)
			}
			f.restored(ctx)
		},
	})
}

// revoke gives tokens back that nobody waits for.
func (f *feature) revoke(tokens session.Tokens) {
	defer func() { _ = recover() }()
	ctx, cancel := context.WithTimeout(context.Background(), f.assembly.Config.Timeout)
	defer cancel()
	f.client.Revoke(ctx, tokens)
}
