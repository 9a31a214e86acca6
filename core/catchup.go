package core

import (
	"context"
	"sync"
	"time"

	"latchkey/core/browser"
	"latchkey/core/gate"
)

const (
	// glance is the time between two looks at the clock, while the page can be seen.
	glance = time.Minute
	// drift is how far the wall clock may be from where a timer says that it is, before
	// the machine has slept, or somebody has set the clock.
	drift = 5 * time.Second
)

// catchUp makes good what a tab has missed, whatever the reason: it was hidden, frozen,
// in the back/forward cache or without a network, or the machine slept. Whatever it
// is that says so, the same is done; and as it may be that nothing does, the clock is
// looked at once a minute. A hidden page has no timer at all: what it sends asks
// first where the time is over, by the wall clock.
type catchUp struct {
	r             *Runtime
	stopListening func()
	// one at a time, and whoever asks for it waits for a whole one.
	one gate.Gate

	mu     sync.Mutex
	queued bool
	closed bool
	// due is when the next look comes, if the clock and the timer agree.
	due       time.Time
	stopTimer func()
}

func newCatchUp(r *Runtime) *catchUp {
	c := &catchUp{r: r, one: gate.New(), stopTimer: func() {}}
	c.stopListening = r.browser.Lifecycle.Listen(c.hear)
	return c
}

func (c *catchUp) close() {
	c.stopListening()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
	c.stopTimer()
}

func (c *catchUp) hear(s browser.Signal) {
	switch s {
	case browser.Active:
		for _, l := range c.r.limits {
			l.Active(context.Background())
		}
	case browser.Left, browser.Hidden:
		if !c.r.browser.Lifecycle.Visible() { // it may be back by now
			c.rest(s == browser.Left)
		}
	case browser.Online:
		for _, k := range c.r.keepers() {
			k.Back()
		}
		c.soon()
	case browser.Resumed:
		c.soon()
	}
}

// rest lets go of all timers, and in a page that is being left of all that keeps it out
// of the back/forward cache.
func (c *catchUp) rest(left bool) {
	c.mu.Lock()
	c.stopTimer()
	c.mu.Unlock()
	for _, k := range c.r.keepers() {
		k.Schedule(true)
	}
	for _, l := range c.r.limits {
		l.Rest()
	}
	if left {
		for _, leave := range c.r.leaving {
			leave()
		}
	}
}

// soon catches up, once for any number of reasons that come at once.
func (c *catchUp) soon() {
	c.mu.Lock()
	queued := c.queued
	c.queued = true
	c.mu.Unlock()
	if queued {
		return
	}
	go func() {
		defer func() { _ = recover() }()
		c.mu.Lock()
		c.queued = false // what comes from here on is a reason to do it again
		c.mu.Unlock()
		c.up(context.Background())
	}()
}

// up catches up.
func (c *catchUp) up(ctx context.Context) {
	select {
	case <-c.r.started:
	case <-ctx.Done():
		return
	}
	defer c.one.Enter()()
	c.r.share(ctx)
	for _, k := range c.r.keepers() {
		k.Reload(ctx)
	}
	for _, l := range c.r.limits {
		l.Check(ctx)
	}
	for _, k := range c.r.keepers() {
		k.Schedule(true)
	}
	c.wait()
}

// wait sets the timer for the next look.
func (c *catchUp) wait() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.stopTimer()
	if !c.closed && c.r.browser.Lifecycle.Visible() {
		c.due = c.r.browser.Clock.Now().Add(glance)
		c.stopTimer = c.r.browser.Clock.AfterFunc(glance, c.look)
	}
}

// look sees a sleep, of which nobody may have told, by that the timer is not where the
// wall clock is.
func (c *catchUp) look() {
	c.mu.Lock()
	late := c.r.browser.Clock.Now().Sub(c.due)
	c.mu.Unlock()
	if late.Abs() > drift {
		c.soon()
		return
	}
	for _, l := range c.r.limits {
		l.Look()
	}
	for _, k := range c.r.keepers() {
		k.Schedule(false)
	}
	c.wait()
}
