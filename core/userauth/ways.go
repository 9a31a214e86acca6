package userauth

import (
	"context"

	"latchkey/core/errcode"
	"latchkey/core/oauth"
	"latchkey/core/secret"
	"latchkey/core/session"
)

// Ways are the ways in and out of a session: what the page's commands call.
type Ways interface {
	LoginWithCredentials(ctx context.Context, username string, password secret.String, params Params, bare bool) error
	LoginWithRedirect(context.Context, RedirectOptions) error
	LoginWithPopup(context.Context, PopupOptions) error
	LoginSilently(context.Context, SilentOptions) error
	LoginForm(context.Context) (oauth.LoginForm, error)
	// LoginWith runs an operation of the server's own that signs somebody in.
	LoginWith(ctx context.Context, operation string, variables string) error
	Callback(ctx context.Context, address string) (returnTo string, ok bool, err error)
	LoggedOut(ctx context.Context, address string) (ok bool, err error)
	Logout(context.Context, LogoutOptions)
	// UserInfo asks the server about the user, as JSON.
	UserInfo(context.Context, session.Tokens) (claims string, err error)
	// InPage tells whether what a session needs does not outlive the page.
	InPage(context.Context) bool
}

// NoWays refuses all ways in, and has no way out: schemes have their own instead.
type NoWays struct{}

func refuse(way string) error {
	return errcode.New(errcode.NotSupported, "this scheme has no "+way)
}

// LoginWithCredentials implements [Ways].
func (NoWays) LoginWithCredentials(context.Context, string, secret.String, Params, bool) error {
	return refuse("loginWithCredentials")
}

// LoginWithRedirect implements [Ways].
func (NoWays) LoginWithRedirect(context.Context, RedirectOptions) error {
	return refuse("loginWithRedirect; use loginWithCredentials")
}

// LoginWithPopup implements [Ways].
func (NoWays) LoginWithPopup(context.Context, PopupOptions) error { return refuse("loginWithPopup") }

// LoginSilently implements [Ways].
func (NoWays) LoginSilently(context.Context, SilentOptions) error { return refuse("loginSilently") }

// LoginForm implements [Ways].
func (NoWays) LoginForm(context.Context) (oauth.LoginForm, error) {
	return oauth.LoginForm{}, refuse("loginForm")
}

// LoginWith implements [Ways].
func (NoWays) LoginWith(context.Context, string, string) error { return refuse("loginWith") }

// Callback implements [Ways]: no address is an answer.
func (NoWays) Callback(context.Context, string) (string, bool, error) { return "", false, nil }

// LoggedOut implements [Ways]: no address is a way back.
func (NoWays) LoggedOut(context.Context, string) (bool, error) { return false, nil }

// UserInfo implements [Ways].
func (NoWays) UserInfo(context.Context, session.Tokens) (string, error) {
	return "", refuse("getUserInfo")
}

// InPage implements [Ways]: all of it is in storage.
func (NoWays) InPage(context.Context) bool { return false }

// LoginWith implements [Ways]: OAuth has no operations of a server's own.
func (s *Service) LoginWith(context.Context, string, string) error { return refuse("loginWith") }

// UserInfo implements [Ways].
func (s *Service) UserInfo(ctx context.Context, t session.Tokens) (string, error) {
	return s.Client.UserInfo(ctx, t)
}

// InPage implements [Ways].
func (s *Service) InPage(ctx context.Context) bool { return s.Client.InPage(ctx) }
