package core

import (
	"context"
	"time"

	"latchkey/core/errcode"
	"latchkey/core/secret"
	"latchkey/core/session"
	"latchkey/core/strictjson"
)

func (r *Runtime) refresh(ctx context.Context, _ strictjson.Value) (string, error) {
	if h := r.user(); h.Session != "" {
		r.within(ctx, h.Keeper) // what has reached a limit is not renewed
	}
	h := r.user()
	if h.Session == "" {
		return "", errcode.New(errcode.SessionExpired, "there is no session to refresh; sign in first")
	}
	return Nothing, h.Keeper.RenewNow(ctx)
}

func (r *Runtime) accessToken(ctx context.Context, args strictjson.Value) (string, error) {
	if err := r.noTokens(); err != nil {
		return "", err
	}
	seconds, _ := args.Get("minValidity").Number()
	resource := args.Get("resource").TextOr("")
	if !r.has(resource) {
		return "", errcode.New(errcode.ConfigInvalid, "resource must be one of an api rule")
	}
	rec, err := r.valid(ctx, time.Duration(seconds*float64(time.Second)), resource)
	if err != nil {
		return "", err
	}
	access := rec.Tokens.For(resource).Token
	if access.Empty() {
		return "", errcode.New(errcode.NotSupported, "the session is in cookies: the page has no token")
	}
	return token(access)
}

// noTokens refuses what needs a token where the app's backend has them all.
func (r *Runtime) noTokens() error {
	switch v := r.config.Vendure; {
	case v != nil && v.Header == "":
		return errcode.New(errcode.NotSupported, "the session is in a cookie, and the page has no token")
	case r.config.OAuth.Handover == "":
		return nil
	}
	return errcode.New(errcode.NotSupported, "with auth.codeExchange the app's backend has the tokens, and the page none; ask the backend instead")
}

// valid returns the session with an access token for a resource that lasts longer
// than need.
func (r *Runtime) valid(ctx context.Context, need time.Duration, resource string) (session.Record, error) {
	h := r.user()
	if h.Session == "" {
		return session.Record{}, errNobody
	}
	rec := h.Keeper.Record()
	if rec.Live() && (rec.Tokens.Lacks(resource) || rec.Tokens.For(resource).Over(r.browser.Clock.Now().Add(need))) {
		if err := h.Keeper.Renew(ctx, rec.Stamp, resource); err != nil {
			return rec, err
		}
		rec = h.Keeper.Record()
	}
	switch now := r.user(); {
	case now.Session == "":
		return rec, errNobody
	case now.Session != h.Session:
		return rec, errChanged
	case rec.Tokens.Lacks(resource):
		return rec, errChanged
	}
	return rec, nil
}

// userInfo asks as somebody, and again with a new token where the first was not
// taken; never as somebody else.
func (r *Runtime) userInfo(ctx context.Context, _ strictjson.Value) (string, error) {
	if err := r.noTokens(); err != nil {
		return "", err
	}
	if r.user().Keeper != r.keeper {
		return "", errActing
	}
	ctx, cancel := context.WithTimeout(ctx, 2*r.config.Timeout)
	defer cancel()
	rec, err := r.valid(ctx, 0, "")
	if err != nil {
		return "", err
	}
	info, err := r.service.UserInfo(ctx, rec.Tokens)
	if errcode.Of(err) == errcode.SessionExpired {
		if failed := r.keeper.Renew(ctx, rec.Stamp, ""); failed != nil {
			return "", failed
		}
		again := r.keeper.Record()
		if again.Session != rec.Session {
			return "", errNobody
		}
		if info, err = r.service.UserInfo(ctx, again.Tokens); errcode.Of(err) == errcode.SessionExpired {
			err = errcode.New(errcode.ServerError, "the server does not take a new access token for userinfo either; does the scope have openid?")
		}
	}
	if err != nil {
		return "", err
	}
	if r.keeper.Record().Session != rec.Session {
		return "", errNobody
	}
	var o strictjson.Object
	o.Raw("claims", info)
	return o.Done(), nil
}

func (r *Runtime) idToken(context.Context, strictjson.Value) (string, error) {
	if err := r.noTokens(); err != nil {
		return "", err
	}
	rec := r.keeper.Record()
	switch {
	case r.user().Keeper != r.keeper:
		return "", errActing
	case !rec.Live():
		return "", errNobody
	case rec.Tokens.ID.Empty():
		return "", errcode.New(errcode.NotSupported, "the server sent no id token; ask for the scope openid")
	}
	return token(rec.Tokens.ID)
}

func token(t secret.String) (string, error) {
	var o strictjson.Object
	o.String("token", t.Expose())
	return o.Done(), nil
}
