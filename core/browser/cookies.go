package browser

// Cookies reads the cookies that the page may read. The core sets none.
type Cookies interface {
	// Cookie is the value of the cookie of exactly this name, decoded; or of that
	// with __Host- before it, which no other host can set (RFC 6265bis, section
	// 4.1.3.2). "" where there is none, or more than one: nobody can tell which of
	// them is ours.
	Cookie(name string) string
	// Forget deletes the cookie of exactly this name where a page can: that of its own
	// host, or of a domain above, for all paths. What stays is still there to be read.
	Forget(name string)
}
