// Package userauth signs people in and out: the ways in, the way out, and what
// happens to the page on the way.
package userauth

import (
	"context"
	"time"

	"latchkey/core/browser"
	"latchkey/core/errcode"
	"latchkey/core/gate"
	"latchkey/core/navigation"
	"latchkey/core/oauth"
	"latchkey/core/persist"
	"latchkey/core/secret"
	"latchkey/core/session"
)

// Flow is which way in the configuration allows.
type Flow string

// The flows.
const (
	Code         Flow = "code"
	PasswordFlow Flow = "password"
)

// Options is what a Service works with; all fields are required.
type Options struct {
	Flow Flow
	// Way is how the answer to a redirect comes back: [oauth.Redirect], or
	// [oauth.Beside].
	Way oauth.Way
	// Allowed tells why nobody may sign in now; nil where somebody may.
	Allowed func() error
	// Suffix is what the server wants behind a user name.
	Suffix     string
	Client     *oauth.Client
	Keeper     *session.Keeper
	Pending    *persist.Pending
	Navigation *navigation.Navigation
	Location   browser.Location
	Windows    browser.Windows
	Silent     Silent
	// Origin is the page's.
	Origin string
	// AfterLogout is the address the server sends the person back to.
	AfterLogout string
	// Timeout bounds each exchange with the server.
	Timeout time.Duration
}

// Service is what the page's commands call. One command that changes who is
// signed in runs at a time.
type Service struct {
	Options
	one gate.Gate
}

// New returns a Service.
func New(o Options) *Service { return &Service{Options: o, one: gate.New()} }

// Params are further parameters for the server, in their order.
type Params [][2]string

// with adds a parameter, unless it is empty.
func (p Params) with(name, value string) Params {
	if value == "" {
		return p
	}
	return p.and(Params{{name, value}})
}

func (p Params) and(more Params) Params { return append(p[:len(p):len(p)], more...) }

// LoginWithCredentials signs in with a user name and a password. The name is a
// user's own, which is to have the suffix, or with bare set whatever the server
// asks for.
func (s *Service) LoginWithCredentials(ctx context.Context, username string, password secret.String, params Params, bare bool) error {
	if s.Flow != PasswordFlow {
		return errcode.New(errcode.ConfigInvalid, "loginWithCredentials needs auth.flow 'password', which hands the person's password to this page; prefer loginWithRedirect")
	}
	if !bare {
		username += s.Suffix
	}
	defer s.one.Enter()()
	if err := s.Allowed(); err != nil {
		return err
	}
	before := s.Keeper.Record()
	t, err := s.Client.Password(ctx, username, password, params)
	if err != nil {
		return err
	}
	if err := s.Allowed(); err != nil { // it may have taken a while
		s.Client.Revoke(ctx, t)
		return err
	}
	in, err := s.Keeper.Enter(ctx, before, t)
	if err == nil && !in {
		s.Client.Revoke(ctx, t)
		return errcode.New(errcode.SessionChanged, "somebody has signed out meanwhile")
	}
	return err
}

// RedirectOptions is what a page may say about a sign-in by redirect.
type RedirectOptions struct {
	ReturnTo, Prompt, LoginHint string
	Params                      Params
}

// LoginWithRedirect leaves the page for the server's sign-in page.
func (s *Service) LoginWithRedirect(ctx context.Context, o RedirectOptions) error {
	if s.Flow != Code {
		return errcode.New(errcode.ConfigInvalid, "loginWithRedirect needs auth.flow 'code'")
	}
	if err := s.Allowed(); err != nil {
		return err
	}
	returnTo := o.ReturnTo
	if returnTo == "" {
		returnTo = s.Location.Href()
	}
	path, ok := s.Location.SameOrigin(returnTo)
	if !ok {
		return errcode.New(errcode.ConfigInvalid, "returnTo must be a page of this origin")
	}
	t, err := s.Client.Begin(s.Way, path)
	if err != nil {
		return err
	}
	address, err := s.Client.AuthCodeURL(ctx, &t, o.Params.with("prompt", o.Prompt).with("login_hint", o.LoginHint))
	if err != nil {
		return err
	}
	if err := s.Pending.Add(ctx, t); err != nil {
		return err
	}
	return s.Location.Assign(address)
}
