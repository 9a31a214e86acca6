package core

import (
	"context"
	"strings"
	"sync"
	"time"

	"latchkey/core/browser"
	"latchkey/core/errcode"
	"latchkey/core/event"
	"latchkey/core/limits"
	"latchkey/core/navigation"
	"latchkey/core/oauth"
	"latchkey/core/persist"
	"latchkey/core/policy"
	"latchkey/core/secret"
	"latchkey/core/session"
	"latchkey/core/strictjson"
	"latchkey/core/tabs"
	"latchkey/core/trace"
	"latchkey/core/userauth"
)

// Runtime is one tab's control plane.
type Runtime struct {
	config  Config
	browser browser.Browser
	client  *oauth.Client
	keeper  *session.Keeper
	service userauth.Ways
	// csrf gives what an unsafe request shows, another one than stale; nil where there
	// is no such thing.
	csrf func(ctx context.Context, stale string) (secret.String, error)
	// also are rules beside those of any session.
	also []policy.Rule
	// claims has the server look at claims of a session again; nil where there is no such
	// thing.
	claims     func(ctx context.Context, of string, claims []strictjson.Value) error
	navigation *navigation.Navigation
	tabs       *tabs.Tabs
	// tab is what this one calls itself, and trace what has happened in all of them.
	tab      string
	trace    *trace.Log
	monitor  *userauth.Monitor // nil where nobody asked for it
	assembly *Assembly
	// beside are the keepers of the features.
	beside []*session.Keeper
	// limits are everybody's, mine the main session's; nil where there are none.
	limits []*limits.Limits
	mine   *limits.Limits
	// copies is nil where tabs do not copy what is stored.
	copies *tabs.Copies
	// leaving lets go of what keeps the page out of the back/forward cache.
	leaving []func()
	catchUp *catchUp

	starting sync.Once
	started  chan struct{}

	shown shown
}

// New wires a Runtime. It does nothing before the command "start". publish gets
// {"state", "policy", "events"} as JSON, must not block, and may be called from
// any goroutine, but never from two at once. What a configuration asks for has to
// be a feature's, or the core's own.
func New(configJSON string, b browser.Browser, publish func(json string), features ...Feature) (*Runtime, error) {
	c, err := ParseConfig(configJSON)
	if err != nil {
		return nil, err
	}
	r := &Runtime{config: c, started: make(chan struct{})}
	r.shown.publish = publish
	r.tab = tabName(b.Crypto)
	b.Locks = &tabs.Sound{Locks: b.Locks, Clock: b.Clock, Own: c.Key + "/sound/" + r.tab}
	r.browser = b
	r.trace = trace.New(b.Storage, b.Locks, b.Clock, c.Key+"/trace")

	pending := persist.NewPending(b.Pending, b.Locks, b.Clock, c.Key)
	r.navigation = navigation.New(c.Paths, b.Location, pending)
	switch {
	case c.Vendure != nil:
		r.vendure()
	case c.Backend != nil:
		r.backend()
	case c.SuperTokens != nil:
		r.supertokens()
	default:
		r.oauth(pending)
	}
	r.limit()
	r.assembly = &Assembly{
		Config: c, Browser: b, Pending: pending, Navigation: r.navigation, Commands: r.commands(), runtime: r,
		Holders:   map[string]func() Holder{policy.User: func() Holder { return Holder{r.keeper, r.keeper.Record().Session} }},
		Callbacks: []func(context.Context, string) (string, bool, error){r.service.Callback},
	}
	for _, install := range features {
		if err := install(r.assembly); err != nil {
			return nil, err
		}
	}
	if c.ClientTokens && r.assembly.Holders[policy.Client] == nil {
		return nil, errcode.New(errcode.NotSupported, "auth.clientTokens and as 'client' are not in this build of the runtime")
	}
	if c.options.Get("agent").Kind() == strictjson.Obj && r.assembly.Holders[policy.Agent] == nil {
		return nil, errcode.New(errcode.NotSupported, "auth.agent and as 'agent' are not in this build of the runtime")
	}
	r.tabs = tabs.New(b.Channel, b.Lifecycle, func() {
		for _, k := range r.keepers() {
			k.Reload(context.Background())
		}
	})
	if c.Copied {
		r.copies = tabs.NewCopies(b, c.Key+"/tab")
		r.leaving = append(r.leaving, r.copies.Leave)
	}
	r.catchUp = newCatchUp(r)
	return r, nil
}

// keep makes the keeper of the record with this key.
func (r *Runtime) keep(key, client string, strategy session.Strategy, show func(session.View, []event.Event), wrap func(session.Store) session.Store) *session.Keeper {
	c, b := r.config, r.browser
	var k *session.Keeper
	kept := persist.New(persist.Options{
		Storage: b.Storage, Locks: b.Locks, Clock: b.Clock, Shared: c.Shared, Key: key,
		Issuer: c.OAuth.Issuer, Client: client, Context: c.Context,
		View: func(rec session.Record) session.View { return k.View(rec) },
		Warn: func(err error) { k.Announce(event.Event{Type: event.Error, Err: err}) },
	})
	r.leaving = append(r.leaving, kept.Leave)
	var store session.Store = kept
	if wrap != nil {
		store = wrap(store)
	}
	locks := b.Locks
	if c.Shared {
		// Whoever holds it is done within the timeout, but for what is said of it after.
		locks = &tabs.Turns{Locks: b.Locks, Storage: b.Storage, Clock: b.Clock, Key: key + "/lease", Tab: r.tab, Term: c.Timeout + 5*time.Second}
	}
	k = session.NewKeeper(session.Options{
		Store: store, Strategy: strategy, Locks: locks, Clock: b.Clock, Crypto: b.Crypto, Lock: key + "/refresh", Peers: peers{r},
		Publish:   show,
		Tell:      func() { r.tabs.Changed() },
		Tab:       r.tab,
		Note:      func(n session.Note) { r.note(strings.Trim(key[len(c.Key):], "/"), k.Entry(n)) },
		Lifecycle: b.Lifecycle, Leeway: c.Leeway, Timeout: c.Timeout,
	})
	return k
}

