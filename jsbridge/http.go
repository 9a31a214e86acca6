//go:build js && wasm

package jsbridge

import (
	"context"

	"latchkey/core/browser"
)

type http struct{ *Bridge }

func (h http) Do(ctx context.Context, req *browser.Request) (*browser.Response, error) {
	headers := make([]any, 0, 2*len(req.Headers))
	for name, value := range req.Headers {
		headers = append(headers, name, value)
	}
	last := 0.0 // none
	if t := browser.LastMoment(ctx, req); !t.IsZero() {
		last = float64(t.UnixMilli())
	}
	v, err := h.do(ctx, "fetch", req.Method, req.URL, headers, req.Body, float64(req.MaxBytes), req.KeepAlive, req.ProofKey, req.Credentials, last)
	if name, ok := err.(hostError); ok {
		switch name {
		case "TooLargeError":
			return nil, browser.ErrTooLarge
		case "KeyError":
			return nil, browser.ErrKey
		case "LateError":
			return nil, browser.ErrLate
		}
		return nil, browser.ErrNetwork
	}
	if err != nil {
		return nil, err
	}
	status, ok := number(index(v, 0))
	body, whole := data(index(v, 2))
	if !ok || !whole {
		return nil, browser.ErrNetwork
	}
	res := &browser.Response{Status: int(status), Headers: make(map[string]string), Body: body}
	// Names are in lower case: that is how Headers lists them.
	list := index(v, 1)
	for i, n := 0, length(list); i+1 < n; i += 2 {
		name, _ := text(index(list, i))
		value, _ := text(index(list, i+1))
		res.Headers[name] = value
	}
	return res, nil
}
