package core

import (
	"context"
	"slices"
	"strings"

	"latchkey/core/errcode"
	"latchkey/core/oauth"
	"latchkey/core/policy"
	"latchkey/core/session"
	"latchkey/core/strictjson"
)

// Call runs a command of the page. The commands, their arguments and their
// results are listed in ARCHITECTURE.md. It may block as long as ctx lets it.
func (r *Runtime) Call(ctx context.Context, name, argsJSON string) (string, error) {
	command, ok := r.assembly.Commands[name]
	if !ok {
		return "", errNoCommand
	}
	args, err := strictjson.Parse(argsJSON)
	if err != nil {
		return "", errcode.Wrap(errcode.ConfigInvalid, "the arguments of "+name+" can't be read", err)
	}
	if name != "start" && name != "close" && name != "logout" {
		if err := r.ready(ctx); err != nil {
			return "", err
		}
	}
	return command(ctx, args)
}

// commands are the core's own.
func (r *Runtime) commands() map[string]Command {
	return map[string]Command{
		"start":                r.doStart,
		"authorize":            r.authorize,
		"refused":              r.refused,
		"loginWithRedirect":    r.loginWithRedirect,
		"loginWithPopup":       r.loginWithPopup,
		"loginSilently":        r.loginSilently,
		"loginWithCredentials": r.loginWithCredentials,
		"logout":               r.logout,
		"refresh":              r.refresh,
		"accessToken":          r.accessToken,
		"idToken":              r.idToken,
		"userInfo":             r.userInfo,
		"loginForm":            r.loginForm,
		"callback":             r.callback,
		"remember":             r.remember,
		"recall":               r.recall,
		"loginWith":            r.loginWith,
		"observed":             r.observed,
		"csrf":                 r.showCSRF,
		"lookAgain":            r.lookAgain,
		"look":                 r.look,
		"trace":                r.tell,
		"close":                r.doClose,
	}
}

func (r *Runtime) doStart(ctx context.Context, args strictjson.Value) (string, error) {
	result := Nothing
	r.starting.Do(func() {
		var shown *session.Record
		if user, ok := args.Get("userId").Text(); ok {
			shown = &session.Record{Stamp: stampOf(args), Tokens: session.Tokens{Subject: user}}
		}
		if returnTo := r.start(ctx, shown, args.Get("callback").TextOr("")); returnTo != "" {
			result = returning(returnTo)
		}
	})
	return result, nil
}

func returning(to string) string {
	var o strictjson.Object
	o.String("returnTo", to)
	return o.Done()
}

// outcome is what the data plane shall do with a request.
type outcome string

const (
	send    outcome = "send"
	retry   outcome = "retry"
	giveUp  outcome = "giveup"
	changed outcome = "changed"
	// good is giveUp where nothing is wrong with the session.
	good outcome = "good"
)

func (o outcome) result() (string, error) { return `{"outcome":"` + string(o) + `"}`, nil }

func stampOf(args strictjson.Value) session.Stamp {
	generation, _ := args.Get("version").Int()
	return session.Stamp{Session: args.Get("session").TextOr(""), Generation: generation}
}

// asked is what a question of the data plane is about.
type asked struct {
	holder   Holder
	resource string
	// stamp is the policy's that the request was, or shall be, sent by.
	stamp session.Stamp
}

// asked reads it; ok is false where no credentials can be what it is about.
func (r *Runtime) asked(args strictjson.Value) (q asked, ok bool) {
	q.stamp = stampOf(args)
	as, resource, _ := strings.Cut(args.Get("as").TextOr(policy.User), " ")
	q.resource = resource
	q.holder, ok = r.holder(as)
	return q, ok && (resource == "" || as == policy.User && r.has(resource))
}

// now asks again whose credentials those are.
func (r *Runtime) now(args strictjson.Value) Holder {
	h, _ := r.holder(args.Get("as").TextOr(policy.User))
	return h
}

func (r *Runtime) has(resource string) bool {
	return resource == "" || slices.Contains(r.config.OAuth.APIResources, resource)
}

// authorize makes ready a request that has not been sent: the policy held it,
// or has run out.
func (r *Runtime) authorize(ctx context.Context, args strictjson.Value) (string, error) {
	q, ok := r.asked(args)
	if !ok {
		return send.result()
	}
	h, made := q.holder, q.stamp.Session
	if made != "" && h.Session == made {
		r.within(ctx, h.Keeper)
		h = r.now(args)
	}
	if rec := h.Keeper.Record(); rec.Live() && made != "" && h.Session == made && (r.over(rec, q.resource) || h.Keeper.Strategy.Lost(ctx, rec)) {
		// Whatever comes of it, the request is sent: with the new token, or as
		// it is for the server to judge.
		_ = h.Keeper.Renew(ctx, rec.Stamp, q.resource)
		h = r.now(args)
	}
	switch {
	case made == "" || h.Session == made:
		return send.result()
	case h.Session == "" && q.holder.Keeper.Record().Ended == session.Expired:
		return send.result() // the server's own refusal is for the caller
	}
	// It was made as somebody who is not there any more.
	return changed.result()
}

