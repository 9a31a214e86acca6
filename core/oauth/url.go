package oauth

import "strings"

// secure tells whether an address that came from metadata or from the options
// may be sent secrets. Its characters are few on purpose: an address that a
// browser would read in another way than this function is refused.
func secure(address string, allowInsecure bool) bool {
	rest, https := strings.CutPrefix(address, "https://")
	if !https {
		var http bool
		if rest, http = strings.CutPrefix(address, "http://"); !http {
			return false
		}
	}
	for _, c := range []byte(address) {
		if c <= ' ' || c >= 0x7f || strings.IndexByte(`\#"<>^`+"`{|}", c) >= 0 {
			return false
		}
	}
	host := rest
	if i := strings.IndexAny(rest, "/?"); i >= 0 {
		host = rest[:i]
	}
	if host == "" || strings.Contains(host, "@") || strings.Contains(host, "%") {
		return false
	}
	return https || allowInsecure || loopback(host)
}

func loopback(host string) bool {
	name := host
	if i := strings.LastIndexByte(host, ':'); i >= 0 && !strings.HasSuffix(host, "]") {
		name = host[:i]
	}
	return name == "localhost" || name == "127.0.0.1" || name == "[::1]" || strings.HasSuffix(name, ".localhost")
}

// Insecure names the first address of c that must not be used, or "".
func (c Config) Insecure() string {
	if c.Handover != "" && !secure(c.Handover, c.AllowInsecure) {
		return "codeExchange"
	}
	if c.Discover {
		if !secure(c.Issuer, c.AllowInsecure) || strings.Contains(c.Issuer, "?") {
			return "issuer"
		}
		return ""
	}
	for _, e := range []struct{ name, address string }{
		{"endpoints.authorization", c.Endpoints.Authorization}, {"endpoints.token", c.Endpoints.Token},
		{"endpoints.revocation", c.Endpoints.Revocation}, {"endpoints.endSession", c.Endpoints.EndSession},
		{"endpoints.userinfo", c.Endpoints.UserInfo}, {"endpoints.jwks", c.Endpoints.JWKS},
		{"endpoints.pushedAuthorization", c.Endpoints.Pushed},
	} {
		if e.address != "" && !secure(e.address, c.AllowInsecure) {
			return e.name
		}
	}
	return ""
}
