//go:build race

package core_test

// raced says that the race detector is on: it has goroutines that are ready at once go
// in an order drawn anew each time.
const raced = true
