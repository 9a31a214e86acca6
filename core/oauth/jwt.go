package oauth

import (
	"encoding/base64"
	"errors"
	"strings"

	"latchkey/core/secret"
	"latchkey/core/strictjson"
)

var errJWT = errors.New("not a JSON Web Token")

// maxJWT bounds a token's length; it would not fit into a header anyway.
const maxJWT = 64 << 10

// payload reads the claims of a signed token in compact form (RFC 7515, section
// 7.1; RFC 7519). It does not check the signature.
func payload(token secret.String) (strictjson.Value, error) {
	text := token.Expose()
	parts := strings.Split(text, ".")
	if len(text) > maxJWT || len(parts) != 3 {
		return strictjson.Value{}, errJWT
	}
	var out strictjson.Value
	for _, part := range parts[:2] {
		b, err := base64.RawURLEncoding.Strict().DecodeString(part)
		if err != nil || strings.ContainsAny(part, "\r\n") {
			return strictjson.Value{}, errJWT
		}
		if out, err = strictjson.Parse(string(b)); err != nil || out.Kind() != strictjson.Obj {
			return strictjson.Value{}, errJWT
		}
	}
	return out, nil
}
