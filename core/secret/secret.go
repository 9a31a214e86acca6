// Package secret holds what must never be printed.
package secret

import "fmt"

// String is a text that prints as "[secret]", whatever the verb: tokens, codes,
// verifiers, passwords. Only Expose gives it out, which is easy to search for.
// It is kept behind a pointer since fmt reads the unexported fields of a
// struct around it without asking Format.
type String struct{ text *string }

// New hides text.
func New(text string) String {
	if text == "" {
		return String{}
	}
	return String{&text}
}

// Expose gives the text out, to be sent or stored.
func (s String) Expose() string {
	if s.text == nil {
		return ""
	}
	return *s.text
}

// Empty tells whether there is nothing to hide.
func (s String) Empty() bool { return s.text == nil }

// Format prints "[secret]" for every verb.
func (String) Format(f fmt.State, _ rune) { _, _ = f.Write([]byte("[secret]")) }
