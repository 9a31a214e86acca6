// Package persist keeps the session's record in the browser's storage: one key,
// one value, replaced whole, under a lock that is never held over a request.
//
// Storage fails in every way there is: it is blocked, it is full, somebody
// else wrote rubbish there, a newer version of the app did. None of it ends a
// session: it goes on in memory, and the page is told once.
package persist

import (
	"context"
	"sync"
	"time"

	"latchkey/core/browser"
	"latchkey/core/errcode"
	"latchkey/core/session"
)

// patience bounds a storage operation and the wait for the write lock. Both
// take no time unless something is broken, and then it's better to go on.
const patience = 2 * time.Second

// atOnce is how long a lock takes that nobody holds.
const atOnce = 100 * time.Millisecond

// turns is how often a tab gets in line again that has stood still each time, or has a storage
// that is as slow.
const turns = 2

// Store implements [session.Store].
type Store struct {
	storage browser.Storage
	fresh   *freshness // nil where no other tab writes
	locks   browser.Locks
	clock   browser.Clock
	key     string
	owner   owner
	view    func(session.Record) session.View
	warn    func(error)

	mu     sync.Mutex
	warned bool
	// memory is the newest record that storage did not take; nil if it has all.
	memory *session.Record
	// newer says that a newer version's record was there: it is left alone.
	newer bool
	// seen is what was there when it could last be read or written.
	seen session.Record
	// last is the text that was read last, and what it says: most reads find the same.
	last struct {
		text string
		rec  session.Record
	}
}

// Options says what a Store keeps, and for whom; all fields are required.
type Options struct {
	Storage browser.Storage
	Locks   browser.Locks
	Clock   browser.Clock
	// Shared says that the storage is one for all tabs, each of which may see
	// what another has written a moment late.
	Shared bool
	// Key is the record's; the write lock is named after it.
	Key                     string
	Issuer, Client, Context string
	// View computes what is kept beside the record for the next page load.
	View func(session.Record) session.View
	// Warn is called once, when the session has to go on in memory.
	Warn func(error)
}

// New returns a Store. It reads nothing yet.
func New(o Options) *Store {
	s := &Store{storage: o.Storage, locks: o.Locks, clock: o.Clock, key: o.Key, owner: owner{o.Issuer, o.Client, o.Context}, view: o.View, warn: o.Warn}
	if o.Shared {
		s.fresh = &freshness{locks: o.Locks, clock: o.Clock, prefix: o.Key + "/at/", held: map[int64]func(){}}
	}
	return s
}

// Load reads the record.
func (s *Store) Load(ctx context.Context) session.Record {
	rec, rubbish := s.load(ctx)
	if !rubbish {
		return rec
	}
	// Somebody may have written over it by now, which this tab does not see yet.
	swept, release, ok := s.alone(ctx)
	if !ok {
		return rec
	}
	defer release()
	return swept
}

// swept is Load for whoever has the write lock: nothing can be made of rubbish, and it must
// not be met again.
func (s *Store) swept(ctx context.Context) session.Record {
	rec, rubbish := s.load(ctx)
	if rubbish {
		if err := twice(ctx, func(ctx context.Context) error { return s.storage.Remove(ctx, s.key) }); err != nil && ctx.Err() == nil {
			s.mu.Lock()
			defer s.mu.Unlock()
			s.complain(err)
		}
	}
	return rec
}

