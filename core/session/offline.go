package session

import (
	"context"

	"latchkey/core/errcode"
)

var errOffline = errcode.New(errcode.NetworkError, "the browser is offline")

// Renew gets an access token renewed of the session that the caller knows as
// from, by this tab or by another: the one for a resource, or the main one for "".
// It returns nil when the record has moved on from there, which may also mean
// that the session has ended; and else why it has not: at once where the browser is
// offline, so that a request goes as it is, and fails as any other does.
//
// The attempt goes on when ctx ends, as others may wait for it too.
func (k *Keeper) Renew(ctx context.Context, from Stamp, resource string) error {
	return k.renewOnline(ctx, OnUse, from, resource)
}

func (k *Keeper) renewOnline(ctx context.Context, trigger Trigger, from Stamp, resource string) error {
	if !k.Record().Past(from, resource) && !k.Lifecycle.Online() {
		return errOffline
	}
	return k.renewFor(ctx, trigger, from, resource)
}

// Back is called when the network is back: whom no server has asked to wait waits no
// longer.
func (k *Keeper) Back() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.lifted = k.Clock.Now()
	for _, l := range k.lanes {
		l.pause.lift()
	}
}
