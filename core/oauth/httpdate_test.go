package oauth

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

// OP-60, RR-16: a date is read as the standard library does, or not at all.
func TestOP60ADateOfAServerIsRead(t *testing.T) {
	const form = "Mon, 02 Jan 2006 15:04:05 GMT"
	for day := range 3 * 366 {
		want := time.Date(2027, 1, day, day%24, day%60, (day+59)%60, 0, time.UTC)
		got, ok := httpDate(want.Format(form))
		assert.True(t, ok, want)
		assert.Equal(t, want, got)
	}
	for name, text := range map[string]string{
		"nothing": "", "no day of that month": "Tue, 30 Feb 2027 08:49:37 GMT", "another day of the week": "Mon, 06 Nov 1994 08:49:37 GMT",
		"an hour too late": "Sun, 06 Nov 1994 24:49:37 GMT", "another month": "Sun, 06 ovD 1994 08:49:37 GMT", "in lower case": "sun, 06 nov 1994 08:49:37 gmt",
		"a sign": "Sun, +6 Nov 1994 08:49:37 GMT", "one digit": "Sun, 6 Nov 1994 08:49:37 GMT", "a fraction": "Sun, 06 Nov 1994 08:49:37.5 GMT",
		"another zone": "Sun, 06 Nov 1994 08:49:37 EST", "RFC 850": "Sunday, 06-Nov-94 08:49:37 GMT", "asctime": "Sun Nov  6 08:49:37 1994",
		"bytes that are no text": "Sun, \xff\xff \xff\xff\xff \xff\xff\xff\xff \xff\xff:49:37 GMT",
	} {
		_, ok := httpDate(text)
		assert.False(t, ok, name)
	}
}
