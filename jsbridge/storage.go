//go:build js && wasm

package jsbridge

import (
	"context"

	"latchkey/core/browser"
)

// storage is one area of the host.
type storage struct {
	*Bridge
	area string
}

func (s storage) Get(ctx context.Context, key string) (string, bool, error) {
	v, err := s.do(ctx, "get", s.area, key)
	if err != nil {
		return "", false, refusal(err)
	}
	value, ok := text(v)
	return value, ok, nil
}

func (s storage) Set(ctx context.Context, key, value string) error {
	_, err := s.do(ctx, "set", s.area, key, value)
	return refusal(err)
}

func (s storage) Remove(ctx context.Context, key string) error {
	_, err := s.do(ctx, "remove", s.area, key)
	return refusal(err)
}

// refusal is err in the port's words. Whatever a storage of the page's own
// throws means that it cannot be used.
func refusal(err error) error {
	if name, ok := err.(hostError); ok {
		if name == "QuotaExceededError" {
			return browser.ErrQuota
		}
		return browser.ErrBlocked
	}
	return err
}
