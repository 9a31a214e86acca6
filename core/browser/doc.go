// Package browser names what the core needs of a browser: one small interface a
// file, each a port. It holds no code that decides anything.
//
// The fakes are in browsertest, the real thing in jsbridge; both must pass
// [latchkey/core/browser/browsertest.Suite].
package browser

// Browser is a whole set of ports: what one tab offers.
type Browser struct {
	// Storage keeps the session record; Pending keeps what must outlive a
	// redirect. They are the same area unless the session is kept in memory.
	Storage   Storage
	Pending   Storage
	HTTP      HTTP
	Crypto    Crypto
	Location  Location
	Clock     Clock
	Lifecycle Lifecycle
	Locks     Locks
	Channel   Channel
	Windows   Windows
	ProofKey  ProofKey
	Cookies   Cookies
}
