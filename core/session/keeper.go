package session

import (
	"context"
	"strings"
	"sync"
	"time"

	"latchkey/core/browser"
	"latchkey/core/event"
	"latchkey/core/gate"
)

// Store keeps the record where all tabs see it. It never fails towards the
// keeper: where storage can't be used it keeps the record in memory and says
// so by its own means.
type Store interface {
	// Load reads the record; the zero Record where there is none.
	Load(context.Context) Record
	// Update reads the record, lets change decide on a new one, and writes that
	// if change says so, with no other tab in between. It returns what is
	// stored now. It does not give up when ctx ends: what was obtained must be
	// kept.
	Update(ctx context.Context, change func(Record) (Record, bool)) Record
	// Attempt is the last refresh that was written down; the zero one where none was.
	Attempt(context.Context) Attempt
	// Attempting writes one down.
	Attempting(context.Context, Attempt)
	// Turn is when a tab had its turn to refresh last, as was written down.
	Turn(context.Context) time.Time
	// TakesTurn writes that down.
	TakesTurn(context.Context, time.Time)
}

// Keeper is the one place where a session changes. Every change is a new
// generation of the record, written only over the generation it started from;
// so an answer that comes late changes nothing, whoever was faster.
//
// Its methods may be called from any goroutine.
type Keeper struct {
	Options
	// io keeps one storage operation and its adoption together, so that this
	// tab can't adopt an older read after a newer write.
	io gate.Gate

	mu  sync.Mutex
	rec Record
	// lanes are by the resource that their token is for; the main one is "".
	lanes map[string]*lane
	// left is closed when the session that is in rec is no longer the one.
	left chan struct{}
	// stopTimer is nil where no refresh is scheduled.
	stopTimer func()
	// lifted is when the pauses of before ended.
	lifted time.Time
	loaded bool
	tells  bool
	closed bool
}

// Options is what a Keeper works with; all fields but Limit are required.
type Options struct {
	Store    Store
	Strategy Strategy
	Locks    browser.Locks
	Peers    Peers
	Clock    browser.Clock
	Crypto   browser.Crypto
	// Lock is the name of the lock that a refresh holds.
	Lock string
	// Tab is what this tab calls itself.
	Tab string
	// Publish hands what the page shall know to the data plane. It is called
	// with what belongs together, in the order it happened.
	Publish func(View, []event.Event)
	// Tell lets the other tabs know that the record has changed.
	Tell func()
	// Note is called with each step in the session's life, in order, and must not block.
	Note func(Note)
	// Lifecycle says whether it is of any use to renew.
	Lifecycle browser.Lifecycle
	// Limit tells when a session ends, and must not ask the keeper; nil is never.
	Limit func(Record) time.Time
	// Leeway is how long before the expiry a refresh is due.
	Leeway time.Duration
	// Timeout bounds the exchange with the server, and so what a tab holds the
	// refresh lock for.
	Timeout time.Duration
}

// NewKeeper returns a Keeper that knows nothing until Load.
func NewKeeper(o Options) *Keeper {
	return &Keeper{Options: o, io: gate.New(), lanes: map[string]*lane{}, left: make(chan struct{})}
}

// Record is what this tab knows. Only the strategy, and those who need the
// tokens themselves, should look inside.
func (k *Keeper) Record() Record {
	k.mu.Lock()
	defer k.mu.Unlock()
	return k.rec
}

// Load reads the record for the first time. It publishes nothing: what the page
// sees first may have to wait for more than that. Before Since, no change is told.
func (k *Keeper) Load(ctx context.Context) {
	defer k.io.Enter()()
	rec := k.Store.Load(ctx)
	k.mu.Lock()
	defer k.mu.Unlock()
	k.rec, k.loaded = rec, true
	k.schedule()
}

// Since returns what has led to what is known from shown, which the page has taken
// from storage before the runtime was there, nobody included; shown is nil where it
// knows nothing yet. Each change from here on is told.
func (k *Keeper) Since(shown *Record) []event.Event {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.tells = true
	if shown == nil || shown.Stamp == k.rec.Stamp {
		return nil
	}
	return k.events(*shown, k.rec, true)
}

// Announce publishes what is known, with events that did not come from a change
// of the record.
func (k *Keeper) Announce(events ...event.Event) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if !k.closed {
		k.Publish(k.View(k.rec), events)
	}
}

// Trouble tells the page of an error that no promise of its own tells.
func (k *Keeper) Trouble(err error) {
	user := k.UserID()
	k.Announce(event.Event{Type: event.Error, Err: err, PreviousUserID: user, UserID: user})
}

// Reload reads the record again, as another tab may have changed it. Before Load,
// which tells what happened since, it does nothing.
func (k *Keeper) Reload(ctx context.Context) {
	defer k.io.Enter()()
	k.mu.Lock()
	loaded, known := k.loaded, k.rec.Generation
	k.mu.Unlock()
	if !loaded {
		return
	}
	rec := k.Store.Load(ctx)
	late := rec.Generation != 0 && rec.Generation < known
	if late {
		// Or somebody has signed in after the storage was cleared. Under the write lock it is
		// known which.
		rec = k.Store.Update(ctx, func(now Record) (Record, bool) { return now, false })
	}
	k.adopt(rec, true, late)
}

