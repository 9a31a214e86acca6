//go:build js && wasm

package jsbridge

import (
	"context"
	"errors"

	"github.com/hack-pad/safejs"

	"latchkey/core/browser"
)

type crypto struct{ *Bridge }

var errRandom = errors.New("the browser gave no random bytes")

// enough random bytes that all of them are zero only when none are random.
const enough = 16

func (c crypto) Random(p []byte) error {
	v, err := c.host.Call("random", max(len(p), enough))
	if err != nil {
		return errRandom
	}
	got, ok := data(v)
	if !ok || len(got) != max(len(p), enough) {
		return errRandom
	}
	var bits byte
	for _, b := range got {
		bits |= b
	}
	if bits == 0 {
		return errRandom
	}
	copy(p, got)
	return nil
}

func (c crypto) Digest(ctx context.Context, hash string, p []byte) ([]byte, error) {
	v, err := bytes(p)
	if err != nil {
		return nil, err
	}
	if v, err = c.do(ctx, "digest", hash, v); err != nil {
		return nil, unsupported(err)
	}
	got, ok := data(v)
	if !ok || len(got) < 32 {
		return nil, errors.New("the browser gave no digest")
	}
	return got, nil
}

func (c crypto) Verify(ctx context.Context, alg, jwk string, signature, signed []byte) (bool, error) {
	s, err := bytes(signature)
	if err != nil {
		return false, err
	}
	d, err := bytes(signed)
	if err != nil {
		return false, err
	}
	v, err := c.do(ctx, "verify", alg, jwk, s, d)
	if err != nil {
		return false, unsupported(err)
	}
	// Nothing but true itself is a signature that is good.
	if typeOf(v) != safejs.TypeBoolean {
		return false, errors.New("the browser gave no verdict")
	}
	return v.Bool()
}

func unsupported(err error) error {
	if err == hostError("NotSupportedError") {
		return browser.ErrUnsupported
	}
	return err
}
