package browsertest

import (
	"context"
	"maps"
	"slices"
	"sync"

	"latchkey/core/browser"
)

// Area is a storage area with faults.
type Area struct {
	mu     sync.Mutex
	values map[string]string
	get    error
	set    error
	full   bool
}

// Fail makes every read and every write fail; nil mends it.
func (a *Area) Fail(get, set error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.get, a.set = get, set
}

// Fill leaves no room for more: a value may only be replaced by one that is no longer.
func (a *Area) Fill(full bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.full = full
}

// Value is what is stored under key.
func (a *Area) Value(key string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.values[key]
}

// All is everything that is stored.
func (a *Area) All() map[string]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return maps.Clone(a.values)
}

// Put stores a value behind the tabs' back.
func (a *Area) Put(key, value string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.values[key] = value
}

// Clear empties the area, as a person can at any time.
func (a *Area) Clear() {
	a.mu.Lock()
	defer a.mu.Unlock()
	clear(a.values)
}

type storage struct {
	tab  *Tab
	area *Area
}

// write is one change of the area; gone says that it was a removal.
type write struct {
	writer     *Tab
	key, value string
	gone       bool
}

func (s storage) Get(ctx context.Context, key string) (string, bool, error) {
	if err := s.tab.step(ctx, "get "+key); err != nil {
		return "", false, err
	}
	s.area.mu.Lock()
	defer s.area.mu.Unlock()
	v, ok := s.area.values[key]
	// The value from before the first write that has not come yet.
	for _, w := range s.tab.late {
		if w.key == key {
			v, ok = w.value, !w.gone
			break
		}
	}
	return v, ok && s.area.get == nil, s.area.get
}

func (s storage) Set(ctx context.Context, key, value string) error {
	return s.write(ctx, "set "+key, write{key: key, value: value})
}

func (s storage) Remove(ctx context.Context, key string) error {
	return s.write(ctx, "remove "+key, write{key: key, gone: true})
}

func (s storage) write(ctx context.Context, operation string, w write) error {
	if err := s.tab.step(ctx, operation); err != nil {
		return err
	}
	a := s.area
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.set != nil {
		return a.set
	}
	if a.full && len(w.value) > len(a.values[w.key]) {
		return browser.ErrQuota
	}
	if s.tab.profile.Late {
		old, had := a.values[w.key]
		s.tab.profile.lag(write{s.tab, w.key, old, !had})
	}
	if a == &s.tab.profile.area {
		// A tab sees its own write, and with it all that came before.
		s.tab.late = slices.DeleteFunc(s.tab.late, func(l *write) bool { return l.key == w.key })
	}
	if w.gone {
		delete(a.values, w.key)
	} else {
		a.values[w.key] = w.value
	}
	return nil
}

// lag keeps old before the eyes of the other tabs until each has had its
// step. Called with the area's mu held.
func (p *Profile) lag(old write) {
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, tab := range p.tabs {
		if tab == old.writer || tab.Dead() {
			continue
		}
		late := &old
		tab.late = append(tab.late, late)
		go func() {
			_ = tab.step(context.Background(), "deliver")
			p.area.mu.Lock()
			defer p.area.mu.Unlock()
			// With it comes what was written before.
			if i := slices.Index(tab.late, late); i >= 0 {
				tab.late = tab.late[i+1:]
			}
		}()
	}
}

// settle has every tab see what writer wrote, and what was written before.
func (p *Profile) settle(writer *Tab) {
	p.area.mu.Lock()
	defer p.area.mu.Unlock()
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, tab := range p.tabs {
		for i, w := range slices.Backward(tab.late) {
			if w.writer == writer {
				tab.late = tab.late[i+1:]
				break
			}
		}
	}
}
