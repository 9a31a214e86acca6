package spartacus

import (
	"strconv"
	"strings"
	"time"

	"latchkey/core/secret"
	"latchkey/core/session"
	"latchkey/core/strictjson"
)

// lastMoment is the last one that a Date can hold, in milliseconds.
const lastMoment = 8_640_000_000_000_000

// longestToken bounds an access token, as the token endpoint's answers are bounded.
const longestToken = 512 << 10

// tokens reads an AuthToken, as angular-oauth2-oidc fills it member by member.
// It is taken whole or not at all, and not once it has expired.
//
// A refresh token or an id token that is there all the same is left there: the
// storefront stores no refresh token, and nobody could check the id token now.
func tokens(v strictjson.Value, now time.Time) session.Tokens {
	access := v.Get("access_token").TextOr("")
	stored, storedOK := moment(v.Get("access_token_stored_at"))
	expires, expiresOK := moment(v.Get("expires_at"))
	scope, scopeOK := scopes(v.Get("granted_scopes"))
	if !visible(access) || len(access) > longestToken || !bearer(v.Get("token_type")) || !storedOK || !expiresOK || !scopeOK {
		return session.Tokens{}
	}
	if !expires.IsZero() && !now.Before(expires) {
		return session.Tokens{}
	}
	if stored.IsZero() || stored.After(now) {
		stored = now // nobody can have got it later
	}
	return session.Tokens{Access: secret.New(access), Type: "Bearer", Scope: scope, IssuedAt: stored, ExpiresAt: expires}
}

// bearer tells whether a token_type is one that this runtime has; the storefront
// takes none, and an empty one, for it too.
func bearer(v strictjson.Value) bool {
	kind, ok := v.Text()
	return v.Kind() == strictjson.Missing || ok && (kind == "" || strings.EqualFold(kind, "Bearer"))
}

// moment reads milliseconds since the epoch, which the library stores as text.
// Where there is no such member it is the zero time.
func moment(v strictjson.Value) (time.Time, bool) {
	if v.Kind() == strictjson.Missing {
		return time.Time{}, true
	}
	ms, ok := v.Int()
	if text, isText := v.Text(); isText {
		n, err := strconv.ParseUint(text, 10, 63)
		ms, ok = int64(n), err == nil
	}
	if !ok || ms <= 0 || ms > lastMoment {
		return time.Time{}, false
	}
	return time.UnixMilli(ms), true
}

// scopes reads granted_scopes, a list of texts; the library splits them at plus
// signs only, so that one text may have several. Where there is no such member the
// scopes are nil.
func scopes(v strictjson.Value) ([]string, bool) {
	if v.Kind() == strictjson.Missing {
		return nil, true
	}
	all, ok := []string{}, v.Kind() == strictjson.Array
	for _, item := range v.Items() {
		text, isText := item.Text()
		ok = ok && isText
		for _, one := range strings.Fields(text) {
			all, ok = append(all, one), ok && visible(one)
		}
	}
	return all, ok
}
