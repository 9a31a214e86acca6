package strictjson

import "strconv"

// Kind is what a value is. The zero Kind is that of a member that is not there.
type Kind uint8

// The kinds of JSON value.
const (
	Missing Kind = iota
	Null
	Bool
	Number
	Text
	Array
	Obj
)

func (k Kind) String() string {
	return [...]string{"nothing", "null", "a boolean", "a number", "a string", "an array", "an object"}[k]
}

// Value is one JSON value. Its accessors return the zero value and false for a
// value of another kind; it prints as its kind, as it may hold a secret.
type Value struct {
	kind  Kind
	text  string
	names []string
	items []Value
}

// Kind tells what v is.
func (v Value) Kind() Kind { return v.kind }

// String names the kind of v, never what it holds.
func (v Value) String() string { return v.kind.String() }

// GoString is String.
func (v Value) GoString() string { return v.kind.String() }

// Get returns the member with exactly this name, or a Missing value.
func (v Value) Get(name string) Value {
	for i, n := range v.names {
		if n == name {
			return v.items[i]
		}
	}
	return Value{}
}

// Names lists an object's member names, in their order.
func (v Value) Names() []string { return v.names }

// Items lists an array's items.
func (v Value) Items() []Value {
	if v.kind != Array {
		return nil
	}
	return v.items
}

// Text returns a string.
func (v Value) Text() (string, bool) {
	if v.kind != Text {
		return "", false
	}
	return v.text, true
}

// TextOr returns a string, or or.
func (v Value) TextOr(or string) string {
	if s, ok := v.Text(); ok {
		return s
	}
	return or
}

// Bool returns a boolean.
func (v Value) Bool() (value, ok bool) {
	ok = v.kind == Bool
	return ok && v.text == "true", ok
}

// Int returns a number that is whole and fits; 1.0 and 1e3 are whole.
func (v Value) Int() (int64, bool) {
	if v.kind != Number {
		return 0, false
	}
	if n, err := strconv.ParseInt(v.text, 10, 64); err == nil {
		return n, true
	}
	f, err := strconv.ParseFloat(v.text, 64)
	if err != nil || f != f || f < -1<<53 || f > 1<<53 || f != float64(int64(f)) {
		return 0, false
	}
	return int64(f), true
}

// Number returns any number that is finite.
func (v Value) Number() (float64, bool) {
	if v.kind != Number {
		return 0, false
	}
	f, err := strconv.ParseFloat(v.text, 64)
	return f, err == nil
}

// Depth tells how deep arrays and objects are nested in v.
func (v Value) Depth() (depth int) {
	if v.kind != Array && v.kind != Obj {
		return 0
	}
	for _, item := range v.items {
		depth = max(depth, item.Depth())
	}
	return depth + 1
}

// JSON writes v again.
func (v Value) JSON() string { return string(v.append(nil)) }

func (v Value) append(b []byte) []byte {
	switch v.kind {
	case Missing, Null:
		return append(b, "null"...)
	case Text:
		return AppendText(b, v.text)
	case Array:
		b = append(b, '[')
		for i, item := range v.items {
			if i > 0 {
				b = append(b, ',')
			}
			b = item.append(b)
		}
		return append(b, ']')
	case Obj:
		b = append(b, '{')
		for i, item := range v.items {
			if i > 0 {
				b = append(b, ',')
			}
			b = append(AppendText(b, v.names[i]), ':')
			b = item.append(b)
		}
		return append(b, '}')
	}
	return append(b, v.text...)
}
