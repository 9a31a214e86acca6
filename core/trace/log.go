package trace

import (
	"context"
	"slices"
	"strings"
	"sync"
	"time"

	"latchkey/core/browser"
	"latchkey/core/gate"
	"latchkey/core/strictjson"
)

const (
	// format is of what is stored. A newer one is left alone.
	format = 1
	// most entries are kept, in so many bytes: the newest ones.
	most  = 50
	bytes = 16 << 10
	// patience bounds one look at the storage, and the wait for the lock.
	patience = 2 * time.Second
	// settle is how long the lock is kept after a write: each process has a copy of
	// localStorage, and a write takes up to 4 ms to reach the others.
	settle = 20 * time.Millisecond
	// astray is how much later than another tab's an entry may be written that was before
	// it. By more than that a clock was set back.
	astray = 10 * time.Second
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
	waiting  []Entry
	draining bool
}

// New returns the Log under a key; its lock has the same name.
func New(storage browser.Storage, locks browser.Locks, clock browser.Clock, key string) *Log {
	return &Log{storage: storage, locks: locks, clock: clock, key: key, one: gate.New()}
}

// Add keeps an entry. It returns at once, and writes later.
func (l *Log) Add(e Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = append(l.waiting, e)
	if !l.draining {
		l.draining = true
		go l.drain()
	}
}

// drain writes until nothing waits.
func (l *Log) drain() {
	defer func() {
		if recover() != nil {
			l.rest(true)
		}
	}()
	for {
		// What could not be written goes along with the next.
		if _, written := l.update(context.Background()); l.rest(!written) {
			return
		}
	}
}

// rest ends the draining, if nothing waits or anyway.
func (l *Log) rest(anyway bool) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.draining = !anyway && len(l.waiting) > 0
	return !l.draining
}

// Entries are all there are, the oldest first, with what this tab has not written yet, and
// with ends that are known of, where whoever did that had no time to write.
func (l *Log) Entries(ctx context.Context, ends ...Entry) []Entry {
	all, _ := l.update(ctx)
	for _, e := range ends {
		all = add(all, e)
	}
	return all
}

// update reads what is stored, and writes it with what waits.
func (l *Log) update(ctx context.Context) (all []Entry, written bool) {
	defer l.one.Enter()()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	release, err := l.locks.Acquire(ctx, l.key)
	if err != nil {
		release = func() {}
	}
	reading, cancelReading := context.WithTimeout(context.WithoutCancel(ctx), patience)
	defer cancelReading()
	text, _, failed := l.storage.Get(reading, l.key)
	all, newer := parse(text)

	l.mu.Lock()
	waiting := slices.Clone(l.waiting)
	l.mu.Unlock()
	for _, e := range waiting {
		all = add(all, e)
	}
	all, text = cut(all)
	if len(waiting) == 0 {
		release()
		return all, true
	}
	if failed == nil && !newer {
		failed = l.storage.Set(reading, l.key, text)
	}
	if written = failed == nil && !newer; !written {
		release()
	} else {
		l.clock.AfterFunc(settle, release)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.waiting = l.waiting[len(waiting):]; !written {
		kept := append(slices.Clone(waiting), l.waiting...)
		l.waiting = kept[max(0, len(kept)-most):]
	}
	return all, written
}

// add puts an entry behind the others. The outcome of a refresh takes the place of its
// beginning; an end that several tabs have noticed is one.
func add(all []Entry, e Entry) []Entry {
	if e.What == "ended" && slices.ContainsFunc(all, e.same) {
		return all
	}
	for i, old := range slices.Backward(all) {
		if old.Tab != e.Tab || old.As != e.As {
			continue
		}
		if old.What == "sending" && e.outcome() {
			if e.Trigger == "" {
				e.Trigger = old.Trigger
			}
			all = slices.Delete(all, i, i+1)
		}
		break
	}
	at := len(all)
	for at > 0 && e.before(all[at-1]) {
		at--
	}
	return slices.Insert(all, at, e)
}

// parse reads what is stored. Rubbish is nothing.
func parse(text string) (all []Entry, newer bool) {
	if len(text) > 4*bytes {
		return nil, false
	}
	v, err := strictjson.Parse(text)
	if err != nil {
		return nil, false
	}
	if n, ok := v.Get("format").Int(); !ok || n != format {
		return nil, n > format
	}
	for _, item := range v.Get("entries").Items() {
		if e, ok := Parse(item); ok {
			all = append(all, e)
		}
	}
	return all, false
}

// cut leaves the newest of all, and writes them.
func cut(all []Entry) ([]Entry, string) {
	all = all[max(0, len(all)-most):]
	texts := make([]string, len(all))
	size := 0
	for i, e := range slices.Backward(all) {
		texts[i] = e.JSON()
		if size += len(texts[i]) + 1; size > bytes {
			all, texts = all[i+1:], texts[i+1:]
			break
		}
	}
	var o strictjson.Object
	o.Int("format", format)
	o.Raw("entries", List(texts))
	return all, o.Done()
}

// List is a JSON array of what is JSON already.
func List(texts []string) string { return "[" + strings.Join(texts, ",") + "]" }
