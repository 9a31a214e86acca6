package browsertest

import (
	"net/url"
	"strings"
	"sync"
)

// Location is a tab's address, and where it was sent.
type Location struct {
	mu        sync.Mutex
	href      string
	assigned  []string
	navigated []string
}

// Href is where the tab is.
func (l *Location) Href() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.href
}

// Assign notes the address; the tab stays.
func (l *Location) Assign(address string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.assigned = append(l.assigned, address)
	return nil
}

// Navigate notes the path; the tab stays.
func (l *Location) Navigate(path string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.navigated = append(l.navigated, path)
	return nil
}

// Assigned lists the addresses the tab was sent to.
func (l *Location) Assigned() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.assigned...)
}

// Navigated lists the paths of the app that the tab was sent to.
func (l *Location) Navigated() []string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return append([]string(nil), l.navigated...)
}

// SameOrigin reads addresses nearly as browsers do: white space and control
// characters go, and a backslash is a slash.
func (l *Location) SameOrigin(raw string) (string, bool) {
	raw = strings.Trim(raw, "\x00\x01\x02\x03\x04\x05\x06\x07\x08\t\n\v\f\r\x0e\x0f\x10\x11\x12\x13\x14\x15\x16\x17\x18\x19\x1a\x1b\x1c\x1d\x1e\x1f ")
	raw = strings.NewReplacer("\t", "", "\n", "", "\r", "").Replace(raw)
	plain, rest := raw, ""
	if i := strings.IndexAny(raw, "?#"); i >= 0 {
		plain, rest = raw[:i], raw[i:]
	}
	raw = strings.ReplaceAll(plain, `\`, "/") + rest
	base, err := url.Parse(l.Href())
	if err != nil {
		return "", false
	}
	u, err := base.Parse(raw)
	if err != nil || u.Scheme != base.Scheme || u.Host != base.Host || u.User != nil {
		return "", false
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	if strings.HasPrefix(path, "//") {
		return "", false // gone to as it stands, it would be another host
	}
	if u.RawQuery != "" {
		path += "?" + u.RawQuery
	}
	if u.Fragment != "" {
		path += "#" + u.EscapedFragment()
	}
	return path, true
}
