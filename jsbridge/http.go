//go:build js && wasm

package jsbridge

import (
	"context"
	"time"

	"latchkey/core/browser"
)

// moment is how long a request that the network has failed is kept back.
const moment = 200 * time.Millisecond

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
		// A page that is being left has its requests broken off, in Firefox and WebKit before
		// it hears of that. It must not write that down as a failure of the network, which all
		// tabs would wait out: who is still here a moment later does.
		select {
		case <-time.After(moment):
			return nil, browser.ErrNetwork
		case <-ctx.Done():
			return nil, ctx.Err()
		}
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
