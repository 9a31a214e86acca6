package browser

// Channel carries short notes to the other tabs of the same session. Notes may
// be lost, late, repeated or forged: they are hints to read storage again.
type Channel interface {
	Post(note string)
	// Listen calls f for each note of another tab, on a goroutine of its own,
	// until stop.
	Listen(f func(note string)) (stop func())
}
