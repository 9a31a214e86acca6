// Package core is the control plane: it decides everything about a session and
// never sees a request of the page. It is pure Go over the ports of
// [latchkey/core/browser]; start reading at [Runtime].
package core
