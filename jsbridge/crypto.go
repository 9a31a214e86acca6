//go:build js && wasm

package jsbridge

import (
	"context"
	"errors"

	"github.com/hack-pad/safejs"
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

func (c crypto) SHA256(ctx context.Context, p []byte) (sum [32]byte, err error) {
	array, err := safejs.Global().Get("Uint8Array")
	if err != nil {
		return sum, err
	}
	v, err := array.New(len(p))
	if err != nil {
		return sum, err
	}
	if _, err = safejs.CopyBytesToJS(v, p); err != nil {
		return sum, err
	}
	if v, err = c.do(ctx, "digest", v); err != nil {
		return sum, err
	}
	got, ok := data(v)
	if !ok || len(got) != len(sum) {
		return sum, errors.New("the browser gave no digest")
	}
	return [32]byte(got), nil
}
