package browser

import (
	"context"
	"errors"
)

var (
	// ErrPopupClosed means that the person has closed the popup.
	ErrPopupClosed = errors.New("the popup was closed")
	// ErrNoWindow means that there is no such popup, or no window at all, as in
	// a worker.
	ErrNoWindow = errors.New("there is no window")
)

// Windows show the server's pages beside this one. Popup and Frame return the
// address with which the window has come back to our origin: one that another
// page of ours handed on because of its state, or, unless the server is of our
// origin too, where the window stays for half a second. It may be any address.
//
// Nothing of a window is left when they return, but a popup is the page's to
// close.
type Windows interface {
	// Popup sends a popup to url. The page has opened it before, as only a click
	// may, and given it that number.
	Popup(ctx context.Context, number int, url, state string) (address string, err error)
	// Frame loads url in a frame that nobody sees.
	Frame(ctx context.Context, url, state string) (address string, err error)
	// Watch loads url in such a frame, and posts message to it every few seconds,
	// until that page, of that origin, answers "changed" or "error". stood tells
	// whether it has answered "unchanged" before. The answer is "unchanged" where
	// the person can't see the page any more, and the error ErrNoWindow where
	// there is none for ten seconds.
	Watch(ctx context.Context, url, message string) (answer string, stood bool, err error)
}
