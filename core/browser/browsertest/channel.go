package browsertest

import "context"

type channel struct{ tab *Tab }

// Post reaches the other tabs, unless the profile's Step loses the note on its
// way ("note", in the receiver's name).
func (c channel) Post(note string) {
	c.tab.later(func() { c.post(note) })
}

func (c channel) post(note string) {
	p := c.tab.profile
	p.mu.Lock()
	defer p.mu.Unlock()
	for _, other := range p.tabs {
		if other == c.tab || other.Dead() {
			continue
		}
		go func() {
			if other.step(context.Background(), "note") == nil {
				other.notes.call(note)
			}
		}()
	}
}

func (c channel) Listen(f func(string)) (stop func()) { return c.tab.notes.add(f) }
