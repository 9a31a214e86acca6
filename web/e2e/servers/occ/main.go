// Command occ is a stand-in for SAP Commerce: its authorization server, OCC and the assisted service, as far as a
// storefront's session touches them, and the page on an origin of its own. No SAP code is in it and none was run beside
// it. Where it is doubtful what the real thing does, and where Spring's libraries are known to be odd, there is a switch
// (switches.go), and tests run both ways. State is in memory; nothing here is for production.
//
// It never imports latchkey/core: a server that shares the client's code shares its bugs.
// Start reading in server.go.
package main

import (
	"context"
	"encoding/json"
	"flag"
	"io"
	"log"
	"os"
	"os/signal"
	"syscall"
)

func main() {
	log.SetFlags(0)
	var o options
	flag.StringVar(&o.static, "static", "e2e/pages", "folder of the page")
	flag.StringVar(&o.dist, "dist", "dist", "folder served below /dist/")
	flag.StringVar(&o.csp, "csp", "", "Content-Security-Policy of the page; {server} stands for the server's origin")
	stdin := flag.Bool("stdin", false, "stop when standard input ends, so as not to outlive the parent")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *stdin {
		go func() { _, _ = io.Copy(io.Discard, os.Stdin); stop() }()
	}
	s, err := start(o)
	if err != nil {
		log.Fatal(err)
	}
	defer s.close()
	_ = json.NewEncoder(os.Stdout).Encode(map[string]any{"ready": true, "page": s.page, "server": s.origin, "shared": s.shared})
	<-ctx.Done()
}
