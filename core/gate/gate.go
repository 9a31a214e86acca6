// Package gate is a lock for work that waits for the browser. Unlike a
// sync.Mutex, whoever waits at it is asleep in the eyes of testing/synctest, so
// that a test can stop the world while the holder's storage has not answered.
package gate

// Gate lets one through at a time.
type Gate chan struct{}

// New returns an open gate.
func New() Gate { return make(Gate, 1) }

// Enter waits for the gate. The caller calls leave once, when it is done.
func (g Gate) Enter() (leave func()) {
	g <- struct{}{}
	return func() { <-g }
}
