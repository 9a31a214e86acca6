package strictjson

import "strconv"

// Object writes an object, a member at a time. The zero Object is ready.
type Object struct{ b []byte }

func (o *Object) name(name string) {
	if o.b == nil {
		o.b = append(o.b, '{')
	} else {
		o.b = append(o.b, ',')
	}
	o.b = append(AppendText(o.b, name), ':')
}

// String adds a string member.
func (o *Object) String(name, value string) {
	o.name(name)
	o.b = AppendText(o.b, value)
}

// Text adds a string member, unless it is empty.
func (o *Object) Text(name, value string) {
	if value != "" {
		o.String(name, value)
	}
}

// Int adds a number.
func (o *Object) Int(name string, value int64) {
	o.name(name)
	o.b = strconv.AppendInt(o.b, value, 10)
}

// Bool adds a boolean.
func (o *Object) Bool(name string, value bool) {
	o.name(name)
	o.b = strconv.AppendBool(o.b, value)
}

// Raw adds a member whose value is JSON already.
func (o *Object) Raw(name, json string) {
	o.name(name)
	o.b = append(o.b, json...)
}

// Texts adds an array of strings.
func (o *Object) Texts(name string, values []string) {
	o.name(name)
	o.b = append(o.b, '[')
	for i, v := range values {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = AppendText(o.b, v)
	}
	o.b = append(o.b, ']')
}

// Ints adds an array of numbers.
func (o *Object) Ints(name string, values []int) {
	o.name(name)
	o.b = append(o.b, '[')
	for i, v := range values {
		if i > 0 {
			o.b = append(o.b, ',')
		}
		o.b = strconv.AppendInt(o.b, int64(v), 10)
	}
	o.b = append(o.b, ']')
}

// Done ends the object and returns it.
func (o *Object) Done() string {
	if o.b == nil {
		return "{}"
	}
	return string(append(o.b, '}'))
}

// AppendText writes s as a JSON string. What is not UTF-8 becomes U+FFFD, and
// U+2028 and U+2029 are written as they are, as JSON allows.
func AppendText(b []byte, s string) []byte {
	const hex = "0123456789abcdef"
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"' || r == '\\':
			b = append(b, '\\', byte(r))
		case r == '\n':
			b = append(b, `\n`...)
		case r < ' ':
			b = append(b, `\u00`...)
			b = append(b, hex[r>>4], hex[r&15])
		default:
			b = append(b, string(r)...)
		}
	}
	return append(b, '"')
}
