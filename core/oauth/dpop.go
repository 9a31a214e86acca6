package oauth

import (
	"context"
	"slices"
	"strings"
	"time"

	"latchkey/core/browser"
	"latchkey/core/errcode"
	"latchkey/core/session"
	"latchkey/core/strictjson"
)

// proofAlg is what proofs are signed with: the algorithm that every server of
// DPoP has, and every browser.
const proofAlg = "ES256"

// proofKey is the thumbprint of the key that requests for tokens are proved
// with; "" without DPoP. kept says that it will be there after a redirect.
func (c *Client) proofKey(ctx context.Context) (thumbprint string, kept bool, err error) {
	if c.ProofKey == nil {
		return "", false, nil
	}
	thumbprint, kept, err = c.ProofKey.Thumbprint(ctx)
	if err == nil && thumbprint == "" {
		err = errcode.New(errcode.RuntimeFailed, "the browser's key has no thumbprint")
	}
	if err != nil && ctx.Err() != nil {
		return "", false, Transport(ctx, err)
	}
	if err != nil {
		err = errcode.Wrap(errcode.RuntimeFailed, "the browser could not make the key that auth.dpop needs", err)
	}
	return thumbprint, kept, err
}

// boundTo is the parameter that binds an authorization code to the key (RFC
// 9449, section 10); "" where no key can be promised for the time after the
// redirect.
func (c *Client) boundTo(ctx context.Context) (string, error) {
	thumbprint, kept, err := c.proofKey(ctx)
	if !kept {
		thumbprint = ""
	}
	return thumbprint, err
}

// InPage tells whether tokens are bound to a key that lives no longer than the
// page.
func (c *Client) InPage(ctx context.Context) bool {
	thumbprint, kept, err := c.proofKey(ctx)
	return err == nil && thumbprint != "" && !kept
}

// Lost tells whether tokens can't be used any more, as the key that they are
// bound to is not the one there is.
func (c *Client) Lost(ctx context.Context, t session.Tokens) (bool, error) {
	if t.ProofKey == "" {
		return false, nil
	}
	thumbprint, _, err := c.proofKey(ctx)
	return err == nil && thumbprint != t.ProofKey, err
}

// ForgetKey deletes the key; the next sign-in makes another. It may fail
// silently: without tokens that are bound to it the key is of no use.
func (c *Client) ForgetKey(ctx context.Context) {
	if c.ProofKey != nil {
		ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
		defer cancel()
		_ = c.ProofKey.Drop(ctx)
	}
}

// send sends a request, and once more where the server wants its nonce in the
// proof (RFC 9449, sections 8 and 9). The browser has learnt it from the
// answer, and proves each attempt anew.
func (c *Client) send(ctx context.Context, req *browser.Request) (*browser.Response, error) {
	answer, err := c.http.Do(ctx, req)
	if err == nil && req.ProofKey != "" && wantsNonce(answer) {
		answer, err = c.http.Do(ctx, req)
	}
	return answer, Transport(ctx, err)
}

func wantsNonce(answer *browser.Response) bool {
	const wanted = "use_dpop_nonce"
	if answer.Headers["dpop-nonce"] == "" {
		return false
	}
	switch answer.Status {
	case 400:
		v, err := strictjson.Parse(string(answer.Body))
		code, _ := v.Get("error").Text()
		return err == nil && code == wanted
	case 401:
		scheme, rest, _ := strings.Cut(answer.Headers["www-authenticate"], " ")
		return lower(scheme) == "dpop" && strings.Contains(rest, wanted)
	}
	return false
}

// checkProofs refuses a server that says it can't read our proofs.
func (c *Client) checkProofs(m Metadata) error {
	if c.ProofKey != nil && m.DPoPAlgs != nil && !slices.Contains(m.DPoPAlgs, proofAlg) {
		return unusable("auth.dpop needs proofs of the algorithm " + proofAlg + ", which dpop_signing_alg_values_supported does not have")
	}
	return nil
}

// tokenType is the token type in its usual spelling, or why it is not the one
// that was asked for (RFC 6749, section 7.1; RFC 9449, section 5).
func (c *Client) tokenType(given string) (usual, wrong string) {
	bearer, bound := lower(given) == "bearer", lower(given) == "dpop"
	switch {
	case c.ProofKey == nil && bound:
		return "", "token_type is DPoP; set auth.dpop, or have the server issue bearer tokens to this client"
	case c.ProofKey == nil && !bearer:
		return "", "token_type is not Bearer (RFC 6749, section 7.1)"
	case c.ProofKey == nil:
		return "Bearer", ""
	case bearer:
		return "", "token_type is Bearer although the request had a proof; does the server do DPoP for this client (RFC 9449)?"
	case !bound:
		return "", "token_type is not DPoP (RFC 9449, section 5)"
	}
	return "DPoP", ""
}
