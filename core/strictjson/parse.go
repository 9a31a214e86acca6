// Package strictjson reads and writes JSON as security needs it (RFC 8259):
// member names are compared exactly, a name that comes twice is refused, text
// must be valid UTF-8 without lone surrogates, depth and size are bounded, and
// nothing may follow the value. encoding/json folds case, takes the last of two
// members, and would cost every page 120 kB.
package strictjson

import (
	"errors"
	"slices"
	"strconv"
	"unicode/utf8"
)

// MaxDepth is how deep arrays and objects may be nested.
const MaxDepth = 32

// MaxSize is how long a text may be, in bytes.
const MaxSize = 1 << 20

// Errors say what is wrong, never what the text holds.
var (
	ErrSyntax    = errors.New("not JSON")
	ErrTooDeep   = errors.New("JSON nested too deep")
	ErrTooLarge  = errors.New("JSON too large")
	ErrDuplicate = errors.New("JSON with a member name that comes twice")
	ErrText      = errors.New("JSON with text that is not Unicode")
)

type parser struct {
	text  string
	at    int
	depth int
}

// Parse reads exactly one value.
func Parse(text string) (Value, error) {
	if len(text) > MaxSize {
		return Value{}, ErrTooLarge
	}
	if !utf8.ValidString(text) {
		return Value{}, ErrText
	}
	p := parser{text: text}
	p.space()
	v, err := p.value()
	if err != nil {
		return Value{}, err
	}
	p.space()
	if p.at != len(text) {
		return Value{}, ErrSyntax
	}
	return v, nil
}

func (p *parser) space() {
	for p.at < len(p.text) {
		switch p.text[p.at] {
		case ' ', '\t', '\n', '\r':
			p.at++
		default:
			return
		}
	}
}

func (p *parser) peek() byte {
	if p.at < len(p.text) {
		return p.text[p.at]
	}
	return 0
}

func (p *parser) take(c byte) bool {
	if p.peek() != c || p.at >= len(p.text) {
		return false
	}
	p.at++
	return true
}

func (p *parser) word(w string) bool {
	if len(p.text)-p.at < len(w) || p.text[p.at:p.at+len(w)] != w {
		return false
	}
	p.at += len(w)
	return true
}

func (p *parser) value() (Value, error) {
	switch c := p.peek(); {
	case c == '{':
		return p.nested(p.object)
	case c == '[':
		return p.nested(p.array)
	case c == '"':
		s, err := p.string()
		return Value{kind: Text, text: s}, err
	case c == '-' || c >= '0' && c <= '9':
		return p.number()
	case p.word("true"):
		return Value{kind: Bool, text: "true"}, nil
	case p.word("false"):
		return Value{kind: Bool, text: "false"}, nil
	case p.word("null"):
		return Value{kind: Null}, nil
	}
	return Value{}, ErrSyntax
}

func (p *parser) nested(read func() (Value, error)) (Value, error) {
	if p.depth++; p.depth > MaxDepth {
		return Value{}, ErrTooDeep
	}
	p.at++
	p.space()
	v, err := read()
	p.depth--
	return v, err
}

func (p *parser) array() (Value, error) {
	v := Value{kind: Array}
	if p.take(']') {
		return v, nil
	}
	for {
		item, err := p.value()
		if err != nil {
			return Value{}, err
		}
		v.items = append(v.items, item)
		p.space()
		if p.take(']') {
			return v, nil
		}
		if !p.take(',') {
			return Value{}, ErrSyntax
		}
		p.space()
	}
}

func (p *parser) object() (Value, error) {
	v := Value{kind: Obj}
	if p.take('}') {
		return v, nil
	}
	v.names, v.items = make([]string, 0, 8), make([]Value, 0, 8)
	var seen names
	for {
		if p.peek() != '"' {
			return Value{}, ErrSyntax
		}
		name, err := p.string()
		if err != nil {
			return Value{}, err
		}
		if seen.has(v.names, name) {
			return Value{}, ErrDuplicate
		}
		p.space()
		if !p.take(':') {
			return Value{}, ErrSyntax
		}
		p.space()
		item, err := p.value()
		if err != nil {
			return Value{}, err
		}
		v.names = append(v.names, name)
		v.items = append(v.items, item)
		p.space()
		if p.take('}') {
			return v, nil
		}
		if !p.take(',') {
			return Value{}, ErrSyntax
		}
		p.space()
	}
}

