package browser

// Signal is something that happened to the page or beside it.
type Signal string

const (
	// Resumed: the page is visible again, came back from the back/forward
	// cache, or the network is back. Any time may have passed.
	Resumed Signal = "resumed"
	// Touched: another tab wrote to storage. Only a hint: it may be missing.
	Touched Signal = "touched"
	// Active: the person does something in the page.
	Active Signal = "active"
)

// Lifecycle tells what happens to the page.
type Lifecycle interface {
	// Listen calls f for each signal, on a goroutine of its own, until stop.
	Listen(f func(Signal)) (stop func())
	// Visible tells whether the person can see the page.
	Visible() bool
}
