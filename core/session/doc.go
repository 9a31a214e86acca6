// Package session holds the heart of the runtime: the record of a session, with
// its generation, and the [Keeper], which alone changes it. How a session
// travels (a bearer token, a cookie) is a [Strategy]'s business, in a package of
// its own below this one.
package session
