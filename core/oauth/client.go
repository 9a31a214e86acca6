package oauth

import (
	"sync"
	"time"

	"latchkey/core/browser"
	"latchkey/core/gate"
	"latchkey/core/secret"
)

// Config says which client of which server this is.
type Config struct {
	// Issuer is the issuer identifier (RFC 8414, section 2). With Discover it
	// is where the metadata is; without, it only names the server.
	Issuer string
	// Discover reads the endpoints from the issuer's metadata.
	Discover  bool
	Endpoints Endpoints
	// EndpointOrigins are the only origins that the metadata may name endpoints
	// on; any https origin where there are none.
	EndpointOrigins []string

	ClientID     string
	ClientSecret secret.String
	Scope        string
	RedirectURI  string
	// ResponseType is what the authorization endpoint is asked for; a code by
	// default.
	ResponseType ResponseType
	// Resources are what the access token shall be good for (RFC 8707).
	Resources []string
	// APIResources are those that have an access token of their own each, got by a
	// refresh (section 2.2).
	APIResources []string
	// TrustedAudiences may stand beside this client in an id token's aud.
	TrustedAudiences []string
	// MaxAge is how many seconds ago the person may have signed in; nil asks for
	// nothing.
	MaxAge *int64
	// ClockTolerance is how far this clock and the server's may be apart.
	ClockTolerance time.Duration
	// ProofKey binds the tokens to this browser (DPoP, RFC 9449); nil where they
	// are bearer tokens.
	ProofKey browser.ProofKey
	// Handover is an address of the app's own backend, which redeems the codes; ""
	// where this client does.
	Handover string
	// TokenInvalid says that the token endpoint's invalid_token is about the refresh
	// token, and final, as Spring's is.
	TokenInvalid bool
	// AuthorizeRevocation sends the access token along when one is revoked.
	AuthorizeRevocation bool
	// FormToken and FormAction are for an app's own sign-in page: where the token of
	// the server's form comes from, and where that is posted to.
	FormToken, FormAction string
	// AllowInsecure lets http: through for any host, not only for loopback.
	AllowInsecure bool
}

// Endpoints are the server's. All but Token may be empty.
type Endpoints struct {
	Authorization, Token, Revocation, EndSession string
	UserInfo, JWKS, Pushed                       string
}

// Client makes the requests. Its methods may be called from any goroutine.
type Client struct {
	Config
	http   browser.HTTP
	crypto browser.Crypto
	clock  browser.Clock

	mu         sync.Mutex
	discovered *known
	// skew is how far the server's clock is ahead, by its last token answer.
	skew time.Duration

	keys keys
}

// New returns a Client that has asked nobody yet.
func New(c Config, http browser.HTTP, crypto browser.Crypto, clock browser.Clock) *Client {
	return &Client{Config: c, http: http, crypto: crypto, clock: clock, keys: keys{gate: gate.New()}}
}
