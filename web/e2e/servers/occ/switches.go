package main

import (
	"fmt"
	"net/url"
	"slices"
	"time"
)

// switches are the doubtful things. POST /control/switch changes any of them at run time; where it says Spring, the
// behaviour is that of Spring Security OAuth 2.x from general knowledge.
type switches struct {
	// SameToken: a second login of the same client, user and scope gets the token that lives already, with what is left
	// of it (Spring). Revoking one then ends the other.
	SameToken bool `json:"sameToken"`
	// Refresh: the answer to a refresh repeats the refresh token, omits it, or has a new one and ends the old one.
	Refresh string `json:"refresh"`
	// RefreshEndsAccess: a refresh ends the access tokens that came with the refresh token (Spring).
	RefreshEndsAccess bool `json:"refreshEndsAccess"`
	// ExpiredRefresh: 401 invalid_token with the token in its words (Spring), or 400 invalid_grant.
	ExpiredRefresh string `json:"expiredRefresh"`
	// InvalidToken is the type of OCC's error for a token that is not good, or no longer.
	InvalidToken string `json:"invalidToken"`
	// TokenInMessages: errors about a token have it in their message (Spring).
	TokenInMessages bool `json:"tokenInMessages"`
	// ExposeChallenge lets a page read WWW-Authenticate.
	ExposeChallenge bool `json:"exposeChallenge"`
	// XML: OCC answers in XML unless JSON is asked for, only if XML is asked for, or never.
	XML string `json:"xml"`
	// AnonymousNeedsClient: registration and one-time passwords need a client's token (before the September 2025 update).
	AnonymousNeedsClient bool `json:"anonymousNeedsClient"`
	// RevokeNeedsAuthorization: a revocation must carry a living access token as Authorization.
	RevokeNeedsAuthorization bool `json:"revokeNeedsAuthorization"`
	// RevokeEndsBoth: revoking one of a pair ends the other.
	RevokeEndsBoth bool `json:"revokeEndsBoth"`
	// LoginPage is the app's own login page, on any origin; "" for the server's own plain form.
	LoginPage string `json:"loginPage"`
	// Origins are pages besides our own two that may call and be returned to.
	Origins []string `json:"origins"`
}

func usualSwitches() switches {
	return switches{
		SameToken: true, Refresh: "repeat", RefreshEndsAccess: true, ExpiredRefresh: "invalid_token",
		InvalidToken: "InvalidTokenError", TokenInMessages: true, XML: "default", AnonymousNeedsClient: true, Origins: []string{},
	}
}

func (s switches) check() error {
	for _, one := range []struct {
		name, value string
		allowed     []string
	}{
		{"refresh", s.Refresh, []string{"repeat", "omit", "rotate"}},
		{"expiredRefresh", s.ExpiredRefresh, []string{"invalid_token", "invalid_grant"}},
		{"invalidToken", s.InvalidToken, []string{"InvalidTokenError", "InvalidBearerTokenError"}},
		{"xml", s.XML, []string{"default", "asked", "never"}},
	} {
		if !slices.Contains(one.allowed, one.value) {
			return fmt.Errorf("%s is one of %q", one.name, one.allowed)
		}
	}
	if u, err := url.Parse(s.LoginPage); s.LoginPage != "" && (err != nil || u.Host == "") {
		return fmt.Errorf("loginPage is a whole URL")
	}
	return nil
}

// lifetimes are in seconds, as tests have them.
type lifetimes struct {
	Access  int `json:"access"`
	Refresh int `json:"refresh"`
	Client  int `json:"client"` // of client tokens
	Code    int `json:"code"`   // of authorization codes
	OTP     int `json:"otp"`
}

func usualLifetimes() lifetimes {
	return lifetimes{Access: 43_200, Refresh: 2_592_000, Client: 43_200, Code: 300, OTP: 300}
}

func (l lifetimes) check() error {
	if min(l.Access, l.Refresh, l.Client, l.Code, l.OTP) < 1 {
		return fmt.Errorf("a lifetime is at least 1 second")
	}
	return nil
}

// in is the moment that many seconds from now.
func (s *server) in(seconds int) time.Time { return s.now().Add(time.Duration(seconds) * time.Second) }
