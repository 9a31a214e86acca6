package oauth

import (
	"context"
	"slices"
	"strconv"
	"strings"
	"time"

	"latchkey/core/browser"
	"latchkey/core/errcode"
	"latchkey/core/strictjson"
)

const (
	// metadataAge is how long metadata is used before the issuer is asked again;
	// providers change theirs a few times a year.
	metadataAge = time.Hour
	// metadataOld is how long it is used while the issuer can't be reached.
	metadataOld = 24 * time.Hour
)

// Metadata is what an authorization server says of itself (OpenID Connect
// Discovery 1.0, section 3; RFC 8414, section 2).
type Metadata struct {
	Endpoints
	// CheckSession is the page that tells whether the session there has changed
	// (OpenID Connect Session Management 1.0, section 3.3); "" where there is none
	// that can be used. Nobody needs one to sign in.
	CheckSession string
	// IDTokenAlgs are the algorithms it signs id tokens with; nil where it does
	// not say.
	IDTokenAlgs []string
	// UserInfoAlgs are those of signed userinfo.
	UserInfoAlgs []string
	// DPoPAlgs are the algorithms it takes DPoP proofs with (RFC 9449, section 5.1).
	DPoPAlgs []string
	// TokenAuth are the ways a client can show its secret; nil where the server
	// does not say.
	TokenAuth []string
	// AnswersWithIssuer promises the parameter iss in every authorization
	// response (RFC 9207, section 3).
	AnswersWithIssuer bool
	// WantsPushed takes authorization requests by the pushed endpoint only (RFC
	// 9126, section 5).
	WantsPushed bool
}

// known is metadata with the time it came.
type known struct {
	Metadata
	at time.Time
}

// metadata returns the server's, from the options or from the issuer. It is
// never taken from storage.
func (c *Client) metadata(ctx context.Context) (Metadata, error) {
	if !c.Discover {
		return Metadata{Endpoints: c.Endpoints}, nil
	}
	c.mu.Lock()
	have := c.discovered
	c.mu.Unlock()
	now := c.clock.Now()
	// A wall clock that was set back makes it old too.
	if have != nil && now.Sub(have.at).Abs() < metadataAge {
		return have.Metadata, nil
	}
	m, err := c.discover(ctx)
	if err != nil {
		// Only what says nothing about the metadata itself lets the old one live on.
		if have != nil && !slices.Contains([]errcode.Code{errcode.DiscoveryFailed, errcode.IssuerMismatch}, errcode.Of(err)) && now.Sub(have.at).Abs() < metadataOld {
			return have.Metadata, nil
		}
		return Metadata{}, err
	}
	c.mu.Lock()
	c.discovered = &known{m, now}
	c.mu.Unlock()
	return m, nil
}

// discover asks where OpenID Connect puts the metadata, and where that is not
// found, where RFC 8414 does.
func (c *Client) discover(ctx context.Context) (Metadata, error) {
	answer, err := c.get(ctx, strings.TrimSuffix(c.Issuer, "/")+"/.well-known/openid-configuration")
	if err == nil && answer.Status == 404 {
		answer, err = c.get(ctx, wellKnown(c.Issuer))
	}
	if err != nil {
		return Metadata{}, err
	}
	if answer.Status >= 500 || answer.Status == 429 {
		return Metadata{}, c.refusal(answer)
	}
	if answer.Status != 200 {
		return Metadata{}, unusable("status " + strconv.Itoa(answer.Status))
	}
	return c.readMetadata(string(answer.Body))
}

// wellKnown is where RFC 8414, section 3.1, puts the metadata: between host and
// path.
func wellKnown(issuer string) string {
	scheme, rest, _ := strings.Cut(issuer, "://")
	host, path, _ := strings.Cut(rest, "/")
	if path = strings.TrimSuffix(path, "/"); path != "" {
		path = "/" + path
	}
	return scheme + "://" + host + "/.well-known/oauth-authorization-server" + path
}

func (c *Client) get(ctx context.Context, address string) (*browser.Response, error) {
	answer, err := c.http.Do(ctx, &browser.Request{
		Method: "GET", URL: address, MaxBytes: maxAnswer, Headers: map[string]string{"accept": "application/json"},
	})
	return answer, Transport(ctx, err)
}

