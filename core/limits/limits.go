// Package limits ends a session after a time without a sign of life of the person, and
// after a time in all.
//
// Both are judged by the wall clock and by what is stored, so they are one for all tabs,
// a sleep counts, and a note that was lost does no harm. A timer is set only while
// the page can be seen, so that the warning comes: what a hidden page sends asks
// first, as the policy is good no longer than [Limits.Ends] says.
package limits

import (
	"context"
	"strconv"
	"strings"
	"sync"
	"time"

	"latchkey/core/browser"
	"latchkey/core/gate"
	"latchkey/core/session"
)

// blur is how far ahead a sign of life may be: browsers blur their clocks. One beyond
// is of a clock that was set back.
const blur = 30 * time.Second

// Options is whose limits they are; all fields but the times are required.
type Options struct {
	Keeper  *session.Keeper
	Browser browser.Browser
	// Key is that of the last sign of life in storage.
	Key string
	// Note begins a note to the other tabs, of what is in storage by then, where each may
	// see it a moment late.
	Note string
	// Idle is the longest without a sign of life, Absolute the longest since the sign-in;
	// 0 is for ever.
	Idle, Absolute time.Duration
	// Warning is how long before an end the page is told.
	Warning time.Duration
	// Tell warns of an end that nears, or takes the last warning back: the zero time.
	Tell func(end time.Time, of session.Trigger)
	// End ends a session, if it is still there.
	End func(ctx context.Context, name string, of session.Trigger)
}

// Limits watches over one session after the other.
type Limits struct {
	Options

	// one look at a time, so that a warning is not told after it was called off.
	one gate.Gate

	mu sync.Mutex
	// last is the last sign of life that this tab knows of the session with that name,
	// and written the last that is in storage.
	session       string
	last, written time.Time
	// told is what this one has put there last.
	told string
	// heard is what another tab has put in storage.
	heard string
	// warned is the end that the page was warned of; zero if of none.
	warned    time.Time
	stopTimer func()
	stopNotes func()
	closed    bool
}

// New returns the limits of a keeper's session, and nil where there are none.
func New(o Options) *Limits {
	if o.Idle <= 0 && o.Absolute <= 0 {
		return nil
	}
	l := &Limits{Options: o, one: gate.New(), stopTimer: func() {}}
	l.stopNotes = o.Browser.Channel.Listen(func(n string) {
		if sign, ok := strings.CutPrefix(n, l.Note); ok {
			l.mu.Lock()
			l.heard = sign
			l.mu.Unlock()
			l.Look()
		}
	})
	o.Keeper.Limit = l.Ends
	return l
}

// Close stops the timer.
func (l *Limits) Close() {
	l.stopNotes()
	l.mu.Lock()
	defer l.mu.Unlock()
	l.closed = true
	l.stopTimer()
}

func (l *Limits) now() time.Time { return l.Browser.Clock.Now() }

// Ends is when a session ends as far as is known without asking: another tab may know
// better. Zero is never. It asks no keeper.
func (l *Limits) Ends(rec session.Record) time.Time {
	l.mu.Lock()
	last := rec.Began
	if l.session == rec.Session && l.last.After(last) {
		last = l.last
	}
	l.mu.Unlock()
	end, _ := l.end(rec, last)
	return end
}

// end is when rec's session ends, of which limit, with that last sign of life; zero is
// never.
func (l *Limits) end(rec session.Record, last time.Time) (end time.Time, of session.Trigger) {
	if l.Idle > 0 {
		end, of = last.Add(l.Idle), session.OnIdle
	}
	if l.Absolute > 0 {
		if all := rec.Began.Add(l.Absolute); end.IsZero() || all.Before(end) {
			end, of = all, session.OnAbsolute
		}
	}
	return end, of
}

// Active notes a sign of life: also that the app does something for the person. One that comes too late is none: whoever it is that wakes the machine
// up, the person was away. A refresh, or any other request, is none.
func (l *Limits) Active(ctx context.Context) {
	if l == nil {
		return
	}
	name := l.Keeper.Record().Session
	if name == "" {
		return
	}
	now := l.now()
	l.mu.Lock()
	// Storage, and the other tabs, need not know of every one.
	minor := l.session == name && l.warned.IsZero() && !now.Before(l.last) && now.Sub(l.last) < l.Idle/20 && now.Sub(l.written) < l.Idle/20
	if minor {
		l.last = now
	}
	l.mu.Unlock()
	if !minor && !l.check(ctx, false) {
		l.check(ctx, true)
	}
}

// Opened notes that a page was opened: where the person sees it, that is a sign of life.
func (l *Limits) Opened(ctx context.Context) {
	switch {
	case l == nil:
	case l.Browser.Lifecycle.Visible():
		l.Active(ctx)
	default:
		l.check(ctx, false)
	}
}

