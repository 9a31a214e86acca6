package browsertest

import (
	"context"
	"slices"
	"sync"
)

type waiter struct {
	tab     *Tab
	granted chan struct{}
}

type locks struct{ tab *Tab }

func (l locks) Acquire(ctx context.Context, name string) (release func(), err error) {
	if err := l.tab.step(ctx, "lock "+name); err != nil {
		return nil, err
	}
	p := l.tab.profile
	w := &waiter{l.tab, make(chan struct{})}
	p.mu.Lock()
	if p.holders[name] == nil {
		p.holders[name] = w
		close(w.granted)
	} else {
		p.queues[name] = append(p.queues[name], w)
	}
	p.mu.Unlock()

	release = p.release(name, w)
	select {
	case <-w.granted:
	case <-ctx.Done():
		err = ctx.Err()
	case <-l.tab.life.Done():
	}
	// A frozen tab hears of either when it thaws, and has the lock meanwhile.
	l.tab.still()
	if l.tab.Dead() {
		err = errDead
	}
	if err == nil {
		return release, nil
	}
	p.mu.Lock()
	p.queues[name] = slices.DeleteFunc(p.queues[name], func(other *waiter) bool { return other == w })
	p.mu.Unlock()
	release() // it may have been granted meanwhile
	return nil, err
}

func (l locks) Steal(ctx context.Context, name string) (release func(), err error) {
	if err := l.tab.step(ctx, "steal "+name); err != nil {
		return nil, err
	}
	p := l.tab.profile
	w := &waiter{l.tab, make(chan struct{})}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.holders[name] = w
	return p.release(name, w), nil
}

func (p *Profile) release(name string, w *waiter) func() {
	return sync.OnceFunc(func() {
		w.tab.later(func() {
			p.mu.Lock()
			defer p.mu.Unlock()
			if p.holders[name] == w {
				p.pass(name)
			}
		})
	})
}

func (l locks) Held(ctx context.Context) (names []string, err error) {
	if err := l.tab.step(ctx, "held"); err != nil {
		return nil, err
	}
	p := l.tab.profile
	p.mu.Lock()
	defer p.mu.Unlock()
	for name := range p.holders {
		names = append(names, name)
	}
	slices.Sort(names)
	return names, nil
}

// Holder is the tab that has a lock; nil where nobody has.
func (p *Profile) Holder(name string) *Tab {
	p.mu.Lock()
	defer p.mu.Unlock()
	if w := p.holders[name]; w != nil {
		return w.tab
	}
	return nil
}

// Holds lists the locks that the tab has.
func (t *Tab) Holds() (names []string) {
	p := t.profile
	p.mu.Lock()
	defer p.mu.Unlock()
	for name, w := range p.holders {
		if w.tab == t {
			names = append(names, name)
		}
	}
	slices.Sort(names)
	return names
}

// Queues tells whether the tab waits for a lock.
func (t *Tab) Queues() bool {
	p := t.profile
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, queue := range p.queues {
		if slices.ContainsFunc(queue, func(w *waiter) bool { return w.tab == t }) {
			return true
		}
	}
	return false
}

// pass gives a lock to the next in line that is alive. Called with mu held.
func (p *Profile) pass(name string) {
	delete(p.holders, name)
	for len(p.queues[name]) > 0 {
		next := p.queues[name][0]
		p.queues[name] = p.queues[name][1:]
		if !next.tab.Dead() {
			p.holders[name] = next
			close(next.granted)
			return
		}
	}
}