// Close stops the timer; nothing is published any more.
func (k *Keeper) Close() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.closed = true
	k.schedule()
	close(k.left)
	k.left = make(chan struct{})
}

// View is what rec means to the page.
func (k *Keeper) View(rec Record) View {
	var v View
	v.Policy.Session, v.Policy.Version = rec.Session, rec.Generation
	if rec.Live() {
		v.State = k.Strategy.State(rec)
		v.State.LoggedIn = v.State.UserID != Anonymous
		v.Policy.Rules = k.Strategy.Rules(rec)
		if k.Limit != nil && !k.visits(rec) {
			// Whoever sends something past it asks first, also where all timers slept.
			end := k.Limit(rec)
			for i := range v.Policy.Rules {
				if rule := &v.Policy.Rules[i]; !end.IsZero() && (rule.ValidUntil.IsZero() || end.Before(rule.ValidUntil)) {
					rule.ValidUntil = end
				}
			}
		}
	} else if s, ok := k.Strategy.(Visitors); ok {
		v.Policy.Rules = s.Visitors()
	}
	return v
}

// adopt makes rec what this tab knows. Called with io held.
//
// sure says that it was read or written under the write lock. Else a record
// that is older than ours is one that has not reached this process yet:
// generations never go back, but where storage was cleared there is none.
func (k *Keeper) adopt(rec Record, remote, sure bool) {
	k.mu.Lock()
	defer k.mu.Unlock()
	old := k.rec
	older := !sure && rec.Generation < old.Generation && rec.Generation != 0
	if k.closed || rec.Stamp == old.Stamp || older {
		return
	}
	k.rec = rec
	k.clear(old, rec)
	k.schedule()
	if old.Live() && !rec.Live() && (rec.Why == "" || strings.Contains(rec.Why, nobody)) {
		// Whoever did that keeps no trace. Each tab may be the only one that knows.
		k.Note(k.unsaid(old, rec))
	}
	var events []event.Event
	if k.tells {
		events = k.events(old, rec, remote)
	}
	k.Publish(k.View(rec), events)
	if rec.Session != old.Session {
		close(k.left) // who waits goes on from what was published
		k.left = make(chan struct{})
	}
}

// events tells what led from one record to the next.
func (k *Keeper) events(old, rec Record, remote bool) []event.Event {
	before, after := k.userID(old), k.userID(rec)
	say := func(t event.Type, r Reason) event.Event {
		e := event.Event{Type: t, Reason: string(r), Remote: remote, PreviousUserID: before, UserID: after}
		if t == event.Expired || t == event.Logout && r != ByAgent {
			e.Why = k.why(old, rec)
		}
		return e
	}
	switch {
	// Two tabs whose storage fails may each have let the agent act since the same generation.
	case old.Session == rec.Session && (old.ActsSince != rec.ActsSince || old.Acts != rec.Acts):
		var all []event.Event
		if before != Anonymous {
			all = append(all, say(event.Logout, ByAgent))
		}
		if after != Anonymous {
			all = append(all, say(event.Login, ByAgent))
		}
		return all
	case old.Session == rec.Session:
		if !rec.Past(old.Stamp, "") || !rec.Live() {
			return nil // a token for one resource is nothing to tell
		}
		return []event.Event{say(event.Refresh, "")}
	// A visitor may have a session too: the coming and going of it is nothing to tell.
	case (!old.Live() || k.visits(old)) && (!rec.Live() || k.visits(rec)):
		return nil
	case !rec.Live() && rec.Ended == Expired:
		return []event.Event{say(event.Expired, ""), say(event.Logout, Expired)}
	case !rec.Live():
		return []event.Event{say(event.Logout, reasonOf(rec))}
	case k.visits(rec):
		return []event.Event{say(event.Expired, ""), say(event.Logout, Expired)}
	// Whom nobody has named may be anybody.
	case before != Anonymous && (before != after || old.Live() && after == Current):
		return []event.Event{say(event.Logout, Switched), say(event.Login, "")}
	}
	return []event.Event{say(event.Login, "")}
}

// reasonOf is why the session has ended that is not in rec any more.
func reasonOf(rec Record) Reason {
	if rec.Ended == "" {
		return Revoked // the record is gone: somebody cleared the storage
	}
	return rec.Ended
}

// Visited tells whether the session that there is is a visitor's: of nobody who has
// signed in.
func (k *Keeper) Visited() bool { return k.visits(k.Record()) }

func (k *Keeper) visits(rec Record) bool {
	_, may := k.Strategy.(Visitors)
	return may && rec.Live() && k.userID(rec) == Anonymous
}

// UserID is the user's that this tab knows.
func (k *Keeper) UserID() string { return k.userID(k.Record()) }

func (k *Keeper) userID(rec Record) string {
	if !rec.Live() {
		return Anonymous
	}
	return k.Strategy.State(rec).UserID
}
