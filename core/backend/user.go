package backend

import (
	"strings"

	"latchkey/core/session"
	"latchkey/core/strictjson"
)

// usual is where backends have the user's id.
var usual = []string{"id", "userId", "user.id", "sub"}

// tokens are those of the user in an answer of the session's endpoint.
func (c *Client) tokens(v strictjson.Value) session.Tokens {
	t := session.Tokens{Cookie: true, IssuedAt: c.clock.Now()}
	places := usual
	if c.UserID != "" {
		places = []string{c.UserID}
	}
	for _, place := range places {
		path := strings.Split(place, ".")
		id := idOf(at(v, path...))
		if id == "" || id == session.Anonymous {
			continue
		}
		claims := at(v, path[:len(path)-1]...)
		if c.Claims != "" {
			claims = at(v, strings.Split(c.Claims, ".")...)
		}
		t.Subject, t.Claims = id, shown(claims)
		break
	}
	return t
}

func idOf(v strictjson.Value) string {
	if _, ok := v.Int(); ok {
		return v.JSON()
	}
	return v.TextOr("")
}

// shown is an object without what its name says the page is not to have.
func shown(v strictjson.Value) string {
	if v.Kind() != strictjson.Obj {
		return ""
	}
	var o strictjson.Object
	for _, name := range v.Names() {
		lower := strings.ToLower(name)
		if !strings.Contains(lower, "token") && !strings.Contains(lower, "secret") && !strings.Contains(lower, "password") {
			o.Raw(name, v.Get(name).JSON())
		}
	}
	return o.Done()
}
