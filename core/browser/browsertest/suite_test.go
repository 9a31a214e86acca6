package browsertest_test

import (
	"testing"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
)

func TestFakes(t *testing.T) {
	var p *browsertest.Profile
	browsertest.Suite(t, browsertest.Subject{
		Open: func(t *testing.T) (a, b browser.Browser) {
			p = browsertest.NewProfile()
			p.Server = browsertest.Answer
			const page = "https://app.test/shop/cart?x=1#top"
			return p.Open(page).Browser(), p.Open(page).Browser()
		},
		Server:     "https://server.test",
		SetCookies: func(all string) { p.SetCookies(all) },
	})
}
