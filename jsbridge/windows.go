//go:build js && wasm

package jsbridge

import (
	"context"

	"latchkey/core/browser"
)

type windows struct{ *Bridge }

func (w windows) Popup(ctx context.Context, number int, url, state string) (string, error) {
	return w.show(ctx, "popup", url, state, number)
}

func (w windows) Frame(ctx context.Context, url, state string) (string, error) {
	return w.show(ctx, "frame", url, state)
}

func (w windows) Watch(ctx context.Context, url, message string) (string, bool, error) {
	v, err := w.do(ctx, "watch", url, message)
	if _, ok := err.(hostError); ok {
		return "", false, browser.ErrNoWindow
	}
	if err != nil {
		return "", false, err
	}
	answer, _ := text(index(v, 0))
	stood, _ := number(index(v, 1))
	return answer, stood != 0, nil
}

func (w windows) show(ctx context.Context, op string, args ...any) (string, error) {
	v, err := w.do(ctx, op, args...)
	if name, ok := err.(hostError); ok {
		if name == "ClosedError" {
			return "", browser.ErrPopupClosed
		}
		return "", browser.ErrNoWindow
	}
	if err != nil {
		return "", err
	}
	address, _ := text(v)
	return address, nil
}
