package browsertest

import "sync"

// frost is closed when the tab thaws; nil while it is not frozen.
type frost struct {
	sync.Mutex
	thaw chan struct{}
}

// Freeze has the tab stand still, as browsers do with pages that nobody sees: none of its
// operations goes on, none of its timers fires and nothing reaches it, while its locks
// stay held. What it has already sent arrives.
func (t *Tab) Freeze() {
	t.frost.Lock()
	defer t.frost.Unlock()
	if t.frost.thaw == nil {
		t.frost.thaw = make(chan struct{})
	}
}

// Thaw lets it go on. It sees what others have written first: that was on its way before
// whatever it does now.
func (t *Tab) Thaw() {
	t.frost.Lock()
	defer t.frost.Unlock()
	if t.frost.thaw == nil {
		return
	}
	t.profile.area.mu.Lock()
	t.late = nil
	t.profile.area.mu.Unlock()
	close(t.frost.thaw)
	t.frost.thaw = nil
}

// Frozen tells whether it is.
func (t *Tab) Frozen() bool { return t.frozen() != nil }

func (t *Tab) frozen() chan struct{} {
	t.frost.Lock()
	defer t.frost.Unlock()
	return t.frost.thaw
}

// still waits while the tab is frozen, or until it is killed.
func (t *Tab) still() {
	for thaw := t.frozen(); thaw != nil; thaw = t.frozen() {
		select {
		case <-thaw:
		case <-t.life.Done():
			return
		}
	}
}

// later calls f now, or when a frozen tab thaws, but not in a dead one.
func (t *Tab) later(f func()) {
	if t.frozen() == nil {
		if !t.Dead() {
			f()
		}
		return
	}
	go func() {
		t.still()
		if !t.Dead() {
			f()
		}
	}()
}
