// Package navigation remembers the page a person wanted, across a sign-in, and
// brings them there once. It goes to this origin's pages only, by the browser's
// own reading of the address, judged when it is used: what was stored may have
// been tampered with.
package navigation

import (
	"context"

	"latchkey/core/browser"
	"latchkey/core/persist"
)

// Paths are the app's own.
type Paths struct {
	Home string
	// Login, Logout and Exclude are never gone back to after a sign-in.
	Login, Logout string
	Exclude       []string
	// Prefix is what the app's router puts before each path by itself, such as site
	// and language. No path that is given back has it.
	Prefix string
}

// Navigation keeps the page wanted in pending.
type Navigation struct {
	home     string
	auth     []Pattern
	prefix   Pattern
	location browser.Location
	pending  *persist.Pending
}

// New returns a Navigation that remembers nothing itself.
func New(paths Paths, location browser.Location, pending *persist.Pending) *Navigation {
	n := &Navigation{home: paths.Home, location: location, pending: pending}
	for _, path := range append([]string{paths.Login, paths.Logout}, paths.Exclude...) {
		if path != "" {
			n.auth = append(n.auth, n.pattern(path))
		}
	}
	n.prefix = n.pattern(paths.Prefix)
	return n
}

// pattern reads a path of the configuration as the browser writes it.
func (n *Navigation) pattern(path string) Pattern {
	if normal, ok := n.location.SameOrigin(path); path != "" && ok {
		path = normal
	}
	return ParsePattern(bare(path))
}

// Remember keeps a page to come back to, unless it is a sign-in page itself.
func (n *Navigation) Remember(ctx context.Context, page string) {
	if path := n.wanted(page); path != "" {
		n.pending.SetPage(ctx, path)
	}
}

// Forget is for a logout: whoever signs in next begins at home.
func (n *Navigation) Forget(ctx context.Context) { n.pending.TakePage(ctx) }

// Recall returns the page remembered, once; and the home page where there is
// none that may be gone to.
func (n *Navigation) Recall(ctx context.Context) string {
	if path := n.target(n.pending.TakePage(ctx)); path != "" {
		return path
	}
	return n.home
}

// Return is where to go after a sign-in that was to lead to page: there if it
// is one of ours, else the page remembered. The page remembered is forgotten.
func (n *Navigation) Return(ctx context.Context, page string) string {
	remembered := n.Recall(ctx)
	if path := n.wanted(page); path != "" {
		return path
	}
	return remembered
}

// Here tells whether path is the page that is shown.
func (n *Navigation) Here(path string) bool {
	now, ok := n.location.SameOrigin(n.location.Href())
	return ok && (now == path || n.without(now) == path)
}

// wanted returns a page that the browser shows, or that the app names, as target
// does, without the prefix.
func (n *Navigation) wanted(page string) string {
	if page == "" {
		return ""
	}
	path, ok := n.location.SameOrigin(page)
	if !ok {
		return ""
	}
	return n.target(n.without(path))
}

func (n *Navigation) without(path string) string {
	rest, _ := n.prefix.Cut(path)
	return rest
}

// target returns page as a path of this origin, or "". What was remembered has
// no prefix any more: a page below may be called like it.
func (n *Navigation) target(page string) string {
	if page == "" {
		return ""
	}
	path, ok := n.location.SameOrigin(page)
	if !ok {
		return ""
	}
	for _, auth := range n.auth {
		if auth.Is(path) {
			return ""
		}
	}
	return path
}
