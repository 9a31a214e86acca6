package browsertest

import (
	"context"
	"maps"
	"sync"
)

// Area is a storage area with faults.
type Area struct {
	mu     sync.Mutex
	values map[string]string
	get    error
	set    error
}

// Fail makes every read and every write fail; nil mends it.
func (a *Area) Fail(get, set error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.get, a.set = get, set
}

// Value is what is stored under key.
func (a *Area) Value(key string) string { return a.All()[key] }

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

func (s storage) Get(ctx context.Context, key string) (string, bool, error) {
	if err := s.tab.step(ctx, "get "+key); err != nil {
		return "", false, err
	}
	s.area.mu.Lock()
	defer s.area.mu.Unlock()
	v, ok := s.area.values[key]
	return v, ok && s.area.get == nil, s.area.get
}

func (s storage) Set(ctx context.Context, key, value string) error {
	if err := s.tab.step(ctx, "set "+key); err != nil {
		return err
	}
	s.area.mu.Lock()
	defer s.area.mu.Unlock()
	if s.area.set == nil {
		s.area.values[key] = value
	}
	return s.area.set
}

func (s storage) Remove(ctx context.Context, key string) error {
	if err := s.tab.step(ctx, "remove "+key); err != nil {
		return err
	}
	s.area.mu.Lock()
	defer s.area.mu.Unlock()
	if s.area.set == nil {
		delete(s.area.values, key)
	}
	return s.area.set
}
