package core

import (
	"time"

	"latchkey/core/backend"
	"latchkey/core/errcode"
	"latchkey/core/navigation"
	"latchkey/core/oauth"
	"latchkey/core/policy"
	"latchkey/core/secret"
	"latchkey/core/strictjson"
	"latchkey/core/supertokens"
	"latchkey/core/userauth"
	"latchkey/core/vendure"
)

// Config is what the page asked for, as ARCHITECTURE.md names it under "The
// commands". The data plane has checked the types, and has parsed the URLs.
type Config struct {
	Key, Context string
	// Shared says that all tabs of the origin have one storage.
	Shared bool
	// Copied says that each tab has a storage of its own, which a copy of the tab has too.
	Copied bool
	// InMemory says that the session does not outlive the page.
	InMemory bool
	OAuth    oauth.Config
	// Vendure is set with that scheme, and OAuth is then of no use but for its names.
	Vendure *vendure.Config
	// Backend is set with the scheme cookies.
	Backend *backend.Config
	// SuperTokens is set with that protocol of the scheme cookies.
	SuperTokens *supertokens.Config
	Flow        userauth.Flow
	Origin      string
	Paths       navigation.Paths
	// DPoP binds the tokens to a key of this browser (RFC 9449).
	DPoP bool
	// Monitor watches the session at the server (OpenID Connect Session Management
	// 1.0), where it can be watched.
	Monitor bool
	// Leeway is how long before the expiry a refresh is due; 30 s by default.
	Leeway time.Duration
	// Limits end the main session; 0 is never.
	Limits struct{ Idle, Absolute, Warning time.Duration }
	// Timeout bounds each exchange with the server; 10 s by default.
	Timeout time.Duration
	// Refusal is what an API's looks like.
	Refusal policy.Refusal
	// Nameless says that the API calls everybody who is signed in by one name.
	Nameless bool
	// Suffix is what the server wants behind a user name.
	Suffix string
	// ClientTokens says that requests may carry the client's own token.
	ClientTokens bool
	// Leaves says that going to another page of the app's loads that one.
	Leaves bool
	// Adopt takes over what Spartacus has left.
	Adopt bool
	// AfterLogout is where the server sends the person back to after a logout;
	// the origin's root by default.
	AfterLogout string

	// Trace keeps what happens to the session for whoever asks; on by default.
	Trace bool

	// options are all of them, for the features.
	options strictjson.Value
}

// ParseConfig reads a configuration, and names the option that is wrong.
func ParseConfig(text string) (Config, error) {
	v, err := strictjson.Parse(text)
	if err != nil {
		return Config{}, errcode.Wrap(errcode.ConfigInvalid, "the configuration can't be read", err)
	}
	str := func(name string) string { return v.Get(name).TextOr("") }
	duration := func(name string, unit, standard time.Duration) time.Duration {
		if n, ok := v.Get(name).Number(); ok {
			return time.Duration(n * float64(unit))
		}
		return standard
	}
	flag := func(name string) bool { b, _ := v.Get(name).Bool(); return b }
	endpoint := func(name string) string { return v.Get("endpoints").Get(name).TextOr("") }
	texts := func(name string) (all []string) {
		for _, item := range v.Get(name).Items() {
			all = append(all, item.TextOr(""))
		}
		return all
	}
	c := Config{
		Key: str("key"), Context: str("context"), Shared: str("storage") == "local", Copied: str("storage") == "session", InMemory: str("storage") == "memory",
		DPoP: flag("dpop"), Monitor: flag("monitorSession"), Flow: userauth.Flow(str("flow")), Origin: str("origin"),
		Paths:       navigation.Paths{Home: str("home"), Login: str("login"), Logout: str("logout"), Exclude: texts("exclude"), Prefix: str("prefix")},
		Leeway:      duration("refreshLeeway", time.Second, 30*time.Second),
		Timeout:     duration("timeout", time.Millisecond, 10*time.Second),
		AfterLogout: str("postLogoutRedirectUri"),
		OAuth: oauth.Config{
			Issuer: str("issuer"), Discover: str("scheme") == "oidc",
			Endpoints: oauth.Endpoints{
				Authorization: endpoint("authorization"), Token: endpoint("token"),
				Revocation: endpoint("revocation"), EndSession: endpoint("endSession"),
				UserInfo: endpoint("userinfo"), JWKS: endpoint("jwks"), Pushed: endpoint("pushedAuthorization"),
			},
			EndpointOrigins: texts("endpointOrigins"), Resources: texts("resources"), APIResources: texts("apiResources"), TrustedAudiences: texts("trustedAudiences"),
			ClientID: str("client"), ClientSecret: secret.New(str("clientSecret")), Scope: str("scope"), RedirectURI: str("redirectUri"), Handover: str("codeExchange"),
			ClockTolerance: duration("clockTolerance", time.Second, time.Minute), AllowInsecure: flag("allowInsecure"),
		},
	}
	c.options = v
	on, set := v.Get("trace").Bool()
	c.Trace = on || !set
	c.Limits.Warning = time.Minute
	for name, of := range map[string]*time.Duration{"idle": &c.Limits.Idle, "absolute": &c.Limits.Absolute, "warning": &c.Limits.Warning} {
		if n, ok := v.Get("limits").Get(name).Number(); ok {
			if n <= 0 {
				return c, errcode.New(errcode.ConfigInvalid, "limits."+name+" must be more than 0")
			}
			*of = time.Duration(n * float64(time.Second))
		}
	}
	switch str("scheme") {
	case "vendure":
		c.vendure(str)
	case "cookies":
		if v.Get("backend").Get("protocol").TextOr("") == "supertokens" {
			c.SuperTokens = supertokens.Parse(v.Get("backend"))
		} else {
			c.Backend = backend.Parse(v.Get("backend"))
		}
	}
	c.ClientTokens, c.Adopt, c.Leaves = flag("clientTokens"), flag("adopt"), flag("leaves")
	c.OAuth.FormToken, c.OAuth.FormAction = v.Get("loginForm").Get("csrf").TextOr(""), v.Get("loginForm").Get("action").TextOr("")
	c.OAuth.AuthorizeRevocation = flag("authorizeRevocation")
	if str("scheme") == "occ" {
		c.occ(flag("isolated"), str("baseSite"))
	}
	if c.AfterLogout == "" {
		c.AfterLogout = c.Origin + "/"
	}
	if n, ok := v.Get("maxAge").Int(); ok {
		c.OAuth.MaxAge = &n
	}
	if text := str("responseType"); text != "" {
		var ok bool
		if c.OAuth.ResponseType, ok = oauth.ParseResponseType(text); !ok {
			return c, errcode.New(errcode.ConfigInvalid, "auth.responseType must be made of code, id_token and token")
		}
	}
	// Which tokens come back is the response type's to say.
	if c.Flow == "implicit" {
		c.Flow = userauth.Code
	}
	return c, c.check()
}

