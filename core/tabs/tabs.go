// Package tabs is what the tabs of one session tell one another: that the
// record has changed, and that whoever holds a lock is alive; nothing more. A note
// may be lost, late or forged, so whoever gets one reads the record, and needs none to
// be right.
package tabs

import (
	"sync"

	"latchkey/core/browser"
)

const changed = "changed"

// Tabs tells the others, and hears of them.
type Tabs struct {
	channel browser.Channel
	stop    []func()
	holding holding

	mu     sync.Mutex
	queued bool
	reload func()
}

// New calls reload when the record may have changed: another tab said so, or
// wrote to storage. Any number of hints at once is one reload.
func New(channel browser.Channel, lifecycle browser.Lifecycle, reload func()) *Tabs {
	t := &Tabs{channel: channel, reload: reload, holding: holding{held: map[string]int{}, asking: map[string][]chan struct{}{}, asked: map[string]bool{}}}
	t.stop = []func(){
		channel.Listen(func(note string) {
			if note == changed {
				t.hint()
				return
			}
			t.heard(note)
		}),
		lifecycle.Listen(func(s browser.Signal) {
			if s == browser.Touched {
				t.hint()
			}
		}),
	}
	return t
}

// Changed tells the other tabs.
func (t *Tabs) Changed() { t.channel.Post(changed) }

// Close hears no more.
func (t *Tabs) Close() {
	for _, stop := range t.stop {
		stop()
	}
}

func (t *Tabs) hint() {
	t.mu.Lock()
	queued := t.queued
	t.queued = true
	t.mu.Unlock()
	if queued {
		return
	}
	go func() {
		defer func() { _ = recover() }()
		t.mu.Lock()
		t.queued = false // what comes from here on is a reason to read again
		t.mu.Unlock()
		t.reload()
	}()
}
