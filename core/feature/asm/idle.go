package asm

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"latchkey/core/browser"
	"latchkey/core/event"
	"latchkey/core/session"
	"latchkey/core/strictjson"
)

const (
	// longestIdle is the longest that an agent may be away.
	longestIdle = 60000 * time.Second
	// glance is the longest between two looks at the clock: a timer stands still while
	// the machine sleeps.
	glance = 30 * time.Second
	// note tells the other tabs that the agent is there.
	note = "active"
)

// idle signs the agent out after a time without a sign of life, in whichever tab.
// The last one is in storage, by the wall clock: so it is one time for all tabs, a
// sleep counts, and a note that was lost does no harm. A refresh is no sign of life.
// It is kept with the session it is of: a tab that learns of a new agent may read it
// before the new one's first is there.
type idle struct {
	f                *feature
	key              string
	timeout, warning time.Duration
	stopListening    []func()

	mu sync.Mutex
	// session is the one that the rest is of.
	session string
	// last is the last sign of life that this tab knows, and written what it has put
	// in storage.
	last, written time.Time
	// warned is the end that the page was warned of; zero if of none.
	warned    time.Time
	stopTimer func()
	closed    bool
}

func newIdle(f *feature, options strictjson.Value) *idle {
	seconds := func(name string, standard time.Duration) time.Duration {
		if n, ok := options.Get(name).Number(); ok {
			return time.Duration(n * float64(time.Second))
		}
		return standard
	}
	i := &idle{f: f, key: f.assembly.Key("agent/active"), stopTimer: func() {}}
	i.timeout = min(seconds("idleTimeout", 600*time.Second), longestIdle)
	i.warning = min(seconds("idleWarning", time.Minute), i.timeout)
	if i.timeout <= 0 {
		return i
	}
	i.stopListening = []func(){
		f.assembly.Browser.Lifecycle.Listen(func(s browser.Signal) {
			switch s {
			case browser.Active:
				i.active(context.Background())
			case browser.Resumed:
				i.look()
			}
		}),
		f.assembly.Browser.Channel.Listen(func(n string) {
			if n == note {
				i.look()
			}
		}),
	}
	return i
}

func (i *idle) close() {
	for _, stop := range i.stopListening {
		stop()
	}
	i.mu.Lock()
	defer i.mu.Unlock()
	i.closed = true
	i.stopTimer()
}

func (i *idle) now() time.Time { return i.f.assembly.Browser.Clock.Now() }

// opened is called with an agent who was there before this page: opening one is a
// sign of life, unless it comes too late.
func (i *idle) opened(ctx context.Context) {
	if i.timeout > 0 && !i.check(ctx) {
		i.active(ctx)
	}
}

// active notes a sign of life.
func (i *idle) active(ctx context.Context) {
	rec := i.f.keeper.Record()
	if i.timeout <= 0 || !rec.Live() {
		return
	}
	now := i.now()
	i.mu.Lock()
	i.of(rec)
	i.last = now
	// Storage, and the other tabs, need not know of every one.
	due := !i.warned.IsZero() || now.Sub(i.written) >= i.timeout/20 || now.Before(i.written)
	if due {
		i.written = now
	}
	i.mu.Unlock()
	if !due {
		return
	}
	_ = i.f.assembly.Browser.Storage.Set(ctx, i.key, rec.Session+" "+strconv.FormatInt(now.UnixMilli(), 10))
	i.f.assembly.Browser.Channel.Post(note)
	i.check(ctx)
}

// of forgets what was of another session. Called with mu held.
func (i *idle) of(rec session.Record) {
	if i.session != rec.Session {
		i.session, i.last, i.written = rec.Session, time.Time{}, time.Time{}
	}
}

// look is check, where nothing may be waited for. That the agent has just signed in,
// in this tab, is a sign of life.
func (i *idle) look(events ...event.Event) {
	if i.timeout <= 0 {
		return
	}
	go func() {
		defer func() { _ = recover() }()
		for _, e := range events {
			if e.Type == event.Login && !e.Remote {
				i.active(context.Background())
			}
		}
		i.check(context.Background())
	}()
}

// check warns, ends the agent's session, or sets the timer for when that is due. It
// returns whether it has ended the session.
func (i *idle) check(ctx context.Context) (ended bool) {
	rec := i.f.keeper.Record()
	if !rec.Live() {
		i.tell(time.Time{})
		return false
	}
	last := i.lastSign(ctx, rec)
	end, now := last.Add(i.timeout), i.now()
	warnAt := end.Add(-i.warning)
	switch {
	case !now.Before(end):
		i.tell(time.Time{})
		i.f.end(ctx, rec.Session, session.Expired, true)
		return true
	case !now.Before(warnAt):
		i.tell(end)
		i.wait(end.Sub(now))
	default:
		i.tell(time.Time{})
		i.wait(warnAt.Sub(now))
	}
	return false
}

// lastSign is the last sign of life in whichever tab; where nothing is known of one,
// that is this moment. One that lies ahead is of a clock that was set back.
func (i *idle) lastSign(ctx context.Context, rec session.Record) time.Time {
	text, _, _ := i.f.assembly.Browser.Storage.Get(ctx, i.key)
	whose, text, _ := strings.Cut(text, " ")
	stored, err := strconv.ParseInt(text, 10, 64)
	now := i.now()
	i.mu.Lock()
	defer i.mu.Unlock()
	i.of(rec)
	if t := time.UnixMilli(stored); err == nil && whose == rec.Session && t.After(i.last) {
		i.last = t
	}
	if i.last.IsZero() || i.last.After(now) {
		i.last = now
	}
	return i.last
}

// tell warns the page of an end, once, or calls the warning off.
func (i *idle) tell(end time.Time) {
	i.mu.Lock()
	told := i.warned.Equal(end) || i.closed
	i.warned = end
	i.mu.Unlock()
	if told {
		return
	}
	e := i.f.assembly.Failure(nil)
	e.Type, e.EndsAt = event.Idle, end
	i.f.assembly.Show(func(session.View) []event.Event { return []event.Event{e} })
}

func (i *idle) wait(d time.Duration) {
	i.mu.Lock()
	defer i.mu.Unlock()
	i.stopTimer()
	if !i.closed {
		i.stopTimer = i.f.assembly.Browser.Clock.AfterFunc(min(d, glance), func() { i.look() })
	}
}