// Reachable tells whether the issuer answers at all. Where there is no
// discovery nobody knows what could be asked, and it counts as reachable.
func (c *Client) Reachable(ctx context.Context) bool {
	if !c.Discover {
		return true
	}
	_, err := c.get(ctx, strings.TrimSuffix(c.Issuer, "/")+"/.well-known/openid-configuration")
	return err == nil
}

func unusable(why string) error {
	return errcode.New(errcode.DiscoveryFailed, "the issuer's metadata can't be used: "+why)
}

// readMetadata takes what the runtime uses, and refuses all of it where
// something in that is wrong.
func (c *Client) readMetadata(text string) (m Metadata, err error) {
	v, err := strictjson.Parse(text)
	if err != nil || v.Kind() != strictjson.Obj {
		return m, unusable("it is no JSON object")
	}
	// RFC 8414, section 3.3: identical, to the letter.
	if issuer, _ := v.Get("issuer").Text(); issuer != c.Issuer {
		return m, errcode.New(errcode.IssuerMismatch, "the metadata names another issuer; set auth.issuer to exactly what the server calls itself")
	}
	if address, _ := v.Get("check_session_iframe").Text(); secure(address, c.AllowInsecure) && c.allows(address) {
		m.CheckSession = address
	}
	for _, e := range []struct {
		name string
		to   *string
	}{
		{"authorization_endpoint", &m.Authorization}, {"token_endpoint", &m.Token}, {"revocation_endpoint", &m.Revocation},
		{"end_session_endpoint", &m.EndSession}, {"userinfo_endpoint", &m.UserInfo}, {"jwks_uri", &m.JWKS},
		{"pushed_authorization_request_endpoint", &m.Pushed},
	} {
		value := v.Get(e.name)
		if value.Kind() == strictjson.Missing || value.Kind() == strictjson.Null {
			continue
		}
		address, _ := value.Text()
		if !secure(address, c.AllowInsecure) {
			return m, unusable(e.name + " is no https address that can be used")
		}
		if !c.allows(address) {
			return m, unusable(e.name + " is on an origin that auth.endpointOrigins does not name")
		}
		*e.to = address
	}
	if m.Token == "" {
		return m, unusable("it names no token_endpoint")
	}
	// OA-08: a server that says which challenges it takes must take this one.
	if methods := v.Get("code_challenge_methods_supported"); methods.Kind() == strictjson.Array && !slices.Contains(texts(methods), "S256") {
		return m, unusable("the server does not take code challenges of the method S256 (RFC 7636)")
	}
	m.IDTokenAlgs = texts(v.Get("id_token_signing_alg_values_supported"))
	m.UserInfoAlgs = texts(v.Get("userinfo_signing_alg_values_supported"))
	m.DPoPAlgs = texts(v.Get("dpop_signing_alg_values_supported"))
	if err := c.checkProofs(m); err != nil {
		return m, err
	}
	m.TokenAuth = texts(v.Get("token_endpoint_auth_methods_supported"))
	m.AnswersWithIssuer, _ = v.Get("authorization_response_iss_parameter_supported").Bool()
	m.WantsPushed, _ = v.Get("require_pushed_authorization_requests").Bool()
	return m, nil
}

// allows tells whether the metadata may name address.
func (c *Client) allows(address string) bool {
	return len(c.EndpointOrigins) == 0 || slices.Contains(c.EndpointOrigins, originOf(address))
}

// CheckSession is the page that tells whether the session at the server has
// changed; "" where there is none.
func (c *Client) CheckSession(ctx context.Context) (string, error) {
	m, err := c.metadata(ctx)
	return m.CheckSession, err
}

// texts are the strings of a list; nil where it is none.
func texts(v strictjson.Value) (all []string) {
	for _, item := range v.Items() {
		if s, ok := item.Text(); ok {
			all = append(all, s)
		}
	}
	return all
}

// originOf is the origin of an address that is secure.
func originOf(address string) string {
	scheme, rest, _ := strings.Cut(address, "://")
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		rest = rest[:i]
	}
	return scheme + "://" + lower(strings.TrimSuffix(rest, ":443"))
}
