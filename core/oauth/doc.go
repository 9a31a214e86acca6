// Package oauth is the client: the requests of OAuth 2.0 (RFC 6749) and OpenID
// Connect Core 1.0 that a browser app makes, and what their answers mean. It
// keeps nothing and decides nothing about sessions.
package oauth
