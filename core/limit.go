package core

import (
	"context"
	"time"

	"latchkey/core/event"
	"latchkey/core/limits"
	"latchkey/core/session"
	"latchkey/core/userauth"
)

// limit makes the limits of the main session; there may be none.
func (r *Runtime) limit() {
	c := r.config.Limits
	r.mine = r.watch(limits.Options{
		Keeper: r.keeper, Key: r.config.Key + "/active", Note: "alive ",
		Idle: c.Idle, Absolute: c.Absolute, Warning: c.Warning, Tell: r.warn, End: r.expire,
	})
}

// watch has limits looked at with all others.
func (r *Runtime) watch(o limits.Options) *limits.Limits {
	o.Browser = r.browser
	l := limits.New(o)
	if l != nil {
		r.limits = append(r.limits, l)
	}
	return l
}

// warn tells the page of an end that nears, or takes that back.
func (r *Runtime) warn(end time.Time, of session.Trigger) {
	e := r.failure(nil)
	e.Type, e.EndsAt = event.Idle, end
	if of == session.OnAbsolute {
		e.Reason = string(of) // nothing that the person does puts it off
	}
	r.show(func(session.View) []event.Event {
		all := []event.Event{e}
		for _, layer := range r.assembly.Layers {
			all = layer.Events(all)
		}
		return all
	})
}

// expire ends the session at a limit, and gives back at the server what was in it, as a
// logout does; who has to know that it is over does not wait for that.
func (r *Runtime) expire(ctx context.Context, name string, of session.Trigger) {
	was, ok := r.keeper.EndFor(ctx, name, session.Note{Reason: session.Expired, Trigger: of})
	if !ok {
		return
	}
	go func() {
		defer func() { _ = recover() }()
		ctx, cancel := context.WithTimeout(context.Background(), r.config.Timeout)
		defer cancel()
		r.service.Logout(ctx, userauth.LogoutOptions{Revoke: true, Was: &was})
	}()
}

// within ends a keeper's session where that has reached a limit, and else has the policy
// say how long it is good from now on.
func (r *Runtime) within(ctx context.Context, k *session.Keeper) {
	for _, l := range r.limits {
		if l.Keeper == k && k.Record().Live() && !l.Check(ctx) {
			k.Announce()
		}
	}
}
