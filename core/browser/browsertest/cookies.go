package browsertest

import (
	"net/url"
	"strings"
)

type cookies struct{ tab *Tab }

// SetCookies is what pages see of all cookies from now on, as browsers write that.
func (p *Profile) SetCookies(all string) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.cookies = all
}

// Cookies are what pages see of them.
func (p *Profile) Cookies() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.cookies
}

// PinCookies has cookies stay that pages delete, as those of one path do.
func (p *Profile) PinCookies(pinned bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pinned = pinned
}

func (c cookies) Forget(name string) {
	p := c.tab.profile
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.pinned {
		return
	}
	var kept []string
	for _, pair := range strings.Split(p.cookies, "; ") {
		if its, _, _ := strings.Cut(pair, "="); its != name {
			kept = append(kept, pair)
		}
	}
	p.cookies = strings.Join(kept, "; ")
}

func (c cookies) Cookie(name string) string {
	p := c.tab.profile
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, wanted := range []string{"__Host-" + name, name} {
		var found []string
		for _, pair := range strings.Split(p.cookies, "; ") {
			if its, value, ok := strings.Cut(pair, "="); ok && its == wanted {
				found = append(found, value)
			}
		}
		switch len(found) {
		case 0:
			continue
		case 1:
			if value, err := url.PathUnescape(found[0]); err == nil {
				return value
			}
			return found[0]
		}
		return ""
	}
	return ""
}
