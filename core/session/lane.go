package session

// lane is what this tab knows of one access token of the session: each is renewed,
// refused and put off on its own.
type lane struct {
	flight *flight
	pause  pause
	// refused is the state of the session whose token the server refused.
	refused Stamp
	// barred is why there is no such token in this session.
	barred error
}

// lane is the one of a resource. Called with mu held.
func (k *Keeper) lane(resource string) *lane {
	l := k.lanes[resource]
	if l == nil {
		l = &lane{}
		k.lanes[resource] = l
	}
	return l
}

// clear forgets what was true of the record before this one only. Called with mu
// held.
func (k *Keeper) clear(old, rec Record) {
	for resource, l := range k.lanes {
		if rec.Past(old.Stamp, resource) {
			l.pause = pause{}
		}
		if rec.Session != old.Session {
			l.barred = nil
		}
	}
}
