// Package trace keeps what has happened to a session, for whoever asks later why they
// were signed out: who did it, when, what set it off, and what the server said.
//
// Nothing in it is secret, as [Word] and [Words] see to, and nothing of it is believed: it
// is for people. An entry is JSON, made by a keeper ([latchkey/core/session.Keeper.Entry])
// and read by the page (web/src/trace.ts), which makes sure of what it is; here it is but
// a text.
package trace

import (
	"context"
	"strings"
	"sync"
	"time"

	"latchkey/core/browser"
	"latchkey/core/gate"
	"latchkey/core/strictjson"
)

const (
	// most entries are kept, in so many bytes: the newest ones.
	most  = 50
	bytes = 16 << 10
	// patience bounds the wait for the lock, and then that for the storage.
	patience = 2 * time.Second
	// settle is how long the lock is kept after a write: each process has a copy of
	// localStorage, and a write takes up to 4 ms to reach the others.
	settle = 20 * time.Millisecond
)

// Log is the trace in storage, which is one for all tabs. Its methods may be called
// from any goroutine.
//
// It is there for people, so nobody waits for it, and that it can't be written is
// nothing to tell: it goes on in memory then.
type Log struct {
	storage browser.Storage
	locks   browser.Locks
	clock   browser.Clock
	key     string
	one     gate.Gate

	mu sync.Mutex
	// waiting is what is not stored yet.
	waiting []string
}

// New returns the Log under a key; its lock has the same name.
func New(storage browser.Storage, locks browser.Locks, clock browser.Clock, key string) *Log {
	return &Log{storage: storage, locks: locks, clock: clock, key: key, one: gate.New()}
}

// Add keeps an entry. It returns at once, and writes later.
func (l *Log) Add(entry string) {
	l.wait(entry)
	go func() {
		defer func() { _ = recover() }()
		l.Entries(context.Background())
	}()
}

func (l *Log) wait(entries ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = last(append(l.waiting, entries...))
}

func last(entries []string) []string { return entries[max(0, len(entries)-most):] }

// settled is all without the beginning of a refresh whose tab writes another entry: what
// came of it, as a rule. So that of a tab that was killed stays.
func settled(all []string, e string) (left []string) {
	tab, _, _ := strings.Cut(e[strings.Index(e, `"tab":`):], ",")
	for _, old := range all {
		if !strings.Contains(old, tab+`,"what":"sending"`) {
			left = append(left, old)
		}
	}
	return left
}

// Entries writes what waits, and returns all there is as a JSON array: in the order of
// writing, which may be a little later than that of the times in it.
func (l *Log) Entries(ctx context.Context) string {
	defer l.one.Enter()()
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	line, leave := context.WithTimeout(ctx, patience)
	defer leave()
	release, err := l.locks.Acquire(line, l.key)
	if err != nil {
		release = func() {}
	}
	l.clock.AfterFunc(settle, release)
	text, _, err := l.storage.Get(ctx, l.key)

	l.mu.Lock()
	waiting := l.waiting
	l.waiting = nil
	l.mu.Unlock()
	var all []string
	v, _ := strictjson.Parse(text)
	format, _ := v.Get("format").Int()
	if format == 1 && len(text) < 4*bytes {
		for _, e := range v.Get("entries").Items() {
			all = append(all, e.JSON())
		}
	}
	for _, e := range waiting {
		all = append(settled(all, e), e)
	}
	all = last(all)
	text = strings.Join(all, ",")
	for len(text) > bytes {
		all = all[1:]
		text = strings.Join(all, ",")
	}
	text = "[" + text + "]"
	if len(waiting) > 0 {
		// A newer version's is left alone.
		if err != nil || format > 1 || l.storage.Set(ctx, l.key, `{"format":1,"entries":`+text+`}`) != nil {
			l.wait(waiting...)
		}
	}
	return text
}
