package backend

import "latchkey/core/session"

// Mark is what the marker says, in the backend's own words; "" where that is nobody.
func (c *Client) Mark() string {
	if mark := c.cookies.Cookie(c.Marker); mark != session.Anonymous {
		return mark
	}
	return ""
}

// Unmark takes the marker away, whose session is no more (CK-05).
func (c *Client) Unmark() { c.cookies.Forget(c.Marker) }
