package supertokens

import (
	"context"

	"latchkey/core/backend"
	"latchkey/core/browser"
	"latchkey/core/errcode"
	"latchkey/core/session"
	"latchkey/core/strictjson"
)

// LookAgain has the server look at claims of a session: each an object with its id, the
// address that is asked and by which method, and when the server had seen it last, as
// the caller knows. One answer may have more claims than were asked for, so they are
// asked for one after the other, by one tab at a time; what is newer by then than the
// caller knew is not asked for again. Nor is what was asked for while this call waited,
// whatever came of that.
//
// That it fails is told: the session goes on, and the claim is what it was.
func (s *Service) LookAgain(ctx context.Context, of string, claims []strictjson.Value) error {
	s.mu.Lock()
	s.callers++
	mine := s.callers
	s.mu.Unlock()
	release, err := s.locks.Acquire(ctx, s.lock)
	if err != nil {
		return errcode.Wrap(errcode.Timeout, "another tab did not finish looking at the claims in time", err)
	}
	defer release()
	s.keeper.Reload(ctx)
	for i := range claims {
		c := &claims[i]
		rec := s.keeper.Record()
		now, _ := strictjson.Parse(rec.Tokens.Claims)
		seen, _ := c.Get("seen").Int()
		last, _ := now.Get(c.Get("id").TextOr("")).Get("t").Int()
		url := c.Get("refresh").TextOr("")
		// Only who holds the lock comes here.
		if rec.Session != of || last != seen || s.asked[url] >= mine {
			continue
		}
		if err := s.ask(ctx, c.Get("method").TextOr("GET"), url); err != nil {
			s.keeper.Trouble(err)
		}
		s.mu.Lock()
		s.asked[url] = s.callers
		s.mu.Unlock()
	}
	return nil
}

// ask sends a request as one of the page's own: what it answers is observed, and a
// refusal has the session refreshed once.
func (s *Service) ask(ctx context.Context, method, url string) error {
	body := "{}"
	if method == "GET" {
		body = ""
	}
	for first := true; ; first = false {
		rec := s.keeper.Record()
		req := &browser.Request{Method: method, URL: url, Headers: map[string]string{}, Body: body}
		got, err := s.client.send(ctx, req, "anti-csrf", rec.Tokens, rec.Tokens.Access.Expose())
		if err != nil {
			return err
		}
		err = Strategy{s.client}.Observe(ctx, s.keeper, rec.Stamp, session.Answer{Headers: got.Headers, Status: got.Status})
		switch {
		case err != nil || backend.Good(got) || s.keeper.Record().Session != rec.Session:
			return err
		case got.Status != 401 || !first:
			return backend.Failure(got, "auth.claims: refresh", s.client.clock.Now())
		}
		if err := s.keeper.Refused(ctx, rec.Stamp, ""); err != nil {
			return err
		}
	}
}
