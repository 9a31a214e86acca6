// Package navigation remembers the page a person wanted, across a sign-in, and
// brings them there once. It goes to this origin's pages only, by the browser's
// own reading of the address, judged when it is used: what was stored may have
// been tampered with.
package navigation

import (
	"context"
	"strings"

	"latchkey/core/browser"
	"latchkey/core/persist"
)

// Paths are the app's own, which are never gone back to after a sign-in.
type Paths struct {
	Home, Login, Logout string
	Exclude             []string
}

// Navigation keeps the page wanted in pending.
type Navigation struct {
	paths    Paths
	location browser.Location
	pending  *persist.Pending
}

// New returns a Navigation that remembers nothing itself.
func New(paths Paths, location browser.Location, pending *persist.Pending) *Navigation {
	return &Navigation{paths, location, pending}
}

// Remember keeps a page to come back to, unless it is a sign-in page itself.
func (n *Navigation) Remember(ctx context.Context, page string) {
	if path := n.target(page); path != "" {
		n.pending.SetPage(ctx, path)
	}
}

// Recall returns the page remembered, once; and the home page where there is
// none that may be gone to.
func (n *Navigation) Recall(ctx context.Context) string {
	if path := n.target(n.pending.TakePage(ctx)); path != "" {
		return path
	}
	return n.paths.Home
}

// Return is where to go after a sign-in that was to lead to page: there if it
// is one of ours, else the page remembered. The page remembered is forgotten.
func (n *Navigation) Return(ctx context.Context, page string) string {
	remembered := n.pending.TakePage(ctx)
	for _, candidate := range []string{page, remembered} {
		if path := n.target(candidate); path != "" {
			return path
		}
	}
	return n.paths.Home
}

// Here tells whether path is the page that is shown.
func (n *Navigation) Here(path string) bool {
	now, ok := n.location.SameOrigin(n.location.Href())
	return ok && now == path
}

// target returns page as a path of this origin, or "".
func (n *Navigation) target(page string) string {
	if page == "" {
		return ""
	}
	path, ok := n.location.SameOrigin(page)
	if !ok {
		return ""
	}
	bare := path
	if i := strings.IndexAny(bare, "?#"); i >= 0 {
		bare = bare[:i]
	}
	for _, auth := range append([]string{n.paths.Login, n.paths.Logout}, n.paths.Exclude...) {
		if auth != "" && bare == auth {
			return ""
		}
	}
	return path
}
