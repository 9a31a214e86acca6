//go:build js && wasm

package jsbridge

import "errors"

type location struct{ *Bridge }

// errLeave has no address: one may hold what no log should.
var errLeave = errors.New("the browser refused to go there")

func (l location) Href() string {
	v, err := l.host.Call("href")
	if err != nil {
		return ""
	}
	href, _ := text(v)
	return href
}

func (l location) Assign(url string) error {
	if _, err := l.host.Call("assign", url); err != nil {
		return errLeave
	}
	return nil
}

func (l location) Navigate(path string) error {
	if _, err := l.host.Call("navigate", path); err != nil {
		return errLeave
	}
	return nil
}

func (l location) SameOrigin(raw string) (string, bool) {
	v, err := l.host.Call("sameOrigin", raw)
	if err != nil {
		return "", false
	}
	return text(v)
}
