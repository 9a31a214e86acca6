package core

import (
	"context"
	"strings"
	"sync"

	"latchkey/core/browser"
	"latchkey/core/errcode"
	"latchkey/core/event"
	"latchkey/core/navigation"
	"latchkey/core/oauth"
	"latchkey/core/persist"
	"latchkey/core/session"
	"latchkey/core/session/bearer"
	"latchkey/core/session/handover"
	"latchkey/core/strictjson"
	"latchkey/core/tabs"
	"latchkey/core/userauth"
)

// Runtime is one tab's control plane.
type Runtime struct {
	config     Config
	browser    browser.Browser
	client     *oauth.Client
	keeper     *session.Keeper
	service    *userauth.Service
	navigation *navigation.Navigation
	tabs       *tabs.Tabs
	monitor    *userauth.Monitor // nil where nobody asked for it

	starting sync.Once
	started  chan struct{}
}

// New wires a Runtime. It does nothing before the command "start". publish gets
// {"state", "policy", "events"} as JSON, must not block, and may be called from
// any goroutine, but never from two at once.
func New(configJSON string, b browser.Browser, publish func(json string)) (*Runtime, error) {
	c, err := ParseConfig(configJSON)
	if err != nil {
		return nil, err
	}
	r := &Runtime{config: c, browser: b, started: make(chan struct{})}

	if c.DPoP {
		c.OAuth.ProofKey = b.ProofKey
	}
	client := oauth.New(c.OAuth, b.HTTP, b.Crypto, b.Clock)
	r.client = client
	silent := userauth.Silent{Client: client, Windows: b.Windows}
	var silently session.Silently
	if c.OAuth.Discover && c.Flow == userauth.Code {
		silently = silent.Again
	}
	var strategy session.Strategy = bearer.New(client, silently)
	if c.OAuth.Handover != "" {
		strategy = handover.New(silently)
	}
	store := persist.New(persist.Options{
		Storage: b.Storage, Locks: b.Locks, Clock: b.Clock, Shared: c.Shared, Key: c.Key,
		Issuer: c.OAuth.Issuer, Client: c.OAuth.ClientID, Context: c.Context,
		View: func(rec session.Record) session.View { return r.keeper.View(rec) },
		Warn: func(err error) { r.keeper.Announce(event.Event{Type: event.Error, Err: err}) },
	})
	r.keeper = session.NewKeeper(session.Options{
		Store: store, Strategy: strategy, Locks: b.Locks, Clock: b.Clock, Crypto: b.Crypto, Lock: c.Key + "/refresh",
		Publish: func(v session.View, events []event.Event) {
			publish(update(v, events))
			r.monitor.Look()
		},
		Tell:    func() { r.tabs.Changed() },
		Visible: b.Lifecycle.Visible,
		Leeway:  c.Leeway, Timeout: c.Timeout,
	})
	pending := persist.NewPending(b.Pending, b.Locks, b.Clock, c.Key)
	r.navigation = navigation.New(c.Paths, b.Location, pending)
	r.service = userauth.New(userauth.Options{
		Flow: c.Flow, Client: client, Keeper: r.keeper, Pending: pending, Navigation: r.navigation,
		Location: b.Location, Windows: b.Windows, Silent: silent, Origin: c.Origin, AfterLogout: c.AfterLogout, Timeout: c.Timeout,
	})
	if c.Monitor && c.OAuth.Discover && c.Flow == userauth.Code {
		r.monitor = userauth.NewMonitor(userauth.MonitorOptions{
			Client: client, Keeper: r.keeper, Silent: silent, Windows: b.Windows, Locks: b.Locks, Lifecycle: b.Lifecycle,
			Lock: c.Key + "/monitor", Timeout: c.Timeout,
		})
	}
	r.tabs = tabs.New(b.Channel, b.Lifecycle, func() { r.keeper.Reload(context.Background()) })
	return r, nil
}

// start makes the session known: from storage, from the server's answer in
// callback, or, where its access token is over, from a refresh. It publishes
// before it returns, whatever happens.
func (r *Runtime) start(ctx context.Context, shown *session.Record, callback string) (returnTo string) {
	defer close(r.started)
	ctx, cancel := context.WithTimeout(ctx, 2*r.config.Timeout)
	defer cancel()
	since := r.keeper.Load(ctx, shown)
	if callback != "" {
		if ok, err := r.service.LoggedOut(ctx, callback); ok {
			if err != nil {
				since = append(since, r.failure(err))
			}
			r.keeper.Announce(since...)
			return ""
		}
		path, ok, err := r.service.Callback(ctx, callback)
		switch {
		case err != nil:
			r.keeper.Announce(append(since, r.failure(err))...)
			return ""
		case ok:
			r.keeper.Announce(since...)
			// Another page load would be the end of what is in memory only.
			if !r.config.InMemory && !r.client.InPage(ctx) && !r.navigation.Here(path) {
				_ = r.browser.Location.Navigate(path)
			}
			return path
		}
	}
	if rec := r.keeper.Record(); rec.Live() && (r.over(rec, "") || r.keeper.Strategy.Lost(ctx, rec)) {
		_ = r.keeper.Renew(ctx, rec.Stamp, "") // a failure keeps the session; the next request tries again
	}
	r.keeper.Announce(since...)
	return ""
}

func (r *Runtime) failure(err error) event.Event {
	user := r.keeper.View(r.keeper.Record()).State.UserID
	if user == "" {
		user = session.Anonymous
	}
	return event.Event{Type: event.Error, Err: err, PreviousUserID: user, UserID: user}
}

// ready waits for start.
func (r *Runtime) ready(ctx context.Context) error {
	select {
	case <-r.started:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close stops all timers and hears no more. It does not end the session.
func (r *Runtime) Close() {
	r.tabs.Close()
	r.monitor.Close()
	r.keeper.Close()
}

func update(v session.View, events []event.Event) string {
	var o strictjson.Object
	o.Raw("state", v.State.JSON())
	o.Raw("policy", v.Policy.JSON())
	list := make([]string, len(events))
	for i, e := range events {
		list[i] = e.JSON()
	}
	o.Raw("events", "["+strings.Join(list, ",")+"]")
	return o.Done()
}

var errNoCommand = errcode.New(errcode.RuntimeFailed, "the runtime does not know this command; are latchkey.js and latchkey.wasm of the same version?")
