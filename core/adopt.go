package core

import (
	"context"

	"latchkey/core/spartacus"
)

// adopt takes over, once, what Spartacus has left here, if this runtime has never
// had a session. Nobody has signed in or out by that, so nothing is told; and what
// was taken over is not left behind, as nobody would end it there.
func (r *Runtime) adopt(ctx context.Context) {
	if r.keeper.Record().Generation > 0 {
		return
	}
	found := false
	left := spartacus.Read(func(key string) (string, bool) {
		text, ok, err := r.browser.Storage.Get(ctx, key)
		found = found || ok
		return text, ok && err == nil
	}, r.browser.Clock.Now())
	if !found {
		// Nothing was left; or another tab was faster, and has written the session down
		// before it took that away.
		r.keeper.Reload(ctx)
		return
	}
	if !left.Customer.Access.Empty() {
		if _, err := r.keeper.Adopt(ctx, left.Customer); err != nil {
			return
		}
	}
	for _, adopter := range r.assembly.Adopters {
		adopter(ctx, left)
	}
	r.navigation.Remember(ctx, left.Page)
	for _, key := range []string{spartacus.AuthKey, spartacus.ASMKey} {
		_ = r.browser.Storage.Remove(ctx, key)
	}
}
