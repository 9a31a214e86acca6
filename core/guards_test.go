package core_test

import (
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/browser/browsertest"
)

func TestS69ThePageWantedIsGoneToOnceWithoutThePrefix(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := openPage(t, profile, server, config(`"prefix":"/shop/*","exclude":["/register"],`))
		_, err := p.call("remember", `{"path":"`+origin+`/shop/en/orders?page=2"}`)
		require.NoError(t, err)
		_, err = p.call("remember", `{"path":"`+origin+`/shop/en/register"}`)
		require.NoError(t, err)
		for _, want := range []string{"/orders?page=2", "/"} {
			result, err := p.call("recall", "{}")
			require.NoError(t, err)
			assert.JSONEq(t, `{"path":"`+want+`"}`, result)
		}
	})
}

func TestS76ALogoutForgetsThePageWanted(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := openPage(t, profile, server, config(""))
		_, err := p.call("remember", `{"path":"/orders"}`)
		require.NoError(t, err)
		signIn(t, p, "alice")
		_, err = p.call("logout", "{}")
		require.NoError(t, err)
		result, err := p.call("recall", "{}")
		require.NoError(t, err)
		assert.JSONEq(t, `{"path":"/"}`, result)
	})
}

func TestS70APageThatComesBackLooksAtTheRecord(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := alices(t, profile, server, config(""))
		// Written while the page could hear nothing.
		profile.Storage().Put("latchkey/1/id/shop/", `{"format":1,"issuer":"`+issuer+`","client":"shop","context":"","session":"","generation":99,"ended":"user","state":null,"policy":null}`)
		assert.Equal(t, "alice", p.user())
		_, err := p.call("look", "{}")
		require.NoError(t, err)
		assert.Equal(t, "anonymous", p.user())
		assert.Equal(t, "login, logout:user (remote)", p.takeEvents())
	})
}

func TestS71TwoLogoutsAtOnceAreOneAtTheServer(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		p := alices(t, profile, server, config(""))
		p.takeEvents()
		var group sync.WaitGroup
		for range 3 {
			group.Go(func() {
				_, err := p.call("logout", "{}")
				assert.NoError(t, err)
			})
		}
		group.Wait()
		assert.Equal(t, []string{"refresh_token", "access_token"}, server.Revoked())
		assert.Equal(t, "logout:user", p.takeEvents())
	})
}
