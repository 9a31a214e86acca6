//go:build js && wasm

package jsbridge

import "sync"

// backlog is how much a listener may be behind. What comes then is dropped:
// signals and notes only say that storage should be read again, and what is in
// the queue says so already.
const backlog = 64

// hub tells each listener what is heard, in order, each on a goroutine of its
// own.
type hub[T any] struct {
	guard     func(func())
	mu        sync.Mutex
	listeners map[*listener[T]]struct{}
}

type listener[T any] struct {
	queue chan T
	over  chan struct{}
}

func (h *hub[T]) listen(f func(T)) (stop func()) {
	l := &listener[T]{queue: make(chan T, backlog), over: make(chan struct{})}
	h.mu.Lock()
	if h.listeners == nil {
		h.listeners = make(map[*listener[T]]struct{})
	}
	h.listeners[l] = struct{}{}
	h.mu.Unlock()
	go l.serve(h.guard, f)
	return sync.OnceFunc(func() {
		h.mu.Lock()
		delete(h.listeners, l)
		h.mu.Unlock()
		close(l.over)
	})
}

func (l *listener[T]) serve(guard func(func()), f func(T)) {
	for {
		select {
		case <-l.over:
			return
		case v := <-l.queue:
			// Both may be ready; after stop, nothing is told.
			select {
			case <-l.over:
				return
			default:
			}
			guard(func() { f(v) })
		}
	}
}

func (h *hub[T]) tell(v T) {
	h.mu.Lock()
	defer h.mu.Unlock()
	for l := range h.listeners {
		select {
		case l.queue <- v:
		default:
		}
	}
}
