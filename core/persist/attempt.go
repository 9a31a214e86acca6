package persist

import (
	"context"
	"strconv"
	"time"

	"latchkey/core/errcode"
	"latchkey/core/session"
	"latchkey/core/strictjson"
)

// Attempt implements [session.Store]. What can't be read was never written: a refresh goes
// on without.
func (s *Store) Attempt(ctx context.Context) session.Attempt {
	var a session.Attempt
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	text, _, err := s.storage.Get(ctx, s.attempt())
	if err != nil {
		return a
	}
	v, err := strictjson.Parse(text)
	if err != nil {
		return a
	}
	a.Of = v.Get("of").TextOr("")
	a.Resource = v.Get("resource").TextOr("")
	a.Tab = v.Get("tab").TextOr("")
	a.Claimed = v.Get("claimed").TextOr("")
	a.Doubt, _ = v.Get("doubt").Bool()
	a.Over, _ = v.Get("over").Bool()
	a.At = moment(v.Get("at"))
	if code := errcode.Code(v.Get("code").TextOr("")); passes(code) {
		failures, _ := v.Get("failures").Int()
		a.Until, a.Failures = moment(v.Get("until")), int(min(max(failures, 0), 100))
		a.Asked, _ = v.Get("asked").Bool()
		e := errcode.New(code, "a refresh failed a moment ago, maybe in another tab; it is tried again after a pause")
		if a.Asked {
			e.RetryAfter = a.Until.Sub(a.At)
		}
		a.Err = e
	}
	return a
}

// Attempting implements [session.Store].
func (s *Store) Attempting(ctx context.Context, a session.Attempt) {
	var out strictjson.Object
	out.String("of", a.Of)
	out.Text("resource", a.Resource)
	out.String("tab", a.Tab)
	out.Text("claimed", a.Claimed)
	out.Int("at", a.At.UnixMilli())
	if a.Doubt {
		out.Bool("doubt", true)
	}
	if a.Over {
		out.Bool("over", true)
	}
	if code := errcode.Of(a.Err); a.Err != nil && passes(code) {
		out.String("code", string(code))
		out.Int("until", a.Until.UnixMilli())
		out.Int("failures", int64(a.Failures))
		if a.Asked {
			out.Bool("asked", true)
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	_ = s.storage.Set(ctx, s.attempt(), out.Done())
}

func (s *Store) attempt() string { return s.key + "/attempt" }

// Turn implements [session.Store].
func (s *Store) Turn(ctx context.Context) time.Time {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	text, _, _ := s.storage.Get(ctx, s.lastTurn())
	ms, err := strconv.ParseInt(text, 10, 64)
	if err != nil {
		return time.Time{}
	}
	return time.UnixMilli(ms)
}

// TakesTurn implements [session.Store].
func (s *Store) TakesTurn(ctx context.Context, at time.Time) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancel()
	_ = s.storage.Set(ctx, s.lastTurn(), strconv.FormatInt(at.UnixMilli(), 10))
}

func (s *Store) lastTurn() string { return s.key + "/turn" }

// passes tells whether an error is one that all tabs wait out. Storage is a stranger's: it
// can make no other error of ours.
func passes(code errcode.Code) bool {
	switch code {
	case errcode.NetworkError, errcode.Timeout, errcode.ServerError, errcode.RateLimited, errcode.DiscoveryFailed, errcode.ConfigInvalid:
		return true
	}
	return false
}

func moment(v strictjson.Value) time.Time {
	ms, _ := v.Int()
	return time.UnixMilli(ms)
}
