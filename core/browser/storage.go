package browser

import (
	"context"
	"errors"
)

var (
	// ErrQuota means that the area is full. The old value is still there.
	ErrQuota = errors.New("storage is full")
	// ErrBlocked means that the area may not be used at all: blocked by the
	// person's settings, by a sandbox, or simply absent.
	ErrBlocked = errors.New("storage is blocked")
)

// Storage is one area of keys and values that outlives the page, and which
// other tabs may read and write at any moment.
type Storage interface {
	// Get returns ok == false and no error for a key that is not there.
	Get(ctx context.Context, key string) (value string, ok bool, err error)
	// Set replaces the value whole, or fails and leaves the old one.
	Set(ctx context.Context, key, value string) error
	// Remove of a key that is not there is no error.
	Remove(ctx context.Context, key string) error
}
