package oauth

import (
	"context"
	"strconv"
	"strings"

	"latchkey/core/browser"
	"latchkey/core/errcode"
	"latchkey/core/strictjson"
)

// endpoints returns the server's, from the options or from the issuer's
// metadata (OpenID Connect Discovery 1.0, section 4; RFC 8414). They are never
// taken from storage.
func (c *Client) endpoints(ctx context.Context) (Endpoints, error) {
	if !c.Discover {
		return c.Endpoints, nil
	}
	c.mu.Lock()
	known := c.discovered
	c.mu.Unlock()
	if known != nil {
		return *known, nil
	}
	e, err := c.discover(ctx)
	if err != nil {
		return Endpoints{}, err
	}
	c.mu.Lock()
	c.discovered = &e
	c.mu.Unlock()
	return e, nil
}

func (c *Client) discover(ctx context.Context) (Endpoints, error) {
	fail := func(why string) (Endpoints, error) {
		return Endpoints{}, errcode.New(errcode.DiscoveryFailed, "the issuer's metadata can't be used: "+why)
	}
	answer, err := c.http.Do(ctx, &browser.Request{
		Method: "GET", URL: strings.TrimSuffix(c.Issuer, "/") + "/.well-known/openid-configuration", MaxBytes: maxAnswer,
		Headers: map[string]string{"accept": "application/json"},
	})
	if err := transport(ctx, err); err != nil {
		return Endpoints{}, err
	}
	if answer.Status >= 500 || answer.Status == 429 {
		return Endpoints{}, c.refusal(answer)
	}
	if answer.Status != 200 {
		return fail("status " + strconv.Itoa(answer.Status))
	}
	v, err := strictjson.Parse(string(answer.Body))
	if err != nil {
		return fail("it is not JSON")
	}
	// RFC 8414, section 3.3: identical, to the letter.
	if issuer, _ := v.Get("issuer").Text(); issuer != c.Issuer {
		return Endpoints{}, errcode.New(errcode.IssuerMismatch, "the metadata names another issuer; set auth.issuer to exactly what the server calls itself")
	}
	var e Endpoints
	for _, endpoint := range []struct {
		name string
		to   *string
	}{
		{"authorization_endpoint", &e.Authorization}, {"token_endpoint", &e.Token},
		{"revocation_endpoint", &e.Revocation}, {"end_session_endpoint", &e.EndSession},
	} {
		address, ok := v.Get(endpoint.name).Text()
		if ok && !secure(address, c.AllowInsecure) {
			return fail(endpoint.name + " is no https address that can be used")
		}
		*endpoint.to = address
	}
	if e.Token == "" {
		return fail("it names no token_endpoint")
	}
	return e, nil
}
