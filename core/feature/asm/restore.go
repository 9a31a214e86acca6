package asm

import (
	"context"
	"sync"

	"latchkey/core/event"
	"latchkey/core/session"
)

// restoring is a customer's session that has ended behind the agent's, and is
// being renewed: until that is over, nobody knows whether the customer is still
// there.
type restoring struct{ over chan struct{} }

// restorings lets others wait for the last one.
type restorings struct {
	mu   sync.Mutex
	last *restoring
}

// restored waits for it.
func (r *restorings) restored(ctx context.Context) {
	r.mu.Lock()
	last := r.last
	r.mu.Unlock()
	if last == nil {
		return
	}
	select {
	case <-last.over:
	case <-ctx.Done():
	}
}

// restore begins one. Called while the assembly shows.
func (f *feature) restore(remote bool) {
	r := &restoring{make(chan struct{})}
	f.restoring = r
	f.mu.Lock()
	f.last = r
	f.mu.Unlock()
	go func() {
		defer close(r.over)
		defer func() { _ = recover() }()
		// A failure keeps the session; the next request tries again.
		ctx, cancel := context.WithTimeout(context.Background(), f.assembly.Config.Timeout)
		defer cancel()
		// Another tab may have been faster.
		if rec := f.main.Record(); rec.Tokens.For("").Over(f.assembly.Browser.Clock.Now()) {
			_ = f.main.Renew(ctx, rec.Stamp, "")
			f.main.Record() // what has come of it is published by then
		}
		f.assembly.Show(func(main session.View) []event.Event {
			if f.restoring != r {
				return nil // an agent is there again, or somebody has signed in
			}
			before := f.user(main)
			f.restoring = nil
			return told([]event.Event{{Type: event.Login, Remote: remote}}, before, f.user(main))
		})
	}()
}

// spent tells whether there is a customer's session whose access token is over.
func (f *feature) spent(main session.View) bool {
	ends := main.State.ExpiresAt
	return main.State.LoggedIn && !ends.IsZero() && !f.assembly.Browser.Clock.Now().Before(ends)
}
