package asm

import (
	"strconv"

	"latchkey/core/policy"
	"latchkey/core/session"
	"latchkey/core/session/bearer"
)

// strategy is the one of OAuth, under other names: the agent's requests carry the
// agent's token, and so do those of the user whom they act for.
type strategy struct{ bearer.Strategy }

// Rules implements [session.Strategy].
func (s strategy) Rules(r session.Record) []policy.Rule {
	var rules []policy.Rule
	for _, rule := range s.Strategy.Rules(r) {
		rule.As, rule.Session, rule.Version = policy.Agent, r.Session, r.Generation
		rules = append(rules, rule)
		if name := acting(r); name != "" {
			rule.As, rule.Session = policy.User, name
			rules = append(rules, rule)
		}
	}
	return rules
}

// acting is what the policy calls the session of whom an agent acts for: another
// name each time, as no request may go on as somebody else. It is "" where the agent
// acts for nobody.
func acting(r session.Record) string {
	if r.Acts == "" {
		return ""
	}
	return r.Session + "." + strconv.FormatInt(r.ActsSince, 10) + "." + r.Acts
}

// State implements [session.Strategy].
func (s strategy) State(r session.Record) session.State {
	if r.Acts == "" {
		return session.State{UserID: session.Anonymous, Agent: true}
	}
	state := s.Strategy.State(r)
	state.UserID, state.Claims, state.Agent, state.Emulated = r.Acts, "", true, true
	return state
}