// keepers are all there are.
func (r *Runtime) keepers() []*session.Keeper {
	return append([]*session.Keeper{r.keeper}, r.beside...)
}

// holder is whose credentials the requests of an "as" carry; ok is false where that
// can be nobody.
func (r *Runtime) holder(as string) (h Holder, ok bool) {
	name, _, _ := strings.Cut(as, " ")
	of := r.assembly.Holders[name]
	if of == nil {
		return Holder{}, false
	}
	return of(), true
}

// user is the holder of the requests of the page's user.
func (r *Runtime) user() Holder {
	h, _ := r.holder(policy.User)
	return h
}

// allowed tells why nobody may sign in now.
func (r *Runtime) allowed() error {
	for _, ask := range r.assembly.Allowed {
		if err := ask(); err != nil {
			return err
		}
	}
	return nil
}

// start makes the session known: from storage, from the server's answer in
// callback, or, where its access token is over, from a refresh. It publishes
// before it returns, whatever happens.
func (r *Runtime) start(ctx context.Context, shown *session.Record, callback string) (returnTo string) {
	defer close(r.started)
	ctx, cancel := context.WithTimeout(ctx, 2*r.config.Timeout)
	defer cancel()
	r.share(ctx)
	for _, k := range r.keepers() {
		k.Load(ctx)
	}
	if r.config.Adopt {
		r.adopt(ctx)
	}
	r.mine.Opened(ctx)
	settler, settles := r.keeper.Strategy.(session.Settler)
	if settles && settler.Unsettled(r.keeper.Record()) {
		settler.Settle(ctx, r.keeper)
		settles = false
	}
	path, answered := "", false
	if callback != "" {
		// What comes of it is told when it is known where the page will be.
		r.keeper.Since(nil)
		var err error
		if answered, err = r.service.LoggedOut(ctx, callback); !answered {
			path, answered, err = r.answered(ctx, callback)
		}
		if err != nil {
			path = ""
			r.early([]event.Event{r.failure(err)})
		}
	}
	r.catchUp.wait()
	for _, starting := range r.assembly.Starting {
		r.early(starting(ctx, shown))
	}
	// Whom the features lay over the main session is for them to tell of.
	for _, k := range r.beside {
		k.Since(nil)
		k.Announce()
	}
	// Nobody has signed in or out by what was found, unless the page has shown it otherwise.
	r.keeper.Announce(r.keeper.Since(shown)...)
	if answered {
		// Another page load would be the end of what is in memory only.
		moves := path != "" && !r.config.InMemory && !r.service.InPage(ctx) && !r.navigation.Here(path)
		if moves && r.config.Leaves {
			_ = r.browser.Location.Navigate(path)
		}
		r.loaded()
		if moves && !r.config.Leaves {
			_ = r.browser.Location.Navigate(path)
		}
		return path
	}
	// One that is not shown may wait.
	if rec := r.keeper.Record(); r.user().Keeper == r.keeper && rec.Live() && (r.over(rec, "") || r.keeper.Strategy.Lost(ctx, rec)) {
		_ = r.keeper.Renew(ctx, rec.Stamp, "") // a failure keeps the session; the next request tries again
	}
	r.loaded()
	if settles {
		go func() {
			defer func() { _ = recover() }() // a panic here would be the end of the program
			ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.config.Timeout)
			defer cancel()
			settler.Settle(ctx, r.keeper)
		}()
	}
	return ""
}

// share has a tab that is a copy of another one leave the refresh token to that.
func (r *Runtime) share(ctx context.Context) {
	r.copies.Take(ctx, func() {
		for _, k := range r.keepers() {
			k.Forgo(ctx)
		}
	})
}

// answered deals with the server's answer in an address, if it is one.
func (r *Runtime) answered(ctx context.Context, address string) (returnTo string, ok bool, err error) {
	for _, callback := range r.assembly.Callbacks {
		if returnTo, ok, err = callback(ctx, address); ok || err != nil {
			break
		}
	}
	return returnTo, ok, err
}

func (r *Runtime) failure(err error) event.Event {
	user := r.user().Keeper.UserID()
	return event.Event{Type: event.Error, Err: err, PreviousUserID: user, UserID: user}
}

// ready waits for start, and in a page that has come back until it knows whether it is a
// copy by now.
func (r *Runtime) ready(ctx context.Context) error {
	select {
	case <-r.started:
		r.share(ctx)
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Close stops all timers and hears no more. It does not end the session.
func (r *Runtime) Close() {
	r.tabs.Close()
	r.catchUp.close()
	r.monitor.Close()
	for _, closing := range r.assembly.Closing {
		closing()
	}
	for _, l := range r.limits {
		l.Close()
	}
	for _, k := range r.keepers() {
		k.Close()
	}
}

var errNoCommand = errcode.New(errcode.RuntimeFailed, "the runtime does not know this command; are latchkey.js and latchkey.wasm of the same version?")

// peers are the other tabs: the keepers are made before the channel to those is.
type peers struct{ *Runtime }

func (p peers) Holding(lock string) func()                 { return p.tabs.Holding(lock) }
func (p peers) Hear(lock string) (<-chan struct{}, func()) { return p.tabs.Hear(lock) }
func (p peers) Ask(lock string)                            { p.tabs.Ask(lock) }
