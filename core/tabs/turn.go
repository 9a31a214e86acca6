package tabs

import (
	"slices"
	"strings"
	"sync"
)

// A tab that waits for a lock asks whoever holds it. A frozen one hears nothing, and
// keeps its lock for ever; one in the background does answer, as messages are not
// held back there as timers are.
const (
	ask    = "held? "
	answer = "held "
)

// holding is what this tab answers for, and what it waits to hear.
type holding struct {
	mu     sync.Mutex
	held   map[string]int
	asking map[string][]chan struct{}
	// asked are locks that this tab was asked for when it did not hold them.
	asked map[string]bool
}

// many bounds asked: a note may have any lock's name in it.
const many = 16

// Holding says that this tab holds a lock, until done. Whoever has asked before is told at once:
// else they would take the lock from this tab, as the one before did not answer.
func (t *Tabs) Holding(lock string) (done func()) {
	h := &t.holding
	h.mu.Lock()
	h.held[lock]++
	asked := h.asked[lock]
	delete(h.asked, lock)
	h.mu.Unlock()
	if asked {
		t.channel.Post(answer + lock)
	}
	return sync.OnceFunc(func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		if h.held[lock]--; h.held[lock] == 0 {
			delete(h.held, lock)
		}
	})
}

// Hear gets a sign of life of whoever holds a lock, each time one comes. A forged one can
// make a tab wait, but not for longer than it waits for a live one.
func (t *Tabs) Hear(lock string) (signs <-chan struct{}, stop func()) {
	sign := make(chan struct{}, 1)
	h := &t.holding
	h.mu.Lock()
	defer h.mu.Unlock()
	h.asking[lock] = append(h.asking[lock], sign)
	return sign, func() {
		h.mu.Lock()
		defer h.mu.Unlock()
		h.asking[lock] = slices.DeleteFunc(h.asking[lock], func(other chan struct{}) bool { return other == sign })
		if len(h.asking[lock]) == 0 {
			delete(h.asking, lock)
		}
	}
}

// Ask asks whoever holds a lock for a sign of life.
func (t *Tabs) Ask(lock string) { t.channel.Post(ask + lock) }

// heard deals with a note about a lock.
func (t *Tabs) heard(note string) {
	h := &t.holding
	if lock, ok := strings.CutPrefix(note, ask); ok {
		h.mu.Lock()
		ours := h.held[lock] > 0
		if !ours && len(h.asked) < many {
			h.asked[lock] = true
		}
		h.mu.Unlock()
		if ours {
			t.channel.Post(answer + lock)
		}
		return
	}
	if lock, ok := strings.CutPrefix(note, answer); ok {
		h.mu.Lock()
		defer h.mu.Unlock()
		for _, sign := range h.asking[lock] {
			select {
			case sign <- struct{}{}:
			default:
			}
		}
	}
}