func (s *Store) load(ctx context.Context) (rec session.Record, rubbish bool) {
	err := twice(ctx, func(ctx context.Context) (err error) {
		rec, err = s.newest(ctx)
		return err
	})
	if rubbish = err == errRubbish; rubbish {
		rec, err = session.Record{}, nil
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.newer = err == errNewer
	if err != nil {
		if ctx.Err() == nil { // that nobody waits any more says nothing about the storage
			s.complain(err)
		}
		rec = s.seen
	}
	s.seen = rec
	if s.memory != nil && (err != nil || s.memory.Generation > rec.Generation) {
		return *s.memory, rubbish
	}
	return rec, rubbish
}

// Leave lets go of all that the store holds on to, as the page is being left.
func (s *Store) Leave() {
	if s.fresh != nil {
		s.fresh.leave()
	}
}

// twice gives an operation its time, and once more where that ran out: a machine that
// sleeps in between has let it go by.
func twice(ctx context.Context, operation func(context.Context) error) error {
	for last := false; ; last = true {
		short, cancel := context.WithTimeout(ctx, patience)
		err := operation(short)
		late := short.Err() != nil && ctx.Err() == nil
		cancel()
		if err == nil || !late || last {
			return err
		}
	}
}

// newest reads until it sees what other tabs are known to have written.
func (s *Store) newest(ctx context.Context) (session.Record, error) {
	if s.fresh == nil {
		return s.read(ctx)
	}
	var rec session.Record
	var err error
	s.fresh.wait(ctx, func() (generation int64, over bool) {
		rec, err = s.read(ctx)
		return rec.Generation, err != nil
	})
	return rec, err
}

func (s *Store) read(ctx context.Context) (session.Record, error) {
	text, ok, err := s.storage.Get(ctx, s.key)
	if err != nil {
		return session.Record{}, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if ok && text != "" && text == s.last.text {
		return s.last.rec, nil
	}
	// What was there before stays in no memory (ST-28).
	s.last.text, s.last.rec = "", session.Record{}
	if !ok {
		return session.Record{}, nil
	}
	rec, err := decode(s.owner, text)
	if err == nil {
		s.last.text, s.last.rec = text, rec
	}
	return rec, err
}

// Update changes the record, with no other tab in between.
func (s *Store) Update(ctx context.Context, change func(session.Record) (session.Record, bool)) session.Record {
	// Each part has its own time: a slow one must not take the next one's.
	ctx = context.WithoutCancel(ctx)
	now, release, ok := s.alone(ctx)
	if ok {
		defer release()
	} else {
		// A logout must work whatever becomes of the lock: it goes on without.
		now = s.swept(ctx)
	}
	next, write := change(now)
	if !write {
		return now
	}
	err := s.write(ctx, next)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.last.text, s.last.rec = "", session.Record{}
	if err != nil {
		s.memory = &next
		s.complain(err)
		return next
	}
	s.memory, s.seen = nil, next
	return next
}

// turn takes the write lock. It is held for a few lines, so whoever has it for longer is
// frozen, and would keep it for ever: it is taken from that tab, which reads and
// decides in one task of the browser's and so has done neither or both. asked is when this
// tab got in line: nobody who came later takes the lock from it before it has had its patience.
func (s *Store) turn(ctx context.Context) (release func(), asked time.Time, err error) {
	name := s.key + "/write"
	take := func(name string, lock func(context.Context, string) (func(), error), patience time.Duration) (func(), error) {
		asked = s.clock.Now()
		ctx, cancel := context.WithTimeout(ctx, patience)
		defer cancel()
		return lock(ctx, name)
	}
	if release, err = take(name, s.locks.Acquire, patience); err != context.DeadlineExceeded {
		return release, asked, err
	}
	// One tab at a time, as the next one would take it from the first.
	if done, err := take(name+"/over", s.locks.Acquire, patience); err == nil {
		defer done()
	}
	// Somebody else has been faster; or this tab's own time went by while it was frozen itself.
	if release, err = take(name, s.locks.Acquire, atOnce); err == nil {
		return release, asked, nil
	}
	release, err = take(name, s.locks.Steal, patience)
	return release, asked, err
}

// alone reads with no other tab in between, until release. Without the lock, which ok says,
// it reads nothing.
func (s *Store) alone(ctx context.Context) (rec session.Record, release func(), ok bool) {
	for more := turns; ; more-- {
		release, asked, err := s.turn(ctx)
		if err != nil {
			return session.Record{}, nil, false
		}
		rec = s.swept(ctx)
		if s.clock.Now().Sub(asked) < patience || more == 0 {
			return rec, release, true
		}
		// It has stood still meanwhile, and another tab may have taken the lock, and have read too.
		release()
	}
}

func (s *Store) write(ctx context.Context, next session.Record) error {
	s.mu.Lock()
	newer := s.newer
	s.mu.Unlock()
	if newer {
		return errNewer
	}
	text := encode(s.owner, next, s.view(next))
	if err := twice(ctx, func(ctx context.Context) error { return s.storage.Set(ctx, s.key, text) }); err != nil {
		return err
	}
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	if s.fresh != nil {
		s.fresh.tell(ctx, next.Generation)
	}
	return nil
}

// complain tells the page, once. Called with mu held.
func (s *Store) complain(err error) {
	if s.warned {
		return
	}
	s.warned = true
	go s.warn(errcode.Wrap(errcode.StorageFailed, err.Error()+"; the session goes on in memory, and ends with this page", err))
}