// Check ends the session if that is due, and returns whether it has.
func (l *Limits) Check(ctx context.Context) (ended bool) { return l.check(ctx, false) }

// Look is Check, where nothing may be waited for.
func (l *Limits) Look() {
	if l == nil {
		return
	}
	go func() {
		defer func() { _ = recover() }()
		l.check(context.Background(), false)
	}()
}

// Rest stops the timer, as the page is hidden.
func (l *Limits) Rest() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopTimer()
}

// check warns, ends the session, or sets the timer for when that is due; sign says that
// there is a sign of life. It returns whether the session has ended.
func (l *Limits) check(ctx context.Context, sign bool) (ended bool) {
	leave := l.one.Enter()
	over, of := l.glance(ctx, sign)
	leave()
	if over != "" {
		l.End(ctx, over, of)
	}
	return over != ""
}

// glance is check without an end: it returns the session whose end is due. Another
// one may be there by then.
func (l *Limits) glance(ctx context.Context, sign bool) (over string, of session.Trigger) {
	rec := l.Keeper.Record()
	name := rec.Session
	l.mu.Lock()
	closed, known := l.closed, l.session
	if name == "" {
		l.session = ""
		l.stopTimer()
	}
	l.mu.Unlock()
	if closed {
		return "", ""
	}
	if name == "" || l.Keeper.Visited() {
		l.tell(time.Time{}, "")
		if known != "" && l.Idle > 0 {
			_ = l.Browser.Storage.Remove(ctx, l.Key)
		}
		return "", ""
	}
	var last time.Time
	if l.Idle > 0 {
		text, _, _ := l.Browser.Storage.Get(ctx, l.Key)
		if whose, _, _ := strings.Cut(text, " "); whose != "" && whose != name {
			// One of the two is behind, this tab or what is stored. Were it this tab, the two
			// of whom each writes its own would never come to an end.
			l.Keeper.Reload(context.WithoutCancel(ctx))
			if l.Keeper.Record().Session != name {
				return "", "" // it is looked at again, as there is another one
			}
		}
		last = l.lastSign(ctx, name, text, sign)
	}
	end, of := l.end(rec, last)
	now := l.now()
	warnAt := end.Add(-l.Warning)
	switch {
	case !now.Before(end):
		l.tell(time.Time{}, "")
		return name, of
	case !now.Before(warnAt):
		l.tell(end, of)
		l.wait(end.Sub(now))
	default:
		l.tell(time.Time{}, "")
		l.wait(warnAt.Sub(now))
	}
	return "", ""
}

// lastSign is the last sign of life in whichever tab, of which text is what storage
// has; where nothing is known of one, that is this moment. Storage is told what this
// tab knows better.
func (l *Limits) lastSign(ctx context.Context, name, text string, sign bool) time.Time {
	now := l.now()
	l.mu.Lock()
	stored := signOf(text, name, now)
	if heard := signOf(l.heard, name, now); heard.After(stored) {
		stored = heard
	}
	if l.session != name || l.last.After(now) {
		l.session, l.last, l.written = name, time.Time{}, time.Time{}
	}
	if stored.After(l.last) {
		l.last = stored
	}
	if sign || l.last.IsZero() {
		l.last = now
	}
	last := l.last
	l.written = last
	mine := name + " " + strconv.FormatInt(last.UnixMilli(), 10)
	// Two tabs that have no storage in common, and each a session of its own, would answer
	// each other for ever.
	whose, _, _ := strings.Cut(text, " ")
	again := mine == l.told && whose != name
	l.told = mine
	l.mu.Unlock()
	if last.Sub(stored) >= time.Millisecond && !again {
		text = mine
		_ = l.Browser.Storage.Set(ctx, l.Key, text)
		l.Browser.Channel.Post(l.Note + text)
	}
	return last
}

// signOf reads a sign of life; the zero time where it is none of that session's.
func signOf(text, session string, now time.Time) time.Time {
	whose, millis, _ := strings.Cut(text, " ")
	number, err := strconv.ParseInt(millis, 10, 64)
	at := time.UnixMilli(number)
	switch {
	case whose != session || err != nil || at.After(now.Add(blur)):
		return time.Time{}
	case at.After(now):
		return now
	}
	return at
}

// tell warns the page of an end, once, or calls the warning off.
func (l *Limits) tell(end time.Time, of session.Trigger) {
	l.mu.Lock()
	told := l.warned.Equal(end) || l.closed
	l.warned = end
	l.mu.Unlock()
	if !told {
		l.Tell(end, of)
	}
}

func (l *Limits) wait(d time.Duration) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.stopTimer()
	if !l.closed && l.Browser.Lifecycle.Visible() {
		l.stopTimer = l.Browser.Clock.AfterFunc(d, l.Look)
	}
}
