package core

import (
	"context"

	"latchkey/core/secret"
	"latchkey/core/session"
	"latchkey/core/strictjson"
	"latchkey/core/userauth"
)

func (r *Runtime) loginWithRedirect(ctx context.Context, args strictjson.Value) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*r.config.Timeout)
	defer cancel()
	return Nothing, r.service.LoginWithRedirect(ctx, userauth.RedirectOptions{
		ReturnTo: args.Get("returnTo").TextOr(""), Prompt: args.Get("prompt").TextOr(""),
		LoginHint: args.Get("loginHint").TextOr(""), Params: params(args),
	})
}

func params(args strictjson.Value) (p userauth.Params) {
	v := args.Get("params")
	for _, name := range v.Names() {
		p = append(p, [2]string{name, v.Get(name).TextOr("")})
	}
	return p
}

func (r *Runtime) loginForm(ctx context.Context, _ strictjson.Value) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*r.config.Timeout)
	defer cancel()
	form, err := r.service.LoginForm(ctx)
	if err != nil {
		return "", err
	}
	var o, fields strictjson.Object
	o.String("action", form.Action)
	fields.String(form.Field, form.Token.Expose())
	o.Raw("fields", fields.Done())
	return o.Done(), nil
}

// loginWithPopup has no time of its own: a person is at work.
func (r *Runtime) loginWithPopup(ctx context.Context, args strictjson.Value) (string, error) {
	window, _ := args.Get("window").Int()
	return Nothing, r.service.LoginWithPopup(ctx, userauth.PopupOptions{
		Window: int(window), Prompt: args.Get("prompt").TextOr(""), LoginHint: args.Get("loginHint").TextOr(""), Params: params(args),
	})
}

func (r *Runtime) loginSilently(ctx context.Context, args strictjson.Value) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*r.config.Timeout)
	defer cancel()
	return Nothing, r.service.LoginSilently(ctx, userauth.SilentOptions{LoginHint: args.Get("loginHint").TextOr(""), Params: params(args)})
}

func (r *Runtime) loginWithCredentials(ctx context.Context, args strictjson.Value) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, r.config.Timeout)
	defer cancel()
	password := secret.New(args.Get("password").TextOr(""))
	return Nothing, r.service.LoginWithCredentials(ctx, args.Get("username").TextOr(""), password, params(args), flag(args, "otp"))
}

// loginWith runs an operation of the server's own that signs somebody in.
func (r *Runtime) loginWith(ctx context.Context, args strictjson.Value) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*r.config.Timeout)
	defer cancel()
	variables := "{}"
	if v := args.Get("variables"); v.Kind() == strictjson.Obj {
		variables = v.JSON()
	}
	return Nothing, r.service.LoginWith(ctx, args.Get("operation").TextOr(""), variables)
}

// logout has no error, and one time for all that happens at the server. The page
// has forgotten its policy before it called: it gets one in any case.
func (r *Runtime) logout(ctx context.Context, args strictjson.Value) (string, error) {
	// What is there when its turn comes may be somebody else's.
	v := args.Get("state")
	shown := session.State{UserID: v.Get("userId").TextOr(""), LoggedIn: flag(v, "isLoggedIn"), Agent: flag(v, "isAgent"), Emulated: flag(v, "isEmulated")}
	if err := r.ready(ctx); err != nil {
		return "", err
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), r.config.Timeout)
	defer cancel()
	defer r.keeper.Announce()
	yes := func(name string) bool { b, ok := args.Get(name).Bool(); return b || !ok }
	o := userauth.LogoutOptions{ReturnTo: args.Get("returnTo").TextOr(""), Revoke: yes("revoke"), AtServer: yes("atServer"), Shown: shown}
	for _, logout := range r.assembly.Logouts {
		if logout(ctx, o) {
			return Nothing, nil
		}
	}
	r.service.Logout(ctx, o)
	if _, ok := r.keeper.Strategy.(session.Visitors); ok {
		r.keeper.Announce() // the data plane has no rules of any record since it was asked
	}
	return Nothing, nil
}

func (r *Runtime) callback(ctx context.Context, args strictjson.Value) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*r.config.Timeout)
	defer cancel()
	returnTo, ok, err := r.answered(ctx, args.Get("url").TextOr(""))
	if err != nil || !ok {
		return "null", err
	}
	return returning(returnTo), nil
}

func (r *Runtime) remember(ctx context.Context, args strictjson.Value) (string, error) {
	r.navigation.Remember(ctx, args.Get("path").TextOr(""))
	return Nothing, nil
}

func (r *Runtime) recall(ctx context.Context, _ strictjson.Value) (string, error) {
	var o strictjson.Object
	o.String("path", r.navigation.Recall(ctx))
	return o.Done(), nil
}
