// Package clientauth lets requests carry the client's own credentials (RFC 6749,
// section 4.4): those of an app with nobody in it. One token is shared by all tabs;
// it is got when it is first needed, and again when it has ended or was refused.
package clientauth

import (
	"context"
	"errors"

	"latchkey/core"
	"latchkey/core/errcode"
	"latchkey/core/event"
	"latchkey/core/policy"
	"latchkey/core/session"
)

// Install is a [core.Feature].
func Install(a *core.Assembly) error {
	if !a.Config.ClientTokens {
		return nil
	}
	_, client := a.Main()
	f := &feature{assembly: a}
	keeper := a.Keeper(core.Beside{
		Name: "client", Client: client.ClientID, Show: f.show,
		Strategy: strategy{client: client, bearer: a.Bearer(client), complain: f.complain},
		Store:    func(s session.Store) session.Store { return always{s} },
	})
	f.keeper = keeper
	a.Holders[policy.Client] = func() core.Holder { return core.Holder{Keeper: keeper, Session: name} }
	a.Layers = append(a.Layers, f)
	return nil
}

// feature is the layer with the client's rule in it.
type feature struct {
	assembly *core.Assembly
	keeper   *session.Keeper
	// view and complained are changed while the assembly shows, and nowhere else.
	view       session.View
	complained bool
}

func (f *feature) show(v session.View, events []event.Event) {
	f.assembly.Show(func(session.View) []event.Event {
		f.view = v
		return failures(events)
	})
}

// complain tells the page, once, that the server gives the client no token: the
// requests that want one leave without.
func (f *feature) complain(err error) {
	e := f.assembly.Failure(err)
	f.assembly.Show(func(session.View) []event.Event {
		if f.complained {
			return nil
		}
		f.complained = true
		return []event.Event{e}
	})
}

// View adds the client's rule.
func (f *feature) View(v session.View) session.View {
	v.Policy.Rules = append(v.Policy.Rules[:len(v.Policy.Rules):len(v.Policy.Rules)], f.view.Policy.Rules...)
	return v
}

// Events leaves them as they are.
func (f *feature) Events(all []event.Event) []event.Event { return all }

// failures leaves out what a token's coming and going looks like.
func failures(events []event.Event) (left []event.Event) {
	for _, e := range events {
		if e.Type == event.Error {
			left = append(left, e)
		}
	}
	return left
}

// name is what the policy calls the client's session, which is always there.
const name = "client"

// always is a store in which there is a session, if one without a token.
type always struct{ session.Store }

func (s always) Load(ctx context.Context) session.Record { return alive(s.Store.Load(ctx)) }

func (s always) Update(ctx context.Context, change func(session.Record) (session.Record, bool)) session.Record {
	return alive(s.Store.Update(ctx, func(now session.Record) (session.Record, bool) { return change(alive(now)) }))
}

func alive(r session.Record) session.Record {
	r.Session = name
	return r
}

// explain says what it means that the client gets no token.
func explain(err error) error {
	e := errcode.Error{Code: errcode.Of(err), Message: "the server gave the client no token of its own (client_credentials), so that requests as 'client' leave without one; does this client have a secret, and that grant?", Cause: err}
	var its *errcode.Error
	if errors.As(err, &its) {
		e.OAuth = its.OAuth
	}
	return &e
}
