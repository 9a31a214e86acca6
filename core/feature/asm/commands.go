package asm

import (
	"context"

	"latchkey/core"
	"latchkey/core/errcode"
	"latchkey/core/secret"
	"latchkey/core/session"
	"latchkey/core/strictjson"
	"latchkey/core/userauth"
)

func (f *feature) addCommands() {
	for name, run := range map[string]core.Command{
		"agentLogin":             f.login,
		"agentLoginWithRedirect": f.loginWithRedirect,
		"agentLogout":            f.logout,
		"emulate":                f.emulate,
		"stopEmulating":          f.stopEmulating,
	} {
		f.assembly.Commands[name] = run
	}
}

// login signs an agent in. A customer who is signed in stays so, behind the agent.
func (f *feature) login(ctx context.Context, args strictjson.Value) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, f.assembly.Config.Timeout)
	defer cancel()
	if f.service.Flow != userauth.PasswordFlow {
		return "", errcode.New(errcode.ConfigInvalid, "agent.login needs auth.agent.flow 'password'; else use agent.loginWithRedirect")
	}
	password := secret.New(args.Get("password").TextOr(""))
	return core.Nothing, f.service.LoginWithCredentials(ctx, args.Get("username").TextOr(""), password, nil, true)
}

func (f *feature) loginWithRedirect(ctx context.Context, args strictjson.Value) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*f.assembly.Config.Timeout)
	defer cancel()
	if f.service.Flow != userauth.Code {
		return "", errcode.New(errcode.ConfigInvalid, "agent.loginWithRedirect needs auth.agent.flow 'code'; else use agent.login")
	}
	return core.Nothing, f.service.LoginWithRedirect(ctx, userauth.RedirectOptions{
		// The server may know a customer by its own cookie, and must ask all the same.
		ReturnTo: args.Get("returnTo").TextOr(""), Prompt: args.Get("prompt").TextOr("login"), LoginHint: args.Get("loginHint").TextOr(""),
	})
}

// logout has no error, and one time for all that happens at the server.
func (f *feature) logout(ctx context.Context, _ strictjson.Value) (string, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), f.assembly.Config.Timeout)
	defer cancel()
	f.end(ctx, f.keeper.Record().Session, session.ByUser, true)
	return core.Nothing, nil
}

func (f *feature) emulate(ctx context.Context, args strictjson.Value) (string, error) {
	id := args.Get("userId").TextOr("")
	if !session.IsUser(id) {
		return "", errcode.New(errcode.ConfigInvalid, "userId must be a customer's id: visible characters, and not "+session.Anonymous+", "+session.Current+" or "+session.Guest)
	}
	f.idle.Active(ctx)
	if rec := f.keeper.Record(); rec.Live() && f.keeper.Act(ctx, rec.Session, id) {
		return core.Nothing, nil
	}
	return "", errcode.New(errcode.SessionExpired, "no agent is signed in; call agent.login first")
}

func (f *feature) stopEmulating(ctx context.Context, _ strictjson.Value) (string, error) {
	f.idle.Active(ctx)
	f.keeper.Act(ctx, f.keeper.Record().Session, "")
	return core.Nothing, nil
}
