package oauth

import (
	"encoding/base64"
	"strings"

	"latchkey/core/strictjson"
)

// maxJWT bounds a token's length before anything of it is read.
const maxJWT = 64 << 10

// maxNested bounds how deep claims are nested: they are stored and published
// inside other objects, whose depth is bounded too.
const maxNested = strictjson.MaxDepth / 2

// maxKid bounds a key's name. They are hashes and dates; a few are addresses.
const maxKid = 1 << 10

// algorithms are those that are ever accepted, each with the hash of its
// at_hash. None is symmetric: a browser keeps no secret to check one with.
var algorithms = map[string]string{"RS256": "SHA-256", "PS256": "SHA-256", "ES256": "SHA-256", "EdDSA": "SHA-512"}

// jws is a token of three parts, read and not verified.
type jws struct {
	alg string
	// kid names the key, where named says that the header has it.
	kid   string
	named bool
	// claims is the payload, an object.
	claims strictjson.Value
	// signed is what signature signs: header and payload, as they came.
	signed    string
	signature []byte
}

// readUnverified reads a signed token in compact form (RFC 7515, section 7.1), and says
// what is wrong with it, or "". It trusts nothing in it.
//
// Of the header it takes alg, kid, typ and crit, and refuses what would change
// how the token is read (RFC 7797, zip). Where a header brings its own key (jwk,
// jku, x5u, x5c) that is not looked at.
func readUnverified(text string) (t jws, why string) {
	if len(text) > maxJWT {
		return t, "it is longer than 64 KiB"
	}
	parts := strings.Split(text, ".")
	if len(parts) == 5 {
		return t, "it is encrypted, which is not supported; have the server sign it only"
	}
	if len(parts) != 3 {
		return t, "it does not have the three parts of a signed token (RFC 7515)"
	}
	header, ok := object(parts[0])
	if !ok {
		return t, "its header is not base64url of strict JSON"
	}
	if t.claims, ok = object(parts[1]); !ok || t.claims.Depth() > maxNested {
		return t, "its claims are not base64url of strict JSON, or nested too deep"
	}
	if t.signature, ok = decode(parts[2]); !ok {
		return t, "its signature is not base64url"
	}
	t.alg, _ = header.Get("alg").Text()
	if algorithms[t.alg] == "" {
		return t, "alg is none of RS256, PS256, ES256 and EdDSA; set the client's signing algorithm at the server to one of them"
	}
	for _, name := range []string{"crit", "b64", "zip"} {
		if header.Get(name).Kind() != strictjson.Missing {
			return t, name + " is in its header, which is not supported"
		}
	}
	switch typ := header.Get("typ"); typ.Kind() {
	case strictjson.Missing:
	default:
		// A media type in any case, "application/" left out or not (RFC 7519,
		// section 5.1; RFC 7515, section 4.1.9). Access tokens, logout tokens and
		// DPoP proofs name themselves here.
		s, _ := typ.Text()
		if s = lower(s); s != "jwt" && s != "application/jwt" {
			return t, "typ says that it is a token of another kind"
		}
	}
	if kid := header.Get("kid"); kid.Kind() != strictjson.Missing {
		if t.kid, t.named = kid.Text(); !t.named || len(t.kid) > maxKid {
			return t, "kid is no text, or too long"
		}
	}
	t.signed = text[:len(parts[0])+1+len(parts[1])]
	return t, ""
}

// object reads a part that is an object.
func object(part string) (strictjson.Value, bool) {
	b, ok := decode(part)
	if !ok {
		return strictjson.Value{}, false
	}
	v, err := strictjson.Parse(string(b))
	return v, err == nil && v.Kind() == strictjson.Obj
}

var base64url = base64.RawURLEncoding.Strict()

// decode reads base64url without padding (RFC 7515, section 2). A value has one
// spelling: bits that are left over are zero, and no line break is skipped.
func decode(part string) ([]byte, bool) {
	if strings.ContainsAny(part, "\r\n") {
		return nil, false
	}
	b, err := base64url.DecodeString(part)
	return b, err == nil
}

// lower is for ASCII: a Kelvin sign is no k.
func lower(s string) string {
	b := []byte(s)
	for i, c := range b {
		if c >= 'A' && c <= 'Z' {
			b[i] = c + 'a' - 'A'
		}
	}
	return string(b)
}