// names are those of an object's members, where there are many: the few that most objects
// have are looked through in less time than a map takes.
type names map[string]bool

const few = 16

// has tells whether name is among those so far, to which it is added.
func (n *names) has(sofar []string, name string) bool {
	if len(sofar) < few {
		return slices.Contains(sofar, name)
	}
	if *n == nil {
		*n = make(names, 2*few)
		for _, one := range sofar {
			(*n)[one] = true
		}
	}
	had := (*n)[name]
	(*n)[name] = true
	return had
}

func (p *parser) digits() bool {
	from := p.at
	for c := p.peek(); c >= '0' && c <= '9'; c = p.peek() {
		p.at++
	}
	return p.at > from
}

func (p *parser) number() (Value, error) {
	from := p.at
	p.take('-')
	if !p.take('0') && !p.digits() {
		return Value{}, ErrSyntax
	}
	if p.take('.') && !p.digits() {
		return Value{}, ErrSyntax
	}
	if p.take('e') || p.take('E') {
		if !p.take('+') {
			p.take('-')
		}
		if !p.digits() {
			return Value{}, ErrSyntax
		}
	}
	return Value{kind: Number, text: p.text[from:p.at]}, nil
}

func (p *parser) string() (string, error) {
	p.at++
	from := p.at
	for p.at < len(p.text) {
		switch c := p.text[p.at]; {
		case c == '"':
			s := p.text[from:p.at]
			p.at++
			return s, nil
		case c == '\\':
			return p.escaped(from)
		case c < ' ':
			return "", ErrSyntax
		}
		p.at++
	}
	return "", ErrSyntax
}

// escaped reads on where a string turned out to have an escape.
func (p *parser) escaped(from int) (string, error) {
	b := append([]byte(nil), p.text[from:p.at]...)
	for p.at < len(p.text) {
		c := p.text[p.at]
		p.at++
		switch {
		case c == '"':
			return string(b), nil
		case c < ' ':
			return "", ErrSyntax
		case c != '\\':
			b = append(b, c)
			continue
		}
		c = p.peek()
		p.at++
		switch c {
		case '"', '\\', '/':
			b = append(b, c)
		case 'b':
			b = append(b, '\b')
		case 'f':
			b = append(b, '\f')
		case 'n':
			b = append(b, '\n')
		case 'r':
			b = append(b, '\r')
		case 't':
			b = append(b, '\t')
		case 'u':
			r, err := p.unit()
			if err != nil {
				return "", err
			}
			if r >= 0xD800 && r < 0xDC00 && p.word(`\u`) {
				low, err := p.unit()
				if err != nil {
					return "", err
				}
				if low < 0xDC00 || low > 0xDFFF {
					return "", ErrText
				}
				r = 0x10000 + (r-0xD800)<<10 + (low - 0xDC00)
			}
			if r >= 0xD800 && r <= 0xDFFF {
				return "", ErrText
			}
			b = utf8.AppendRune(b, r)
		default:
			return "", ErrSyntax
		}
	}
	return "", ErrSyntax
}

func (p *parser) unit() (rune, error) {
	if len(p.text)-p.at < 4 {
		return 0, ErrSyntax
	}
	for _, c := range []byte(p.text[p.at : p.at+4]) {
		if !(c >= '0' && c <= '9' || c >= 'a' && c <= 'f' || c >= 'A' && c <= 'F') {
			return 0, ErrSyntax
		}
	}
	u, err := strconv.ParseUint(p.text[p.at:p.at+4], 16, 16)
	p.at += 4
	return rune(u), err
}
