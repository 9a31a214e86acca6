//go:build js && wasm

package jsbridge

import (
	"context"
	"errors"
)

type proofKey struct{ *Bridge }

func (k proofKey) Thumbprint(ctx context.Context) (string, bool, error) {
	v, err := k.do(ctx, "key")
	if err != nil {
		return "", false, err
	}
	thumbprint, ok := text(index(v, 0))
	kept, counted := number(index(v, 1))
	if !ok || !counted || thumbprint == "" {
		return "", false, errors.New("the browser gave no key")
	}
	return thumbprint, kept != 0, nil
}

func (k proofKey) Drop(ctx context.Context) error {
	_, err := k.do(ctx, "drop")
	return err
}
