package browser

// Signal is something that happened to the page or beside it.
type Signal string

const (
	// Resumed: the page is visible again, or came back from the back/forward cache.
	// Any time may have passed.
	Resumed Signal = "resumed"
	// Hidden: the person can't see the page any more.
	Hidden Signal = "hidden"
	// Left: the page is being left. It may come back from the back/forward cache, and
	// what it holds on to keeps it out of there.
	Left Signal = "left"
	// Online and Offline: the network is back, or has gone, as far as the browser knows.
	Online  Signal = "online"
	Offline Signal = "offline"
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
	// Online is false where the browser knows that nothing can be sent, or the page is
	// being left. That it is true says little.
	Online() bool
	// Used tells whether a request of the page's user has carried the credentials that
	// were published last.
	Used() bool
	// Page names this load of the page: another one, also of a copy of this tab, has
	// another name.
	Page() string
}
