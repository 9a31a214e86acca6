package core_test

import (
	"context"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"latchkey/core/browser"
	"latchkey/core/browser/browsertest"
)

// drill is where a row is tried.
type drill struct {
	*testing.T
	profile *browsertest.Profile
	server  *browsertest.AuthServer
	p, q    *page
	config  string
	asked   atomic.Int32
	// answer, where it is set, takes the place of the token endpoint's.
	mu     sync.Mutex
	answer func(ctx context.Context, req *browser.Request) (*browser.Response, error)
}

// serve is the network.
func (d *drill) serve(ctx context.Context, req *browser.Request) (*browser.Response, error) {
	if req.URL == issuer+"/token" && strings.Contains(req.Body, "grant_type=refresh_token") {
		d.asked.Add(1)
		d.mu.Lock()
		answer := d.answer
		d.mu.Unlock()
		if answer != nil {
			return answer(ctx, req)
		}
	}
	return d.server.Serve(ctx, req)
}

func (d *drill) answering(answer func(ctx context.Context, req *browser.Request) (*browser.Response, error)) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.answer = answer
}

func (d *drill) refresh() error {
	_, err := d.p.call("refresh", "{}")
	return err
}

// api is what a request of a page's gets.
func (d *drill) api(p *page) int {
	d.Helper()
	_, status, err := p.fetch()
	require.NoError(d, err)
	return status
}

// replies is a server, or whatever is in its place, that always answers the same.
func replies(status int, body string, headers ...string) func(*drill) {
	return func(d *drill) {
		d.answering(func(context.Context, *browser.Request) (*browser.Response, error) {
			answer := browsertest.JSON(status, body)
			for i := 0; i < len(headers); i += 2 {
				answer.Headers[headers[i]] = headers[i+1]
			}
			return answer, nil
		})
	}
}

func fails(err error) func(*drill) {
	return func(d *drill) {
		d.answering(func(context.Context, *browser.Request) (*browser.Response, error) { return nil, err })
	}
}

// hangs is a server that never answers, or never comes to an end of that.
func hangs(d *drill) {
	d.answering(func(ctx context.Context, _ *browser.Request) (*browser.Response, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	})
}

// loses has the server do what it was asked, once, and something else arrive; it is itself again
// after that.
func loses(answer *browser.Response, err error) func(*drill) {
	return func(d *drill) {
		d.answering(func(ctx context.Context, req *browser.Request) (*browser.Response, error) {
			d.answering(nil)
			_, _ = d.server.Serve(ctx, req)
			return answer, err
		})
	}
}

func (d *drill) mended() {
	d.answering(nil)
	d.p.tab.Unplug(false)
}

// twice asks again after the first attempt has failed.
func twice(d *drill) error {
	assert.Error(d, d.refresh())
	assert.Equal(d, "alice", d.p.user(), "that it is not known is no end")
	time.Sleep(2 * time.Minute)
	return d.refresh()
}

// meanwhile has the other tab do something while the refresh is under way.
func meanwhile(do func(d *drill)) func(*drill) error {
	return func(d *drill) error {
		sent, arrives := make(chan struct{}), make(chan struct{})
		d.answering(func(ctx context.Context, req *browser.Request) (*browser.Response, error) {
			d.answering(nil)
			answer, err := d.server.Serve(ctx, req)
			close(sent)
			<-arrives
			return answer, err
		})
		got := make(chan error, 1)
		go func() { got <- d.refresh() }()
		<-sent
		do(d)
		synctest.Wait()
		close(arrives)
		return <-got
	}
}

// lost has the tab that refreshes gone, before its request reaches the server or after;
// then this tab asks.
func lost(how func(*browsertest.Tab), arrives bool) func(*drill) error {
	return func(d *drill) error {
		gone := make(chan struct{})
		d.answering(func(ctx context.Context, req *browser.Request) (*browser.Response, error) {
			d.answering(nil)
			if arrives {
				_, _ = d.server.Serve(ctx, req)
			}
			how(d.q.tab)
			close(gone)
			<-ctx.Done()
			return nil, ctx.Err()
		})
		go func() { _, _ = d.q.call("refresh", "{}") }()
		<-gone
		return d.refresh()
	}
}

func graceful(d *drill) { d.server.Grace = time.Hour }

// recovered tells whether whoever is there has what they need, for one refresh at most.
func (d *drill) recovered() {
	d.Helper()
	asked := d.asked.Load()
	assert.Equal(d, 200, d.api(d.p))
	assert.Equal(d, 200, d.api(d.p))
	assert.LessOrEqual(d, d.asked.Load()-asked, int32(1))
}
