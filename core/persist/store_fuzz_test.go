package persist

import (
	"testing"

	"latchkey/core/session"
)

// What is read back can be written again, and says the same.
func FuzzDecode(f *testing.F) {
	o := owner{"https://id.test", "shop", ""}
	f.Add(`{"format":1,"issuer":"https://id.test","client":"shop","context":"","session":"s","generation":3,"tokens":{"access":"a","type":"Bearer","issuedAt":5,"expiresAt":7,"scope":["x"],"claims":{"sub":"a"}}}`)
	f.Add(`{"format":1,"issuer":"https://id.test","client":"shop","context":"","session":"s","generation":3,"tokens":{"access":"","type":"","cookie":true,"issuedAt":5,"subject":"a"}}`)
	f.Add(`{"format":1,"issuer":"https://id.test","client":"shop","context":"","session":"","generation":3,"ended":"user"}`)
	f.Fuzz(func(t *testing.T, text string) {
		rec, err := decode(o, text)
		if err != nil {
			return
		}
		again, err := decode(o, encode(o, rec, session.View{}))
		if err != nil || again.Stamp != rec.Stamp || again.Ended != rec.Ended || again.Tokens.Access.Expose() != rec.Tokens.Access.Expose() || again.Tokens.Cookie != rec.Tokens.Cookie || !again.Tokens.ExpiresAt.Equal(rec.Tokens.ExpiresAt) {
			t.Fatalf("%v, %v", again, err)
		}
	})
}