func (r *Runtime) over(rec session.Record, resource string) bool {
	return rec.Tokens.Lacks(resource) || rec.Tokens.For(resource).Over(r.browser.Clock.Now())
}

// refused answers a refusal of a request that was sent.
func (r *Runtime) refused(ctx context.Context, args strictjson.Value) (string, error) {
	q, ok := r.asked(args)
	made := q.stamp.Session
	if made == "" || !ok {
		return giveUp.result() // it was nobody's; there is nothing to recover
	}
	challenge := args.Get("challenge").TextOr("")
	if err := oauth.StepUp(challenge); err != nil {
		q.holder.Keeper.Announce(r.failure(err))
		return good.result()
	}
	if oauth.Opinion(challenge) {
		return good.result()
	}
	var failed error
	h, from := q.holder, session.Stamp{Session: q.holder.Keeper.Record().Session, Generation: q.stamp.Generation}
	if h.Session == made {
		failed = h.Keeper.Refused(ctx, from, q.resource)
		h = r.now(args)
	}
	switch {
	case h.Session == "" || h.Keeper.Visited():
		return giveUp.result() // nobody is there to do it again as
	case h.Session != made:
		return changed.result()
	case errcode.Of(failed) == errcode.AccessDenied:
		return good.result()
	case failed != nil || !h.Keeper.Record().Past(from, q.resource):
		return giveUp.result()
	}
	return retry.result()
}

// observed is told of an answer to a request of the page's.
func (r *Runtime) observed(ctx context.Context, args strictjson.Value) (string, error) {
	q, ok := r.asked(args)
	observer, learns := q.holder.Keeper.Strategy.(session.Observer)
	if !ok || !learns {
		return Nothing, nil
	}
	a := session.Answer{
		Headers: map[string]string{}, Watched: args.Get("watched").TextOr(""), Code: args.Get("code").TextOr(""), Hidden: flag(args, "hidden"),
	}
	status, _ := args.Get("status").Int()
	tries, _ := args.Get("tries").Int()
	a.Status, a.Tries = int(status), int(tries)
	for _, claim := range args.Get("claims").Items() {
		a.Claims = append(a.Claims, claim.TextOr(""))
	}
	for _, name := range args.Get("headers").Names() {
		a.Headers[name] = args.Get("headers").Get(name).TextOr("")
	}
	ctx, cancel := context.WithTimeout(ctx, r.config.Timeout)
	defer cancel()
	// Whoever made the request has its answer; there is only the page to tell.
	if err := observer.Observe(ctx, q.holder.Keeper, q.stamp, a); err != nil {
		q.holder.Keeper.Announce(r.failure(err))
	}
	return Nothing, nil
}

// showCSRF gives what a request shows to be the page's own.
func (r *Runtime) showCSRF(ctx context.Context, args strictjson.Value) (string, error) {
	if r.csrf == nil {
		return Nothing, nil
	}
	ctx, cancel := context.WithTimeout(ctx, r.config.Timeout)
	defer cancel()
	value, err := r.csrf(ctx, args.Get("stale").TextOr(""))
	if err != nil {
		return "", err
	}
	var o strictjson.Object
	o.Text("value", value.Expose())
	return o.Done(), nil
}

// lookAgain has the server look at claims of the session; without any, it only sees to
// it that the session is there.
func (r *Runtime) lookAgain(ctx context.Context, args strictjson.Value) (string, error) {
	if r.claims == nil {
		return "", errcode.New(errcode.NotSupported, "validateClaims needs cookies() with protocol 'supertokens'")
	}
	ctx, cancel := context.WithTimeout(ctx, 2*r.config.Timeout)
	defer cancel()
	rec, err := r.valid(ctx, 0, "")
	if claims := args.Get("claims").Items(); err == nil && len(claims) > 0 {
		err = r.claims(ctx, rec.Session, claims)
	}
	switch now := r.keeper.Record(); {
	case err != nil || now.Session == rec.Session:
	case now.Live():
		err = errChanged
	default:
		err = errNobody
	}
	return Nothing, err
}

func flag(args strictjson.Value, name string) bool { b, _ := args.Get(name).Bool(); return b }

var (
	errNobody  = errcode.New(errcode.SessionExpired, "nobody is signed in")
	errChanged = errcode.New(errcode.SessionChanged, "somebody has signed in again meanwhile")
	// errActing is what only the main session has.
	errActing = errcode.New(errcode.NotSupported, "while somebody acts for the user there are no claims and no id token of theirs")
)

// look catches up for a page that was not there to hear of changes. It may have taken
// the session for another one, so it is told in any case.
func (r *Runtime) look(ctx context.Context, _ strictjson.Value) (string, error) {
	r.catchUp.up(ctx)
	r.keeper.Announce()
	return Nothing, nil
}

func (r *Runtime) doClose(context.Context, strictjson.Value) (string, error) {
	r.Close()
	return Nothing, nil
}
