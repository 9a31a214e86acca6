//go:build js && wasm

package jsbridge

type cookies struct{ *Bridge }

func (c cookies) Forget(name string) { _, _ = c.host.Call("forget", name) }

func (c cookies) Cookie(name string) string {
	v, err := c.host.Call("cookie", name)
	if err != nil {
		return ""
	}
	value, _ := text(v)
	return value
}
