package browsertest

import "sync"

// memo keeps what a function of nothing but its argument has returned, as signing and
// verifying the same id tokens again took a ninth of the simulator's time.
type memo[K comparable, V any] struct {
	mu   sync.Mutex
	have map[K]V
}

// most bounds it: past that it begins anew.
const most = 1 << 15

func (m *memo[K, V]) of(k K, f func() V) V {
	m.mu.Lock()
	v, ok := m.have[k]
	m.mu.Unlock()
	if ok {
		return v
	}
	v = f()
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.have == nil || len(m.have) >= most {
		m.have = map[K]V{}
	}
	m.have[k] = v
	return v
}
