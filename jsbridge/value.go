//go:build js && wasm

package jsbridge

import "github.com/hack-pad/safejs"

// What comes from JavaScript is read only after its type was looked at:
// reading the wrong one gives a placeholder, not an error.

// typeOf is the value's type. A bigint has none that Go knows, and counts as
// undefined.
func typeOf(v safejs.Value) (t safejs.Type) {
	defer func() {
		if recover() != nil {
			t = safejs.TypeUndefined
		}
	}()
	return v.Type()
}

// text reads a string. A half of a surrogate pair, which UTF-8 cannot write,
// becomes U+FFFD.
func text(v safejs.Value) (string, bool) {
	if typeOf(v) != safejs.TypeString {
		return "", false
	}
	s, err := v.String()
	return s, err == nil
}

func number(v safejs.Value) (float64, bool) {
	if typeOf(v) != safejs.TypeNumber {
		return 0, false
	}
	n, err := v.Float()
	return n, err == nil
}

func index(v safejs.Value, i int) safejs.Value {
	if typeOf(v) != safejs.TypeObject {
		return safejs.Undefined()
	}
	item, err := v.Index(i)
	if err != nil {
		return safejs.Undefined()
	}
	return item
}

// length is an object's length, or 0.
func length(v safejs.Value) int {
	if typeOf(v) != safejs.TypeObject {
		return 0
	}
	n, err := v.Length()
	if err != nil {
		return 0
	}
	return n
}

// data copies a Uint8Array.
func data(v safejs.Value) ([]byte, bool) {
	if typeOf(v) != safejs.TypeObject {
		return nil, false
	}
	p := make([]byte, length(v))
	n, err := safejs.CopyBytesToGo(p, v)
	return p, err == nil && n == len(p)
}

// bytes makes a Uint8Array.
func bytes(p []byte) (safejs.Value, error) {
	array, err := safejs.Global().Get("Uint8Array")
	if err != nil {
		return safejs.Undefined(), err
	}
	v, err := array.New(len(p))
	if err == nil {
		_, err = safejs.CopyBytesToJS(v, p)
	}
	return v, err
}
