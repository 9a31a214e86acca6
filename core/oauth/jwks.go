package oauth

import (
	"context"
	"errors"
	"slices"
	"strconv"
	"time"

	"latchkey/core/browser"
	"latchkey/core/errcode"
	"latchkey/core/gate"
	"latchkey/core/strictjson"
)

const (
	// keysAge is how long a key set is used before it is asked for again, so
	// that a key the issuer has withdrawn is not trusted for ever.
	keysAge = time.Hour
	// keysPause is between two times that a token makes us ask for newer keys:
	// who sends tokens with names of keys that don't exist must not make us
	// knock at the issuer for each (OP-34).
	keysPause = time.Minute
)

// errNoKey means that there is no key to verify a token with: nothing is said
// about the token itself.
var errNoKey = errors.New("no key for the token")

// errEngine means that the browser can't verify with this algorithm.
var errEngine = errcode.New(errcode.NotSupported, "this browser can't verify EdDSA signatures; set the client's signing algorithm at the server to ES256 or RS256")

var errNotSigned = errcode.New(errcode.IDTokenInvalid, "the token's signature is not the issuer's")

// key is one that signatures may be verified with.
type key struct {
	kid   string
	named bool
	// alg is what it is for; empty where its kind allows two.
	alg string
	rsa bool
	// jwk has the public members only.
	jwk string
	// size is that of a signature.
	size int
}

// keys is the issuer's key set. It is fetched when a token needs it.
type keys struct {
	gate    gate.Gate
	address string
	list    []key
	at      time.Time
	// forced is when a token last made us ask again.
	forced time.Time
}

// verify checks a token's signature with the keys at address. A key that does
// not verify may have been replaced: the set is asked for once more.
func (c *Client) verify(ctx context.Context, t jws, address string) error {
	list, fresh, err := c.keys.get(ctx, c, address, false)
	if err != nil {
		return err
	}
	failed := c.try(ctx, t, list)
	if failed == nil || fresh || errcode.Of(failed) != errcode.IDTokenInvalid {
		return failed
	}
	switch list, fresh, err = c.keys.get(ctx, c, address, true); {
	case err != nil:
		return err
	case !fresh:
		return failed
	}
	return c.try(ctx, t, list)
}

// try verifies with the one key that fits.
func (c *Client) try(ctx context.Context, t jws, list []key) error {
	var fitting []key
	for _, k := range list {
		if k.fits(t) {
			fitting = append(fitting, k)
		}
	}
	switch len(fitting) {
	case 1:
	case 0:
		return errcode.Wrap(errcode.IDTokenInvalid, "the token is signed with a key that the issuer does not publish (kid, alg)", errNoKey)
	default:
		return errcode.Wrap(errcode.IDTokenInvalid, "several of the issuer's keys could have signed the token; kid must name one", errNoKey)
	}
	// Some engines add a leading zero that a signature by RSA lacks (RFC 8017,
	// section 8.2.2, has them refuse it).
	if len(t.signature) != fitting[0].size {
		return errNotSigned
	}
	good, err := c.crypto.Verify(ctx, t.alg, fitting[0].jwk, t.signature, []byte(t.signed))
	switch {
	case err == nil && good:
		return nil
	case ctx.Err() != nil:
		return Transport(ctx, err)
	case errors.Is(err, browser.ErrUnsupported):
		return errEngine
	}
	return errNotSigned
}

// fits tells whether k may be what t was signed with.
func (k key) fits(t jws) bool {
	if t.named && (!k.named || k.kid != t.kid) {
		return false
	}
	if k.rsa && k.alg == "" {
		return t.alg == "RS256" || t.alg == "PS256"
	}
	return k.alg == t.alg
}

// get returns the keys, and whether they are as new as this call. With again
// they are asked for although they are there, if that was not done just now.
func (k *keys) get(ctx context.Context, c *Client, address string, again bool) (list []key, fresh bool, err error) {
	defer k.gate.Enter()()
	now := c.clock.Now()
	have := k.address == address
	switch {
	case again && !k.forced.IsZero() && now.Sub(k.forced).Abs() < keysPause:
		return k.list, false, nil
	case again:
		k.forced = now
	case have && now.Sub(k.at).Abs() < keysAge:
		return k.list, false, nil
	}
	if list, err = c.fetchKeys(ctx, address); err != nil {
		if have && !again && errcode.Of(err) != errcode.DiscoveryFailed && now.Sub(k.at).Abs() < metadataOld {
			return k.list, false, nil // the issuer is in trouble; its keys are none the worse
		}
		return nil, false, err
	}
	k.address, k.list, k.at = address, list, now
	return list, true, nil
}

