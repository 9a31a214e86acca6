//go:build js && wasm

// Command program stands in for latchkey.wasm in the tests of web/src/loader.ts:
// it has no core, but uses every port, and can fail in every way.
package main

import (
	"context"
	"encoding/json"
	"errors"
	"os"
	"runtime/debug"
	"strings"
	"time"

	"github.com/hack-pad/safejs"

	"latchkey/core/browser"
	"latchkey/core/errcode"
	"latchkey/jsbridge"
)

var (
	version = "test"
	// mode is "exit" for a program that ends at once, "silent" for one that never
	// says it is up.
	mode string
)

func main() {
	if mode == "exit" {
		os.Exit(3)
	}
	host, err := safejs.Global().Get("host")
	if err != nil {
		panic(err)
	}
	bridge, ports := jsbridge.New(host)
	p := &program{bridge, ports}
	if mode != "silent" && bridge.Serve(version, p.run, func() { bridge.Publish(`{"events":["fault"]}`) }) != nil {
		return
	}
	select {}
}

type program struct {
	bridge *jsbridge.Bridge
	browser.Browser
}

type arguments struct{ URL, Secret string }

// hoard keeps what the command "memory" takes.
var hoard [][]byte

func (p *program) run(ctx context.Context, name, args string) (string, error) {
	var a arguments
	if err := json.Unmarshal([]byte(args), &a); err != nil {
		return "", err
	}
	switch name {
	case "echo":
		return args, nil
	case "null":
		return "null", nil
	case "config":
		return p.bridge.Config()
	case "gc":
		percent := debug.SetGCPercent(100)
		debug.SetGCPercent(percent)
		out, err := json.Marshal(map[string]int{"percent": percent})
		return string(out), err
	case "work":
		return p.work(ctx, a)
	case "wait":
		<-ctx.Done()
		return "", ctx.Err()
	case "refuse":
		return "", &errcode.Error{
			Code: errcode.RateLimited, Message: "later", RetryAfter: 2 * time.Second,
			OAuth: &errcode.OAuth{Error: "slow_down", Description: "too many", URI: "https://id.test/slow"},
		}
	case "publish":
		p.bridge.Publish(`{"state":1}`)
		return "{}", nil
	case "panic":
		panic(a.Secret)
	case "timer":
		p.Clock.AfterFunc(0, func() { panic(a.Secret) })
		<-ctx.Done()
		return "", ctx.Err()
	case "crash":
		go func() { panic(a.Secret) }()
		<-ctx.Done()
	case "overflow":
		return strings.Repeat("x", depth(1)), nil
	case "memory":
		// Until the browser grants no more; none of it is touched.
		for {
			hoard = append(hoard, make([]byte, 256<<20))
		}
	case "exit":
		os.Exit(0)
	case "hold":
		if _, err := p.Locks.Acquire(ctx, "latchkey/program"); err != nil {
			return "", err
		}
		return "{}", nil
	}
	return "", errors.New("no such command")
}

//go:noinline
func depth(n int) int { return depth(n+1) + n }

// work lets the secret pass through every port, and returns it.
func (p *program) work(ctx context.Context, a arguments) (string, error) {
	const key = "latchkey/program"
	random := make([]byte, 32)
	if err := p.Crypto.Random(random); err != nil {
		return "", err
	}
	if _, err := p.Crypto.Digest(ctx, "SHA-256", []byte(a.Secret)); err != nil {
		return "", err
	}
	const jwk = `{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}`
	if good, err := p.Crypto.Verify(ctx, "ES256", jwk, make([]byte, 64), []byte(a.Secret)); good || err != nil {
		return "", errors.New("a signature of zeros is not refused")
	}
	if err := p.Storage.Set(ctx, key, a.Secret); err != nil {
		return "", err
	}
	stored, _, err := p.Storage.Get(ctx, key)
	if err != nil {
		return "", err
	}
	if err := p.Storage.Remove(ctx, key); err != nil {
		return "", err
	}
	release, err := p.Locks.Acquire(ctx, key)
	if err != nil {
		return "", err
	}
	defer release()
	res, err := p.HTTP.Do(ctx, &browser.Request{
		Method: "POST", URL: a.URL, Body: "token=" + stored, MaxBytes: 1 << 16,
		Headers: map[string]string{"authorization": "Bearer " + stored, "content-type": "application/x-www-form-urlencoded"},
	})
	if err != nil {
		return "", err
	}
	p.Channel.Post("touched")
	p.Location.SameOrigin("/orders")
	fired := make(chan struct{})
	p.Clock.AfterFunc(time.Millisecond, func() { close(fired) })
	<-fired
	p.bridge.Publish(`{"policy":{"authorization":"` + stored + `"}}`)
	out, err := json.Marshal(map[string]string{"token": stored, "body": string(res.Body), "random": string(random[:1])})
	return string(out), err
}
