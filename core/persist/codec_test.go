package persist

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/session"
)

func TestS12ASessionOfABackendIsKeptWithoutTokens(t *testing.T) {
	o := owner{"https://id.test", "shop", ""}
	stored := func(tokens string) string {
		return `{"format":1,"issuer":"https://id.test","client":"shop","context":"","session":"s","generation":3,"tokens":` + tokens + `}`
	}
	rec, err := decode(o, stored(`{"access":"","type":"","cookie":true,"issuedAt":5,"subject":"alice"}`))
	require.NoError(t, err)
	assert.Equal(t, []any{true, "alice"}, []any{rec.Tokens.Cookie, rec.Tokens.Subject})
	again, err := decode(o, encode(o, rec, session.View{}))
	require.NoError(t, err)
	assert.Equal(t, rec, again)

	for name, tokens := range map[string]string{
		"neither tokens nor a cookie": `{"issuedAt":5}`,
		"both":                        `{"access":"a","type":"Bearer","cookie":true,"issuedAt":5}`,
		"an id token too":             `{"id":"a.b.c","cookie":true,"issuedAt":5}`,
		"a type without a token":      `{"type":"Bearer","cookie":true,"issuedAt":5}`,
		"a cookie that is no boolean": `{"cookie":"true","issuedAt":5}`,
	} {
		_, err := decode(o, stored(tokens))
		assert.Equal(t, errRubbish, err, name)
	}
}
