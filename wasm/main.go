//go:build js && wasm

// Command wasm is latchkey.wasm: the core over the browser's ports. It composes
// and exports; whatever decides something is in core.
package main

import (
	"context"

	"github.com/hack-pad/safejs"

	"latchkey/core"
	"latchkey/jsbridge"
)

// version is put in by the linker, and must be that of latchkey.js.
var version = "dev"

// features are the optional parts that this build has: each adds itself, in a file of
// its own.
var features []core.Feature

// faulted is what the page gets for a panic that no command waits for. The
// panic's text may hold anything, and is not in it.
const faulted = `{"events":[{"type":"error","remote":false,` +
	`"error":{"code":"runtime_failed","message":"the runtime met a fault in itself"}}]}`

func main() {
	// An error here ends the program, and the loader says so: its text would go
	// nowhere.
	if run() == nil {
		select {}
	}
}

func run() error {
	host, err := safejs.Global().Get("host")
	if err != nil {
		return err
	}
	bridge, browser := jsbridge.New(host)
	config, err := bridge.Config()
	if err != nil {
		return err
	}
	call := func(context.Context, string, string) (string, error) { return "", err }
	runtime, err := core.New(config, browser, bridge.Publish, features...)
	if err == nil {
		call = runtime.Call
	}
	// With a configuration that the core refuses, every command says so.
	return bridge.Serve(version, call, func() { bridge.Publish(faulted) })
}
