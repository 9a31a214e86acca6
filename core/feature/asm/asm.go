// Package asm is assisted service: an agent signs in beside the customer, and acts
// for one of them. The agent's session is a record of its own, with its own tokens,
// expiry and failures. The customer's stays as it is, behind it: while the agent is
// there, the page's user is whom they act for, or nobody.
//
//	none → agent ⇄ emulating → restoring → none
//
// None of these is stored: each follows from the two records.
package asm

import (
	"context"

	"latchkey/core"
	"latchkey/core/errcode"
	"latchkey/core/event"
	"latchkey/core/limits"
	"latchkey/core/oauth"
	"latchkey/core/policy"
	"latchkey/core/secret"
	"latchkey/core/session"
	"latchkey/core/spartacus"
	"latchkey/core/strictjson"
	"latchkey/core/userauth"
)

// feature is the agent's part of a runtime.
type feature struct {
	assembly *core.Assembly
	main     *session.Keeper
	keeper   *session.Keeper
	client   *oauth.Client
	service  *userauth.Service
	idle     *limits.Limits // nil where they may be away for ever
	// arrived says that an agent has signed in by an answer that this page came with.
	arrived bool

	// shown and restoring are changed while the assembly shows, and nowhere else.
	shown session.View
	// restoring is the customer's session that is about to be back; nil where there
	// is none to wait for.
	restoring *restoring
	restorings
}

// Install is a [core.Feature].
func Install(a *core.Assembly) error {
	options := a.Options("agent")
	if options.Kind() != strictjson.Obj {
		return nil
	}
	f := &feature{assembly: a}
	f.main, _ = a.Main()
	flow := userauth.Flow(options.Get("flow").TextOr(string(a.Config.Flow)))
	f.client = a.Client(func(c *oauth.Config) {
		c.ResponseType, c.APIResources, c.ProofKey, c.Handover = oauth.ResponseType{}, nil, nil, ""
		id := options.Get("clientId").TextOr("")
		if id == "" && flow != userauth.PasswordFlow {
			id = "asm_client"
		}
		if id != "" && id != c.ClientID {
			// It has the customers' secret only if it is their client.
			c.ClientID, c.ClientSecret = id, secret.String{}
		}
		if s := options.Get("clientSecret").TextOr(""); s != "" {
			c.ClientSecret = secret.New(s)
		}
	})
	f.keeper = a.Keeper(core.Beside{
		Name: "agent", Client: f.client.ClientID, Show: f.show, Strategy: strategy{a.Bearer(f.client)},
	})
	f.service = userauth.New(userauth.Options{
		Flow: flow, Way: oauth.Beside, Allowed: func() error { return nil }, Client: f.client, Keeper: f.keeper,
		Pending: a.Pending, Navigation: a.Navigation, Location: a.Browser.Location, Windows: a.Browser.Windows,
		Silent: userauth.Silent{Client: f.client, Windows: a.Browser.Windows}, Origin: a.Config.Origin, AfterLogout: a.Config.AfterLogout, Timeout: a.Config.Timeout,
	})
	f.idle = newIdle(f, options)

	customer := a.Holders[policy.User]
	a.Holders[policy.User] = func() core.Holder {
		if rec := f.keeper.Record(); rec.Live() {
			return core.Holder{Keeper: f.keeper, Session: acting(rec)}
		}
		return customer()
	}
	a.Holders[policy.Agent] = func() core.Holder { return core.Holder{Keeper: f.keeper, Session: f.keeper.Record().Session} }
	a.Layers = append(a.Layers, f)
	a.Callbacks = append(a.Callbacks, f.callback)
	a.Allowed = append(a.Allowed, f.allowed)
	a.Logouts = append(a.Logouts, f.logoutOfPage)
	a.Adopters = append(a.Adopters, f.adopt)
	a.Starting = append(a.Starting, f.start)
	f.addCommands()
	return nil
}

// callback deals with the server's answer to a sign-in of an agent's.
func (f *feature) callback(ctx context.Context, address string) (returnTo string, ok bool, err error) {
	before := f.keeper.Record().Session
	returnTo, ok, err = f.service.Callback(ctx, address)
	f.arrived = f.keeper.Record().Session != before
	return returnTo, ok, err
}

// allowed refuses customers while an agent is there: they would not see whose
// session it is. The agent may have come in another tab just now.
func (f *feature) allowed() error {
	f.keeper.Reload(context.Background())
	if !f.keeper.Record().Live() {
		return nil
	}
	return errcode.New(errcode.AgentLoggedIn, "an agent is signed in; sign the agent out first, or let them act for the customer")
}

// logoutOfPage is a logout where an agent is shown: one who acts for somebody stops
// that, and nothing more. The agent may have gone meanwhile: that is no reason to sign out the
// customer who is back; nor is one who has come since signed out by a customer's logout.
func (f *feature) logoutOfPage(ctx context.Context, o userauth.LogoutOptions) bool {
	rec, shown := f.keeper.Record(), o.Shown
	switch {
	case !shown.Agent && (!rec.Live() || shown.LoggedIn):
		return false
	case !rec.Live():
	case shown.Emulated:
		f.keeper.Rest(ctx, rec.Session, shown.UserID)
	case rec.Acts != "" && !shown.Agent:
		f.keeper.Rest(ctx, rec.Session, rec.Acts)
	default:
		f.end(ctx, rec.Session, session.ByUser, o.Revoke)
	}
	if path, ours := f.assembly.Browser.Location.SameOrigin(o.ReturnTo); o.ReturnTo != "" && ours {
		_ = f.assembly.Browser.Location.Navigate(path)
	}
	return true
}

// end signs the agent with this session out, and waits until the customer has their
// own back.
func (f *feature) end(ctx context.Context, name string, reason session.Reason, revoke bool) {
	if name == "" {
		return
	}
	was, ended := f.keeper.EndOf(ctx, name, reason)
	if ended && revoke {
		f.client.Revoke(ctx, was.Tokens)
	}
	f.restored(ctx)
}

// adopt takes over an agent of Spartacus'.
func (f *feature) adopt(ctx context.Context, left spartacus.Left) {
	if left.Agent.Access.Empty() {
		return
	}
	if ok, err := f.keeper.Adopt(ctx, left.Agent); !ok || err != nil {
		return
	}
	f.keeper.Act(ctx, f.keeper.Record().Session, left.Emulated)
}

// start renews what has ended, and returns what the agent's having come is to a page
// that has shown a customer, or was left by one.
func (f *feature) start(ctx context.Context, shown *session.Record) []event.Event {
	if rec := f.keeper.Record(); rec.Live() {
		f.idle.Opened(ctx)
		if rec.Tokens.For("").Over(f.assembly.Browser.Clock.Now()) {
			// A failure keeps the session; the next request tries again.
			renewing, cancel := context.WithTimeout(ctx, f.assembly.Config.Timeout)
			defer cancel()
			_ = f.keeper.Renew(renewing, rec.Stamp, "")
		}
	}
	before := session.Anonymous
	switch {
	case f.arrived:
		before = f.main.UserID()
	case shown != nil:
		before = shown.Tokens.Subject
	}
	since := f.keeper.Since(&session.Record{})
	if len(since) == 0 || shown == nil && !f.arrived {
		return nil
	}
	return told([]event.Event{{Type: event.Login, Remote: !f.arrived}}, before, since[0].UserID)
}
