package sessiontest

import (
	"testing/synctest"

	"github.com/stretchr/testify/assert"
)

// prints is a whole day, so that there is something to look through: what is published,
// errors, addresses, the storage after a logout and the runtime's own print are looked through at
// the end of each test.
func prints(w *world) {
	a, b := w.two()
	_, rule, _ := a.policyNow()
	assert.NotEmpty(w, append(rule.Get("headers").Names(), rule.Get("credentials").TextOr("")))
	w.server.Expire()
	for _, trouble := range troubles {
		w.meet(trouble.is)
		_ = a.fetch()
		_, _ = a.Call("refresh", "{}")
		_, _ = a.Call("accessToken", `{"minValidity":1000000}`)
		_, _ = a.Call("userInfo", "{}")
		_ = a.trySignIn("bob")
		_, _ = a.Call("loginSilently", "{}")
	}
	w.meet(nil)
	_ = a.trySignIn("bob")
	synctest.Wait()
	_ = b.fetch()
	synctest.Wait()
	w.server.End()
	_ = b.fetch()
	b.logout()
	synctest.Wait()
	w.nothingLeft()
}
