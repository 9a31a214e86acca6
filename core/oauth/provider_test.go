package oauth

import (
	"context"
	"encoding/base64"
	"fmt"
	"strings"
	"testing"
	"time"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
	"latchkey/core/secret"
	"latchkey/core/session"
)

// provider is an issuer whose every answer a test can change.
type provider struct {
	client *Client
	// metadata has more members, each with a comma in front; keys is the key
	// set.
	metadata, keys string
	// down, where it is set, is the answer instead of the keys.
	down *browser.Response
	err  error
	// answer is that of the token endpoint, and date its header.
	answer, date string
	// asked counts the requests for keys; all lists every address asked.
	asked int
	all   []string
}

const allKeys = `{"keys":[{` + browsertest.RSAKey + `,"kid":"r"},{` + browsertest.ECKey + `,"kid":"e"},{` + browsertest.EdKey + `,"kid":"d"}]}`

func newProvider(change func(*Config)) *provider {
	p := &provider{keys: allKeys}
	c := Config{Discover: true, Scope: "openid"}
	if change != nil {
		change(&c)
	}
	p.client = client(c, p.serve)
	return p
}

func (p *provider) serve(req *browser.Request) (*browser.Response, error) {
	p.all = append(p.all, req.URL)
	switch req.URL {
	case issuer + "/.well-known/openid-configuration":
		jwks := `,"jwks_uri":"` + issuer + `/keys"`
		if strings.Contains(p.metadata, "jwks_uri") {
			jwks = ""
		}
		return browsertest.JSON(200, `{"issuer":"`+issuer+`","token_endpoint":"`+issuer+`/token","userinfo_endpoint":"`+issuer+`/me"`+jwks+p.metadata+`}`), nil
	case issuer + "/keys":
		p.asked++
		if p.down != nil || p.err != nil {
			return p.down, p.err
		}
		return browsertest.JSON(200, p.keys), nil
	case issuer + "/token":
		answer := browsertest.JSON(200, p.answer)
		answer.Headers["date"] = p.date
		return answer, nil
	}
	return browsertest.JSON(404, ""), nil
}

// claims is a list of names and values; those given later replace, and an empty
// value takes one away.
func claimsOf(now time.Time, change ...string) string {
	list := append([]string{
		"iss", `"` + issuer + `"`, "sub", `"alice"`, "aud", `"shop"`, "exp", fmt.Sprint(now.Unix() + 300), "iat", fmt.Sprint(now.Unix()), "nonce", `"n"`,
	}, change...)
	var names []string
	values := map[string]string{}
	for i := 0; i < len(list); i += 2 {
		if _, there := values[list[i]]; !there {
			names = append(names, list[i])
		}
		values[list[i]] = list[i+1]
	}
	var parts []string
	for _, name := range names {
		if values[name] != "" {
			parts = append(parts, fmt.Sprintf("%q:%s", name, values[name]))
		}
	}
	return "{" + strings.Join(parts, ",") + "}"
}

const (
	rs256 = `{"alg":"RS256","kid":"r"}`
	ps256 = `{"alg":"PS256","kid":"r"}`
	es256 = `{"alg":"ES256","kid":"e"}`
	eddsa = `{"alg":"EdDSA","kid":"d"}`
)

// identify has the provider's client read a token, as after a sign-in.
func (p *provider) identify(ctx context.Context, token string, change ...func(*expectation)) (session.Tokens, error) {
	want := expectation{issuer: issuer, nonce: secret.New("n")}
	for _, f := range change {
		f(&want)
	}
	return p.client.identify(ctx, session.Tokens{ID: secret.New(token), Access: secret.New("at")}, want)
}

func b64(s string) string { return base64.RawURLEncoding.EncodeToString([]byte(s)) }

// noEdDSA is an engine without it.
type noEdDSA struct{ browser.Crypto }

func (c noEdDSA) Verify(ctx context.Context, alg, jwk string, signature, data []byte) (bool, error) {
	if alg == "EdDSA" {
		return false, browser.ErrUnsupported
	}
	return c.Crypto.Verify(ctx, alg, jwk, signature, data)
}

// silent never answers a request for keys.
type silent struct{ browser.HTTP }

func (s silent) Do(ctx context.Context, req *browser.Request) (*browser.Response, error) {
	if strings.HasSuffix(req.URL, "/keys") {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	return s.HTTP.Do(ctx, req)
}

func contextFor(t *testing.T, d time.Duration) (context.Context, context.CancelFunc) {
	return context.WithTimeout(t.Context(), d)
}

// generous is an engine that takes every signature.
type generous struct{ browser.Crypto }

func (generous) Verify(context.Context, string, string, []byte, []byte) (bool, error) {
	return true, nil
}
