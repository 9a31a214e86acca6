package browsertest

import (
	"context"
	"net/url"
	"time"

	"latchkey/core/browser"
)

type http struct{ tab *Tab }

// Do asks the profile's Server. The way there and the way back are a step each,
// so that a simulator can lose the request or its answer. What a tab has sent is on its
// way, whether or not it freezes.
func (h http) Do(ctx context.Context, req *browser.Request) (*browser.Response, error) {
	what := req.URL
	if form, err := url.ParseQuery(req.Body); err == nil && form.Has("grant_type") {
		what += " " + form.Get("grant_type") + " " + form.Get("client_id")
	}
	if req.ProofKey != "" {
		proved, err := h.tab.prove(req)
		if err != nil {
			return nil, err
		}
		req = proved
	}
	h.tab.still()
	if last := browser.LastMoment(ctx, req); !last.IsZero() {
		if left := last.Sub(h.tab.profile.Now()); left < 0 || left > time.Minute {
			return nil, browser.ErrLate
		}
	}
	if err := h.tab.move(ctx, "send "+what); err != nil {
		return nil, err
	}
	if h.tab.profile.Server == nil {
		return nil, browser.ErrNetwork
	}
	answer, err := h.tab.profile.Server(ctx, req)
	h.tab.still()
	if err != nil {
		return nil, err
	}
	if err := h.tab.step(ctx, "answer "+what); err != nil {
		return nil, err
	}
	if req.ProofKey != "" {
		h.tab.learn(req.URL, answer)
	}
	if int64(len(answer.Body)) > req.MaxBytes {
		return nil, browser.ErrTooLarge
	}
	return answer, nil
}
