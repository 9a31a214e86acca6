package core

import (
	"slices"
	"strings"
	"sync"

	"latchkey/core/event"
	"latchkey/core/session"
	"latchkey/core/strictjson"
)

// shown is what the page is shown: the main session, under the layers that the
// features lay over it.
type shown struct {
	publish func(json string)

	mu sync.Mutex
	// main is the main session alone.
	main session.View
	// loaded says that all of it is known.
	loaded bool
	// early is what is told with the next that is published.
	early []event.Event
}

// showMain is what the main session's keeper publishes to.
func (r *Runtime) showMain(v session.View, events []event.Event) {
	r.show(func(session.View) []event.Event {
		v.Policy.Rules = append(slices.Clip(v.Policy.Rules), r.also...)
		r.shown.main = v
		for _, layer := range r.assembly.Layers {
			events = layer.Events(events)
		}
		return events
	})
}

func (r *Runtime) show(change func(main session.View) []event.Event) {
	r.shown.mu.Lock()
	defer r.shown.mu.Unlock()
	events := append(r.shown.early, change(r.shown.main)...)
	if !r.shown.loaded {
		r.shown.early = events
		return
	}
	r.shown.early = nil
	v := r.shown.main
	for _, layer := range r.assembly.Layers {
		v = layer.View(v)
	}
	r.shown.publish(update(v, events))
}

// early has events told with whatever is published next.
func (r *Runtime) early(events []event.Event) {
	r.shown.mu.Lock()
	defer r.shown.mu.Unlock()
	r.shown.early = append(r.shown.early, events...)
}

// loaded publishes what is known, and has everything published from here on.
func (r *Runtime) loaded() {
	r.shown.mu.Lock()
	r.shown.loaded = true
	r.shown.mu.Unlock()
	r.keeper.Announce()
}

func update(v session.View, events []event.Event) string {
	var o strictjson.Object
	o.Raw("state", v.State.JSON())
	o.Raw("policy", v.Policy.JSON())
	list := make([]string, len(events))
	for i, e := range events {
		list[i] = e.JSON()
	}
	o.Raw("events", "["+strings.Join(list, ",")+"]")
	return o.Done()
}
