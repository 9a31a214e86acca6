package core

import (
	"context"

	"latchkey/core/browser"
	"latchkey/core/event"
	"latchkey/core/limits"
	"latchkey/core/navigation"
	"latchkey/core/oauth"
	"latchkey/core/persist"
	"latchkey/core/session"
	"latchkey/core/session/bearer"
	"latchkey/core/spartacus"
	"latchkey/core/strictjson"
	"latchkey/core/userauth"
)

// Feature is a part that comes in from the outside: the core does not know what
// there is. It looks for its own options in the configuration, and does nothing
// where there are none.
type Feature func(*Assembly) error

// Command is what a page may call. args is what it gave, the result JSON.
type Command func(ctx context.Context, args strictjson.Value) (string, error)

// Nothing is the result of a command that has none.
const Nothing = "{}"

// Holder says whose credentials a request carries.
type Holder struct {
	Keeper *session.Keeper
	// Session is what the policy calls the keeper's session; "" where nobody is there
	// whose credentials these are.
	Session string
}

// Layer changes what the page is shown. Its methods are called one at a time, and
// must not ask a keeper.
type Layer interface {
	// View returns what is shown where that would be shown otherwise.
	View(session.View) session.View
	// Events returns which of the main session's events are told.
	Events([]event.Event) []event.Event
}

// Assembly is what a feature is given: what it works with, and lists to add to,
// never a finished service.
type Assembly struct {
	Config     Config
	Browser    browser.Browser
	Pending    *persist.Pending
	Navigation *navigation.Navigation

	// Commands by their names.
	Commands map[string]Command
	// Holders by the "as" of a request. Whoever replaces one asks it.
	Holders map[string]func() Holder
	// Layers are laid over the main session in their order.
	Layers []Layer
	// Callbacks are asked in their order whether the server's answer in an address
	// is theirs.
	Callbacks []func(ctx context.Context, address string) (returnTo string, ok bool, err error)
	// Allowed are asked whether somebody may sign in now.
	Allowed []func() error
	// Logouts are asked first; the first that deals with it is the last.
	Logouts []func(context.Context, userauth.LogoutOptions) (done bool)
	// Adopters are given what Spartacus has left.
	Adopters []func(context.Context, spartacus.Left)
	// Starting is called when everything is loaded. shown is what the page has shown
	// so far, nil where that is nothing; what is returned happened since. A keeper of the
	// feature's tells of no change before it is asked for what is [session.Keeper.Since].
	Starting []func(ctx context.Context, shown *session.Record) []event.Event
	// Closing ends what a feature has begun.
	Closing []func()

	runtime *Runtime
}

// Options is the part of the configuration with this name.
func (a *Assembly) Options(name string) strictjson.Value { return a.Config.options.Get(name) }

// Key is the name of something in storage, or of a lock, that belongs to this
// session.
func (a *Assembly) Key(name string) string { return a.Config.Key + "/" + name }

// Beside is a session beside the main one.
type Beside struct {
	// Name is its own. Its record is under the main one's key with this behind it.
	Name string
	// Client is whose it is at the server.
	Client string
	// Strategy is how it travels.
	Strategy session.Strategy
	// Show is given what the keeper publishes. It must not ask a keeper.
	Show func(session.View, []event.Event)
	// Store wraps the one that it is kept in; nil leaves that as it is.
	Store func(session.Store) session.Store
}

// Keeper returns the keeper of another session. It is loaded, told what other tabs
// do, and closed with the main one.
func (a *Assembly) Keeper(s Beside) *session.Keeper {
	k := a.runtime.keep(a.Key(s.Name), s.Client, s.Strategy, s.Show, s.Store)
	a.runtime.beside = append(a.runtime.beside, k)
	return k
}

// Limits ends a keeper's session when that is due, and is nil where that is never. What
// the person does is noted, and it is looked at when there is a reason, as the main
// session is.
func (a *Assembly) Limits(o limits.Options) *limits.Limits { return a.runtime.watch(o) }

// Main is the main session's keeper, and its client.
func (a *Assembly) Main() (*session.Keeper, *oauth.Client) { return a.runtime.keeper, a.runtime.client }

// Show publishes what has changed. change is called before that, with what the
// main session would be shown as, and returns what has happened. Nothing is
// published before everything is loaded.
func (a *Assembly) Show(change func(main session.View) []event.Event) { a.runtime.show(change) }

// Client returns another client of the same server.
func (a *Assembly) Client(change func(*oauth.Config)) *oauth.Client {
	c := a.Config.OAuth
	change(&c)
	return oauth.New(c, a.Browser.HTTP, a.Browser.Crypto, a.Browser.Clock)
}

// Bearer returns the strategy of OAuth 2.0 for a client, as the API wants it.
func (a *Assembly) Bearer(client *oauth.Client) bearer.Strategy {
	return bearer.New(client, bearer.Options{Refusal: a.Config.Refusal, Nameless: a.Config.Nameless})
}

// Failure is the event of an error that no caller waits for.
func (a *Assembly) Failure(err error) event.Event { return a.runtime.failure(err) }
