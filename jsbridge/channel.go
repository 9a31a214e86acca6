//go:build js && wasm

package jsbridge

type channel struct{ *Bridge }

func (c channel) Post(note string) {
	// Notes may be lost.
	_, _ = c.host.Call("post", note)
}

func (c channel) Listen(f func(string)) (stop func()) { return c.notes.listen(f) }
