// Command server is the demo's other half: the page's static files on one origin, and on a second origin the
// authorization server (on ory/fosite) with a small protected API. Two listeners, so that what the page does
// is cross-origin as it would be in production. State is in memory; nothing here is for production.
//
// It never imports latchkey/core: a server that shares the client's code shares its bugs.
// Start reading in server.go.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"log"
	"os"
	"os/signal"
	"strings"
	"syscall"
	"time"
)

// usual is where the page is, unless somebody else is there.
const usual = "127.0.0.1:8080"

func main() {
	log.SetFlags(0)
	var o options
	flag.StringVar(&o.pageAddr, "page", usual, "address of the page, port 0 for a free one")
	flag.StringVar(&o.apiAddr, "api", "127.0.0.1:0", "address of the authorization server and the API")
	flag.StringVar(&o.static, "static", "demo/page", "folder of the page")
	flag.StringVar(&o.dist, "dist", "dist", "folder served below /dist/")
	flag.DurationVar(&o.accessTokenLifetime, "at", time.Minute, "lifetime of access tokens")
	flag.DurationVar(&o.refreshTokenLifetime, "rt", time.Hour, "lifetime of refresh tokens")
	flag.BoolVar(&o.control, "control", false, "allow the switches below /control/")
	flag.DurationVar(&o.late, "late", 0, "by how much, at most, requests and answers are late; 0 for not at all")
	flag.StringVar(&o.csp, "csp", "", "Content-Security-Policy of the page; {issuer} stands for the server's origin")
	redirects := flag.String("redirects", "/,/callback,/second", "paths on the page's origin a sign-in may return to")
	asJSON := flag.Bool("json", false, "print the ready line as JSON, for a program")
	stdin := flag.Bool("stdin", false, "stop when standard input ends, so as not to outlive the parent")
	flag.Parse()
	o.redirects = strings.Split(*redirects, ",")

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	if *stdin {
		go func() { _, _ = io.Copy(io.Discard, os.Stdin); stop() }()
	}
	d, err := start(o)
	if errors.Is(err, syscall.EADDRINUSE) && o.pageAddr == usual {
		log.Printf("%s is taken, so the page gets another port", usual)
		o.pageAddr = "127.0.0.1:0"
		d, err = start(o)
	}
	if err != nil {
		log.Fatal(err)
	}
	defer d.close()
	announce(d, *asJSON)
	<-ctx.Done()
}

// announce prints where the demo is.
func announce(d *demo, asJSON bool) {
	if asJSON {
		_ = json.NewEncoder(os.Stdout).Encode(map[string]any{"ready": true, "page": d.page + "/", "issuer": d.issuer})
		return
	}
	fmt.Printf("\n  The Latchkey demo is running.\n\n    page                  %s/\n    authorization server  %s\n", d.page, d.issuer)
	for _, u := range users {
		fmt.Printf("    sign in as            %s / %s\n", u.Username, u.Password)
	}
	fmt.Print("\n  Ctrl+C stops it.\n\n")
}