// vendure reads what that scheme has.
func (c *Config) vendure(str func(string) string) {
	c.Vendure = &vendure.Config{URL: str("url"), Header: str("authTokenHeader"), Making: str("making")}
	// What does not outlive the browser here need not do so there.
	c.Vendure.Forgets = str("storage") == "session" || c.InMemory
	if str("tokenMethod") == "cookie" {
		c.Vendure.Header = ""
	}
	c.Vendure.Channel = str("channelToken")
}

// occ is what is known of SAP Commerce: which of its errors mean what, and what a
// user is called on a site that has users of its own.
func (c *Config) occ(isolated bool, site string) {
	c.Refusal = policy.Refusal{Statuses: []int{401}, Types: []string{"InvalidTokenError", "InvalidBearerTokenError"}}
	c.Nameless = true
	c.OAuth.TokenInvalid = true
	if isolated {
		c.Suffix = "|" + site
	}
}

func (c Config) check() error {
	for _, required := range []struct{ name, value string }{
		{"key", c.Key}, {"auth.issuer", c.OAuth.Issuer}, {"auth.clientId", c.OAuth.ClientID}, {"origin", c.Origin},
	} {
		if required.value == "" {
			return errcode.New(errcode.ConfigInvalid, required.name+" is missing")
		}
	}
	if c.Timeout <= 0 || c.Leeway < 0 {
		return errcode.New(errcode.ConfigInvalid, "timeout must be more than 0, and refreshLeeway at least 0")
	}
	if c.Vendure != nil || c.Backend != nil || c.SuperTokens != nil {
		if c.ClientTokens {
			return errcode.New(errcode.ConfigInvalid, "as 'client' needs OAuth: vendure() and cookies() have no client tokens")
		}
		return nil
	}
	if c.Flow != userauth.Code && c.Flow != userauth.PasswordFlow {
		return errcode.New(errcode.ConfigInvalid, "auth.flow must be 'code' or 'password'")
	}
	if name := c.OAuth.Insecure(); name != "" {
		return errcode.New(errcode.ConfigInvalid, "auth."+name+" is no https address that can be used (http only for loopback, or with allowInsecure)")
	}
	if c.DPoP && c.OAuth.ResponseType.Token {
		return errcode.New(errcode.ConfigInvalid, "auth.dpop needs tokens from the token endpoint: one that comes in the address is bound to no key; leave 'token' out of auth.responseType")
	}
	if c.OAuth.Handover != "" && (c.Flow != userauth.Code || !c.OAuth.ResponseType.HasCode() || c.OAuth.ResponseType.Front() || c.DPoP || c.Monitor) {
		return errcode.New(errcode.ConfigInvalid, "auth.codeExchange leaves no token in the page: it goes with auth.flow 'code' alone, and neither with dpop nor monitorSession")
	}
	tokenEndpoint := c.Flow == userauth.PasswordFlow || c.OAuth.ResponseType.HasCode() && c.OAuth.Handover == ""
	if !c.OAuth.Discover && tokenEndpoint && c.OAuth.Endpoints.Token == "" {
		return errcode.New(errcode.ConfigInvalid, "auth.endpoints.token is missing")
	}
	if !c.OAuth.Discover && c.Flow == userauth.Code && c.OAuth.Endpoints.Authorization == "" {
		return errcode.New(errcode.ConfigInvalid, "auth.endpoints.authorization is missing")
	}
	return nil
}
