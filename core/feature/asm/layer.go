package asm

import (
	"latchkey/core/event"
	"latchkey/core/policy"
	"latchkey/core/session"
)

// show is what the agent's keeper publishes to.
func (f *feature) show(v session.View, events []event.Event) {
	f.assembly.Show(func(main session.View) []event.Event {
		before, left := f.user(main), f.shown.State.Agent && !v.State.Agent
		f.shown = v
		switch {
		case v.State.Agent:
			f.restoring = nil
		case left && f.spent(main):
			f.restore(len(events) > 0 && events[0].Remote)
		}
		f.idle.Look()
		return told(events, before, f.user(main))
	})
}

// user is whom the page is shown: the agent's, if there is one, or the main
// session's.
func (f *feature) user(main session.View) string {
	switch {
	case f.shown.State.Agent:
		return f.shown.State.UserID
	case main.State.LoggedIn && f.restoring == nil:
		return main.State.UserID
	}
	return session.Anonymous
}

// told makes events about the page's user of those about the agent's session.
func told(events []event.Event, before, after string) (all []event.Event) {
	say := func(e event.Event, t event.Type, r session.Reason) {
		e.Type, e.Reason, e.PreviousUserID, e.UserID = t, string(r), before, after
		if t == event.Login {
			e.Why = ""
		}
		all = append(all, e)
	}
	changed := before != after
	for _, e := range events {
		switch e.Type {
		case event.Error:
			all = append(all, e)
		case event.Refresh:
			if after != session.Anonymous {
				say(e, e.Type, "")
			}
		case event.Expired:
			say(e, e.Type, session.ByAgent)
		default:
			// A login or a logout of the agent's: what matters is who the page's user is
			// by that, which is told once.
			if changed && before != session.Anonymous {
				say(e, event.Logout, session.ByAgent)
			}
			if changed && after != session.Anonymous {
				say(e, event.Login, session.ByAgent)
			}
			changed = false
		}
	}
	return all
}

// View shows the agent instead of the customer, whose own credentials then go
// nowhere.
func (f *feature) View(v session.View) session.View {
	if !f.shown.State.Agent {
		if f.restoring != nil && v.State.LoggedIn {
			v.State.Restoring, v.State.LoggedIn = true, false
		}
		return v
	}
	p := policy.Policy{Version: f.shown.Policy.Version, Rules: f.shown.Policy.Rules}
	for _, rule := range p.Rules {
		if rule.As == policy.User {
			p.Session = rule.Session
		}
	}
	for _, rule := range v.Policy.Rules {
		if _, users := policy.ResourceOf(rule.As); !users {
			p.Rules = append(p.Rules[:len(p.Rules):len(p.Rules)], rule)
		}
	}
	return session.View{State: f.shown.State, Policy: p}
}

// Events tells nothing of a customer who is not shown, but what has gone wrong.
func (f *feature) Events(all []event.Event) []event.Event {
	hidden := f.shown.State.Agent
	var left []event.Event
	for _, e := range all {
		switch {
		case e.Type == event.Error:
			left = append(left, e)
		case hidden:
		case e.Type == event.Refresh && f.restoring != nil:
			// The login that comes of it says as much.
		default:
			if e.Type == event.Login {
				f.restoring = nil // it is somebody's who has signed in since
			}
			left = append(left, e)
		}
	}
	return left
}
