package userauth

import (
	"context"
	"errors"
	"sync"
	"time"

	"latchkey/core/browser"
	"latchkey/core/errcode"
	"latchkey/core/oauth"
	"latchkey/core/session"
)

// Monitor watches the session at the server by a page of the server's own in a
// hidden frame (OpenID Connect Session Management 1.0, section 3). Of all tabs
// one does so, and only while the person can see it.
//
// Browsers keep the server's cookies out of such frames, unless it is on the
// same site, and then that page knows nothing. So it is believed only where it
// has said "unchanged" before; all else stops the watch, and ends no session.
type Monitor struct {
	MonitorOptions
	stopListening func()

	mu      sync.Mutex
	closed  bool
	running bool
	// watched is the session state that is being watched, until cancel.
	watched string
	cancel  context.CancelFunc
	// stood is the last one that the server called unchanged, over the one that
	// is of no more use, and checked the one that a check has brought.
	stood, over, checked string
}

// MonitorOptions is what a Monitor works with; all fields are required.
type MonitorOptions struct {
	Client    *oauth.Client
	Keeper    *session.Keeper
	Silent    Silent
	Windows   browser.Windows
	Locks     browser.Locks
	Lifecycle browser.Lifecycle
	// Lock is held by the tab that watches.
	Lock string
	// Timeout bounds each exchange with the server.
	Timeout time.Duration
}

// NewMonitor returns a Monitor that begins when it has something to watch.
func NewMonitor(o MonitorOptions) *Monitor {
	m := &Monitor{MonitorOptions: o}
	m.stopListening = o.Lifecycle.Listen(func(s browser.Signal) {
		if s == browser.Resumed || s == browser.Online {
			m.Look()
		}
	})
	return m
}

// Look says that the session may be another one. It may be called from
// anywhere, and on nil.
func (m *Monitor) Look() {
	if m != nil {
		go m.look()
	}
}

// Close ends the watch.
func (m *Monitor) Close() {
	if m == nil {
		return
	}
	m.stopListening()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.closed = true
	if m.cancel != nil {
		m.cancel()
	}
}

func (m *Monitor) look() {
	m.mu.Lock()
	if m.running {
		if m.cancel != nil && m.Keeper.Record().Tokens.SessionState != m.watched {
			m.cancel()
		}
		m.mu.Unlock()
		return
	}
	m.running = true
	m.mu.Unlock()
	defer func() {
		if recover() != nil { // it is no reason to end the runtime, and is not tried again
			m.mu.Lock()
			m.closed = true
			m.mu.Unlock()
		}
	}()
	for again := true; again; {
		again = m.turn()
	}
}

// turn watches what there is to be watched. running is true until it returns
// false.
func (m *Monitor) turn() (again bool) {
	m.mu.Lock()
	rec := m.Keeper.Record()
	state := rec.Tokens.SessionState
	if m.closed || state == "" || state == m.over || !m.Lifecycle.Visible() {
		m.running = false
		m.mu.Unlock()
		return false
	}
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	m.watched, m.cancel = state, cancel
	m.mu.Unlock()

	useless, later := m.watch(ctx, rec)
	m.mu.Lock()
	defer m.mu.Unlock()
	if ctx.Err() != nil {
		return true // it is another one by now
	}
	if useless {
		m.over = state
	}
	m.running = !later
	return m.running
}

// watch waits until the server's page has something to say about rec, and acts
// on it. useless says that it never will, and later that now is no time for it.
func (m *Monitor) watch(ctx context.Context, rec session.Record) (useless, later bool) {
	state := rec.Tokens.SessionState
	address, err := m.Client.CheckSession(ctx)
	if err != nil || address == "" {
		return err == nil, err != nil
	}
	release, err := m.Locks.Acquire(ctx, m.Lock)
	if err != nil {
		return true, false
	}
	defer release()
	// Another tab may have found out meanwhile, or the person may have gone.
	m.Keeper.Reload(context.WithoutCancel(ctx)) // a read that is given up would count as a storage that fails
	if m.Keeper.Record().Tokens.SessionState != state || !m.Lifecycle.Visible() {
		return false, false
	}
	answer, stood, err := m.Windows.Watch(ctx, address, m.Client.ClientID+" "+state)
	m.mu.Lock()
	if stood {
		m.stood = state
	}
	stood = m.stood == state
	fresh := m.checked == state && !stood
	m.mu.Unlock()
	switch {
	case err != nil || fresh && answer == "changed":
		return true, false // or it would be checked for ever
	case answer == "unchanged":
		return false, false
	case answer == "changed":
		return m.check(ctx, rec, stood)
	}
	return true, false
}

// check asks who is signed in at the server. Only somebody else, or nobody, ends
// the session; that there is nobody is believed where the server's cookies are
// known to arrive.
func (m *Monitor) check(ctx context.Context, rec session.Record, believed bool) (useless, later bool) {
	checking, cancel := context.WithTimeout(ctx, 2*m.Timeout)
	defer cancel()
	tokens, err := m.Silent.Tokens(checking, m.Timeout, Params{}.with("id_token_hint", rec.Tokens.ID.Expose()))
	var e *errcode.Error
	switch {
	case ctx.Err() != nil:
	case err == nil && tokens.Subject == rec.Tokens.Subject:
		m.mu.Lock()
		m.checked = tokens.SessionState
		m.mu.Unlock()
		_ = m.Keeper.Continue(ctx, rec, tokens) // or it has ended meanwhile
		return tokens.SessionState == "" || tokens.SessionState == rec.Tokens.SessionState, false
	case err == nil, believed && errors.As(err, &e) && e.OAuth != nil && e.OAuth.Error == "login_required":
		m.Keeper.EndFor(ctx, rec.Session, session.Note{Reason: session.Revoked, Trigger: session.OnCheck, Err: err})
	case errcode.Of(err) == errcode.NetworkError, errcode.Of(err) == errcode.Timeout:
		return false, true
	default:
		return true, false
	}
	return false, false
}
