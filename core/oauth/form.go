package oauth

import (
	"encoding/base64"
	"slices"
	"strings"

	"latchkey/core/secret"
)

// form is an ordered application/x-www-form-urlencoded text, as a request's
// body and as the query of the authorization endpoint.
type form struct {
	b strings.Builder
	// authorization is the header, where there is one: a client with a secret, or
	// an access token.
	authorization secret.String
	// secrets are values that no error may quote.
	secrets []secret.String
	// spends says that what is sent may be good for once only: a refresh token.
	spends bool
}

func (f *form) add(name, value string) {
	if f.b.Len() > 0 {
		f.b.WriteByte('&')
	}
	escape(&f.b, name)
	f.b.WriteByte('=')
	escape(&f.b, value)
}

// hide is add of what no error may quote.
func (f *form) hide(name string, value secret.String) {
	f.add(name, value.Expose())
	f.secrets = append(f.secrets, value)
}

// quoted tells whether a server's text has a secret of this form in it.
func (f *form) quoted(text string) bool {
	for _, s := range f.secrets {
		if !s.Empty() && strings.Contains(text, s.Expose()) {
			return true
		}
	}
	return false
}

// addText is add, unless the value is empty.
func (f *form) addText(name, value string) {
	if value != "" {
		f.add(name, value)
	}
}

// authenticate says which client asks (RFC 6749, section 2.3.1).
func (f *form) authenticate(c *Client, m Metadata) {
	f.add("client_id", c.ClientID)
	f.addSecret(c, m)
}

// addSecret adds the client's secret where it has one: in the form, unless the
// server takes it in the header only.
func (f *form) addSecret(c *Client, m Metadata) {
	if c.ClientSecret.Empty() {
		return
	}
	if m.TokenAuth == nil || slices.Contains(m.TokenAuth, "client_secret_post") || !slices.Contains(m.TokenAuth, "client_secret_basic") {
		f.hide("client_secret", c.ClientSecret)
		return
	}
	var pair strings.Builder
	escape(&pair, c.ClientID)
	pair.WriteByte(':')
	escape(&pair, c.ClientSecret.Expose())
	f.authorization = secret.New("Basic " + base64.StdEncoding.EncodeToString([]byte(pair.String())))
}

func (f *form) String() string { return f.b.String() }

func escape(b *strings.Builder, s string) {
	const hex = "0123456789ABCDEF"
	for _, c := range []byte(s) {
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '-', c == '.', c == '_', c == '*':
			b.WriteByte(c)
		case c == ' ':
			b.WriteByte('+')
		default:
			b.Write([]byte{'%', hex[c>>4], hex[c&15]})
		}
	}
}

// withQuery appends a query to an address that may have one (RFC 6749, section
// 3.1, wants that kept).
func withQuery(address, query string) string {
	switch {
	case !strings.Contains(address, "?"):
		return address + "?" + query
	case strings.HasSuffix(address, "?"), strings.HasSuffix(address, "&"):
		return address + query
	}
	return address + "&" + query
}

// unescape reads one name or value of a query. A broken escape stays as it is,
// as browsers do.
func unescape(s string) string {
	if !strings.ContainsAny(s, "%+") {
		return s
	}
	b := make([]byte, 0, len(s))
	for i := 0; i < len(s); i++ {
		switch c := s[i]; {
		case c == '+':
			b = append(b, ' ')
		case c == '%' && i+2 < len(s) && digit(s[i+1]) >= 0 && digit(s[i+2]) >= 0:
			b = append(b, byte(digit(s[i+1])<<4|digit(s[i+2])))
			i += 2
		default:
			b = append(b, c)
		}
	}
	return string(b)
}

func digit(c byte) int {
	switch {
	case c >= '0' && c <= '9':
		return int(c - '0')
	case c >= 'a' && c <= 'f':
		return int(c-'a') + 10
	case c >= 'A' && c <= 'F':
		return int(c-'A') + 10
	}
	return -1
}
