package browser

// Location is where the page is, and the way to leave it.
type Location interface {
	// Href is the page's address as it is now.
	Href() string
	// Assign leaves for another page, by the browser.
	Assign(url string) error
	// Navigate goes to a path of the app, by the app's own router if it gave one.
	Navigate(path string) error
	// SameOrigin resolves raw against the page, with the browser's own parser,
	// and returns its path, query and fragment. ok is false for every address
	// on another origin, with user information, or that is no address at all.
	SameOrigin(raw string) (path string, ok bool)
}
