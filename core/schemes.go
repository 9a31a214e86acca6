package core

import (
	"context"

	"latchkey/core/backend"
	"latchkey/core/event"
	"latchkey/core/oauth"
	"latchkey/core/persist"
	"latchkey/core/policy"
	"latchkey/core/secret"
	"latchkey/core/session"
	"latchkey/core/session/bearer"
	"latchkey/core/session/captured"
	"latchkey/core/session/cookie"
	"latchkey/core/session/handover"
	"latchkey/core/supertokens"
	"latchkey/core/userauth"
	"latchkey/core/vendure"
)

// A scheme is a strategy for the main session, and the ways in and out of it.

// main makes the main session's keeper.
func (r *Runtime) main(strategy session.Strategy) {
	r.keeper = r.keep(r.config.Key, r.config.OAuth.ClientID, strategy, func(v session.View, events []event.Event) {
		r.showMain(v, events)
		r.monitor.Look()
		r.mine.Look()
	}, nil)
}

// oauth is OAuth 2.0 and OpenID Connect.
func (r *Runtime) oauth(pending *persist.Pending) {
	c, b := r.config, r.browser
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
	var strategy session.Strategy = bearer.New(client, bearer.Options{Silently: silently, Refusal: c.Refusal, Nameless: c.Nameless})
	if c.OAuth.Handover != "" {
		strategy = handover.New(silently)
	}
	r.main(strategy)
	r.service = userauth.New(userauth.Options{
		Flow: c.Flow, Way: oauth.Redirect, Allowed: r.allowed, Suffix: c.Suffix, Client: client, Keeper: r.keeper, Pending: pending, Navigation: r.navigation,
		Location: b.Location, Windows: b.Windows, Silent: silent, Origin: c.Origin, AfterLogout: c.AfterLogout, Timeout: c.Timeout,
	})
	if c.Monitor && c.OAuth.Discover && c.Flow == userauth.Code {
		r.monitor = userauth.NewMonitor(userauth.MonitorOptions{
			Client: client, Keeper: r.keeper, Silent: silent, Windows: b.Windows, Locks: b.Locks, Lifecycle: b.Lifecycle,
			Lock: c.Key + "/monitor", Timeout: c.Timeout,
		})
	}
}

// vendure is a Vendure server.
func (r *Runtime) vendure() {
	c := *r.config.Vendure
	client := vendure.New(c, r.browser.HTTP, r.browser.Clock)
	o := captured.Options{
		Header: c.Header, Making: c.Making, Watch: vendure.Watched, Ending: vendure.Logout, Codes: vendure.Refusing, Whose: client.Whose, Refuse: client.Refuse,
		Begins: vendure.Begins,
	}
	if c.Channel != "" {
		o.Tells = policy.Tells{Codes: []string{vendure.NoChannel}, Param: vendure.ChannelHeader}
	}
	r.main(captured.New(o))
	r.service = vendure.NewService(client, r.keeper, r.navigation.Forget, r.browser.Location)
}

// backend is the app's own, with a session in cookies.
func (r *Runtime) backend() {
	b := r.browser
	client := backend.New(*r.config.Backend, b.HTTP, b.Cookies, b.Clock)
	r.also = []policy.Rule{client.Application()}
	o := cookie.Options{CSRF: client.Rule(), Who: client.Who, Refresh: client.Refreshing()}
	if client.Marker != "" {
		o.Marker = client
	}
	r.main(cookie.New(o))
	r.service, r.csrf = backend.NewService(client, r.keeper), client.Token
}

// supertokens is a backend with the SDK of SuperTokens.
func (r *Runtime) supertokens() {
	client := supertokens.New(*r.config.SuperTokens, r.browser.HTTP, r.browser.Clock)
	r.main(supertokens.NewStrategy(client))
	service := supertokens.NewService(client, r.keeper, r.browser.Locks, r.config.Key+"/claims")
	r.service, r.claims = service, service.LookAgain
	r.csrf = func(context.Context, string) (secret.String, error) { return r.keeper.Record().Tokens.CSRF, nil }
}
