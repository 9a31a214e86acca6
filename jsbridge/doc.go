//go:build js && wasm

// Package jsbridge implements the ports of core/browser over the host object
// that web/src/host.ts makes. It decides nothing about sessions.
//
// Go calls JavaScript by the flat functions of the host; JavaScript calls Go by
// one permanent callback (see Bridge.enter), so there is nothing to release. The
// shape of both is in ARCHITECTURE.md, "The bridge".
package jsbridge