func (c *Client) fetchKeys(ctx context.Context, address string) ([]key, error) {
	answer, err := c.get(ctx, address)
	switch {
	case err != nil:
		return nil, err
	case answer.Status >= 500 || answer.Status == 429:
		return nil, c.refusal(answer)
	case answer.Status != 200:
		return nil, noKeys("status " + strconv.Itoa(answer.Status))
	}
	return readKeys(string(answer.Body))
}

func noKeys(why string) error {
	return errcode.New(errcode.DiscoveryFailed, "the issuer's keys (jwks_uri) can't be used: "+why)
}

// readKeys reads a JSON Web Key Set (RFC 7517, section 5). A key that can't be
// used is as if it were not there, whatever is wrong with it. How many there
// are is bounded by the size of the answer.
func readKeys(text string) ([]key, error) {
	v, err := strictjson.Parse(text)
	if err != nil || v.Get("keys").Kind() != strictjson.Array {
		return nil, noKeys("they are no key set (RFC 7517)")
	}
	var list []key
	for _, item := range v.Get("keys").Items() {
		if k, ok := readKey(item); ok {
			list = append(list, k)
		}
	}
	return list, nil
}

// readKey takes a public key that verifies signatures of an algorithm we know.
func readKey(v strictjson.Value) (k key, ok bool) {
	str := func(name string) string { return v.Get(name).TextOr("") }
	// A private or a symmetric key that everybody can read: then everybody can
	// sign with it.
	for _, name := range []string{"d", "p", "q", "dp", "dq", "qi", "oth", "k"} {
		if v.Get(name).Kind() != strictjson.Missing {
			return k, false
		}
	}
	var members strictjson.Object
	kty := str("kty")
	members.String("kty", kty)
	switch kty {
	case "RSA":
		if !modulus(str("n")) || !exponent(str("e")) {
			return k, false
		}
		members.String("n", str("n"))
		members.String("e", str("e"))
		k.rsa = true
		k.size = base64url.DecodedLen(len(str("n")))
	case "EC":
		if str("crv") != "P-256" || !sized(str("x"), 32) || !sized(str("y"), 32) {
			return k, false
		}
		members.String("crv", "P-256")
		members.String("x", str("x"))
		members.String("y", str("y"))
		k.alg, k.size = "ES256", 64
	case "OKP":
		if str("crv") != "Ed25519" || !sized(str("x"), 32) {
			return k, false
		}
		members.String("crv", "Ed25519")
		members.String("x", str("x"))
		k.alg, k.size = "EdDSA", 64
	default:
		return k, false
	}
	k.jwk = members.Done()
	// Members that may be left out (RFC 7517, section 4); null is as if they were.
	for _, name := range []string{"use", "alg", "kid"} {
		if kind := v.Get(name).Kind(); kind != strictjson.Missing && kind != strictjson.Null && kind != strictjson.Text {
			return k, false
		}
	}
	if use, given := v.Get("use").Text(); given && use != "sig" {
		return k, false
	}
	switch ops := v.Get("key_ops"); ops.Kind() {
	case strictjson.Missing, strictjson.Null:
	default:
		if !slices.Contains(texts(ops), "verify") {
			return k, false
		}
	}
	if alg, given := v.Get("alg").Text(); given {
		if k.rsa && alg != "RS256" && alg != "PS256" || !k.rsa && alg != k.alg {
			return k, false
		}
		k.alg = alg
	}
	k.kid, k.named = v.Get("kid").Text()
	return k, true
}

// modulus accepts an RSA modulus of 2,048 bits (RFC 7518, section 3.3) to
// 8,192, beyond which checking a signature takes too long.
func modulus(text string) bool {
	n, ok := decode(text)
	return ok && len(n) >= 256 && len(n) <= 1024 && n[0] != 0 && (len(n) > 256 || n[0] >= 0x80) && n[len(n)-1]&1 == 1
}

// exponent accepts an odd RSA exponent from 65,537, the least that FIPS 186-5
// allows, to 32 bits: with 1 everybody can sign, with 3 bad padding is forged.
func exponent(text string) bool {
	e, ok := decode(text)
	return ok && (len(e) == 3 || len(e) == 4) && e[0] != 0 && e[len(e)-1]&1 == 1
}

func sized(text string, size int) bool {
	b, ok := decode(text)
	return ok && len(b) == size
}
