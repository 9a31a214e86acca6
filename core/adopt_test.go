package core_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core"
	"latchkey/core/browser/browsertest"
	"latchkey/core/spartacus"
	"latchkey/core/strictjson"
)

var adopting = config(`"adopt":true,`)

// leave puts there what Spartacus leaves of a customer.
func leave(profile *browsertest.Profile, token string) {
	expires := profile.Now().UnixMilli() + 3_600_000
	profile.Storage().Put(spartacus.AuthKey, fmt.Sprintf(
		`{"token":{"access_token":%q,"token_type":"bearer","expires_at":"%d"},"userId":"current","redirectUrl":"/cart"}`, token, expires))
}

// noting is a page that notes every status it is shown.
func noting(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) (p *page, start func(), statuses *[]string) {
	tab := profile.Open(origin + "/")
	p, statuses = &page{tab: tab, server: server}, new([]string)
	var err error
	p.rt, err = core.New(adopting, tab.Browser(), func(json string) {
		v, _ := strictjson.Parse(json)
		*statuses = append(*statuses, v.Get("state").Get("status").TextOr(""))
		p.publish(json)
	})
	require.NoError(t, err)
	t.Cleanup(p.rt.Close)
	return p, func() {
		_, err := p.call("start", "{}")
		assert.NoError(t, err)
	}, statuses
}

func TestS60WhatSpartacusHasLeftIsTakenOnceAndToldToNobody(t *testing.T) {
	world(t, func(t *testing.T, profile *browsertest.Profile, server *browsertest.AuthServer) {
		leave(profile, "left")
		p, start, statuses := noting(t, profile, server)
		start()
		assert.Equal(t, []string{"authenticated"}, *statuses)
		assert.Empty(t, p.takeEvents())
		_, _, authorization, _ := p.now()
		assert.Equal(t, "Bearer left", authorization)
		assert.NotContains(t, profile.Storage().All(), spartacus.AuthKey)
		path, err := p.call("recall", "{}")
		require.NoError(t, err)
		assert.JSONEq(t, `{"path":"/cart"}`, path)

		_, err = p.call("logout", "{}")
		require.NoError(t, err)
		leave(profile, "again")
		p, start, _ = noting(t, profile, server)
		start()
		assert.Equal(t, "anonymous", p.user(), "it has had a session of its own")
	})
}

// Another tab takes it at any moment of this one's start: whichever is faster, no
// page shows nobody, and none hears of a sign-in.
func TestS60TwoTabsTakeItAtOnce(t *testing.T) {
	for step := range 40 {
		synctest.Test(t, func(t *testing.T) {
			profile := browsertest.NewProfile()
			server := browsertest.NewAuthServer(issuer, profile.Now)
			profile.Server = server.Serve
			leave(profile, "left")
			fast, startFast, fastStatuses := noting(t, profile, server)
			slow, startSlow, slowStatuses := noting(t, profile, server)
			var steps atomic.Int64
			profile.Step = func(_ context.Context, tab *browsertest.Tab, operation string) error {
				// The trace is written beside the start.
				if tab == slow.tab && !strings.HasSuffix(operation, "/trace") && steps.Add(1) == int64(step+1) {
					go startFast()
					synctest.Wait() // as far as it gets
				}
				return nil
			}
			startSlow()
			synctest.Wait()
			// It has fewer steps than that: then the other one comes after it.
			if steps.Swap(1000) <= int64(step) {
				startFast()
			}
			synctest.Wait()
			for _, statuses := range []*[]string{fastStatuses, slowStatuses} {
				assert.NotContains(t, *statuses, "anonymous", "step %d", step)
			}
			assert.Empty(t, fast.takeEvents(), "step %d", step)
			assert.Empty(t, slow.takeEvents(), "step %d", step)
			_, _, one, _ := fast.now()
			_, _, other, _ := slow.now()
			assert.Equal(t, []string{"Bearer left", "Bearer left"}, []string{one, other}, "step %d", step)
		})
	}
}
