// Package backend is the ways in and out of a session that the app's own backend
// keeps in cookies, by the endpoints that it has for that.
package backend

import (
	"latchkey/core/secret"
	"latchkey/core/strictjson"
)

// Config says where a backend's endpoints are; those that are "" are not there.
type Config struct {
	Login, Logout, Refresh, Session string
	// Username and Password are the members' names in what is posted to Login.
	Username, Password string
	// UserID and Claims are where the session's answer has them, as in "user.id"; ""
	// looks in the usual places.
	UserID, Claims string
	// Marker is the cookie that the page may read where there is a session; "" where
	// there is no such cookie.
	Marker string
	CSRF   CSRF
}

// CSRF says what unsafe requests carry to show that they are the page's own: in
// Header a fixed Value, the value of a cookie, or a token from an endpoint. The zero
// CSRF is nothing.
type CSRF struct {
	Header, Cookie, Endpoint string
	Value                    secret.String
	// Stale is the status that means that another one is wanted by now; 0 for none.
	Stale int
}

// Parse reads the configuration; the data plane has checked it.
func Parse(v strictjson.Value) *Config {
	str := func(names ...string) string { return at(v, names...).TextOr("") }
	c := &Config{
		Login: str("login", "url"), Logout: str("logout"), Refresh: str("refresh"), Session: str("session"),
		Username: str("login", "username"), Password: str("login", "password"), UserID: str("userId"), Claims: str("claims"), Marker: str("marker"),
		CSRF: CSRF{Header: str("csrf", "header"), Cookie: str("csrf", "cookie"), Endpoint: str("csrf", "endpoint"), Value: secret.New(str("csrf", "value"))},
	}
	stale, _ := at(v, "csrf", "stale").Int()
	c.CSRF.Stale = int(stale)
	return c
}

func at(v strictjson.Value, names ...string) strictjson.Value {
	for _, name := range names {
		v = v.Get(name)
	}
	return v
}
