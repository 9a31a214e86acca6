package asm

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"latchkey/core/browser"
	"latchkey/core/event"
	"latchkey/core/gate"
	"latchkey/core/session"
	"latchkey/core/strictjson"
)

const (
	// longestIdle is the longest that an agent may be away.
	longestIdle = 60000 * time.Second
	// glance is the longest between two looks at the clock: a timer stands still while
	// the machine sleeps.
	glance = 30 * time.Second
	// note tells the other tabs what is in storage by then, where each may see it a
	// moment late.
	note = "active "
)

// idle signs the agent out after a time without a sign of life, in whichever tab.
// The last one is in storage, by the wall clock: so it is one time for all tabs, a
// sleep counts, and a note that was lost does no harm. A refresh is no sign of life;
// that the agent has signed in is the first.
type idle struct {
	f                *feature
	key              string
	timeout, warning time.Duration
	stopListening    []func()

	// one look at a time, so that a warning is not told after it was called off.
	one gate.Gate

	mu sync.Mutex
	// last is the last sign of life that this tab knows of the agent whose session
	// that is, and written the last that is in storage.
	session       string
	last, written time.Time
	// heard is what another tab has put in storage.
	heard string
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
	i := &idle{f: f, key: f.assembly.Key("agent/active"), one: gate.New(), stopTimer: func() {}}
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
			if sign, ok := strings.CutPrefix(n, note); ok {
				i.mu.Lock()
				i.heard = sign
				i.mu.Unlock()
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
func (i *idle) opened(ctx context.Context) { i.active(ctx) }

// active notes a sign of life. One that comes too late is none: whoever it is that
// wakes the machine up, the agent was away.
func (i *idle) active(ctx context.Context) {
	name := i.f.keeper.Record().Session
	if i.timeout <= 0 || name == "" {
		return
	}
	now := i.now()
	i.mu.Lock()
	// Storage, and the other tabs, need not know of every one.
	minor := i.session == name && i.warned.IsZero() && !now.Before(i.last) && now.Sub(i.last) < i.timeout/20 && now.Sub(i.written) < i.timeout/20
	if minor {
		i.last = now
	}
	i.mu.Unlock()
	if !minor && !i.check(ctx, false) {
		i.check(ctx, true)
	}
}

// look is check, where nothing may be waited for.
func (i *idle) look() {
	if i.timeout <= 0 {
		return
	}
	go func() {
		defer func() { _ = recover() }()
		i.check(context.Background(), false)
	}()
}

// check warns, ends the agent's session, or sets the timer for when that is due; sign
// says that there is a sign of life. It returns whether it has ended the session.
func (i *idle) check(ctx context.Context, sign bool) (ended bool) {
	leave := i.one.Enter()
	over := i.glance(ctx, sign)
	leave()
	i.f.end(ctx, over, session.Expired, true)
	return over != ""
}

// glance is check without an end: it returns the session whose end is due. Another
// agent may be there by then.
func (i *idle) glance(ctx context.Context, sign bool) (over string) {
	name := i.f.keeper.Record().Session
	i.mu.Lock()
	closed := i.closed
	i.mu.Unlock()
	if closed {
		return ""
	}
	if name == "" {
		i.tell(time.Time{})
		return ""
	}
	text, _, _ := i.f.assembly.Browser.Storage.Get(ctx, i.key)
	if whose, _, _ := strings.Cut(text, " "); whose != "" && whose != name {
		// One of the two is behind, this tab or what is stored. Were it this tab, the two
		// of whom each writes its own would never come to an end.
		i.f.keeper.Reload(context.WithoutCancel(ctx))
		if i.f.keeper.Record().Session != name {
			return "" // it is looked at again, as there is another one
		}
	}
	last := i.lastSign(ctx, name, text, sign)
	end, now := last.Add(i.timeout), i.now()
	warnAt := end.Add(-i.warning)
	switch {
	case !now.Before(end):
		i.tell(time.Time{})
		return name
	case !now.Before(warnAt):
		i.tell(end)
		i.wait(end.Sub(now))
	default:
		i.tell(time.Time{})
		i.wait(warnAt.Sub(now))
	}
	return ""
}

// lastSign is the last sign of life in whichever tab, of which text is what storage
// has; where nothing is known of one, that is this moment. Storage is told what this
// tab knows better.
func (i *idle) lastSign(ctx context.Context, name, text string, sign bool) time.Time {
	now := i.now()
	i.mu.Lock()
	stored := signOf(text, name, now)
	if heard := signOf(i.heard, name, now); heard.After(stored) {
		stored = heard
	}
	if i.session != name || i.last.After(now) {
		i.session, i.last = name, time.Time{}
	}
	if stored.After(i.last) {
		i.last = stored
	}
	if sign || i.last.IsZero() {
		i.last = now
	}
	last := i.last
	i.written = last
	i.mu.Unlock()
	if last.Sub(stored) >= time.Millisecond {
		text = name + " " + strconv.FormatInt(last.UnixMilli(), 10)
		_ = i.f.assembly.Browser.Storage.Set(ctx, i.key, text)
		i.f.assembly.Browser.Channel.Post(note + text)
	}
	return last
}

// signOf reads a sign of life; the zero time where it is none of that session's. One
// that lies far ahead is of a clock that was set back, and says nothing; a little is
// what browsers blur their clocks by.
func signOf(text, session string, now time.Time) time.Time {
	whose, millis, _ := strings.Cut(text, " ")
	number, err := strconv.ParseInt(millis, 10, 64)
	at := time.UnixMilli(number)
	switch {
	case whose != session || err != nil || at.After(now.Add(glance)):
		return time.Time{}
	case at.After(now):
		return now
	}
	return at
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
