package oauth

import (
	"strconv"
	"strings"
	"time"
)

// httpDate reads the one form of a date that a server may send (RFC 9110, section
// 5.6.7). What is no date is not written again as it was. time.Parse reads every
// other form too, for 15 kB.
func httpDate(text string) (at time.Time, ok bool) {
	const form = "Mon, 02 Jan 2006 15:04:05 GMT"
	if len(text) != len(form) {
		return at, false
	}
	number := func(from, to int) int {
		n, _ := strconv.Atoi(text[from:to])
		return n
	}
	month := strings.Index("JanFebMarAprMayJunJulAugSepOctNovDec", text[8:11])/3 + 1
	at = time.Date(number(12, 16), time.Month(month), number(5, 7), number(17, 19), number(20, 22), number(23, 25), 0, time.UTC)
	return at, at.Format(form) == text
}
