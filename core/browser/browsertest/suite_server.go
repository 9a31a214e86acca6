package browsertest

import (
	"context"
	"net/url"
	"strings"

	"latchkey/core/browser"
)

// Answer is the server of [Suite], for a [Profile]; web/tools/run-wasm.mjs has the
// same routes for browsers.
func Answer(ctx context.Context, req *browser.Request) (*browser.Response, error) {
	for _, value := range req.Headers {
		if strings.ContainsAny(value, "\r\n\x00") {
			return nil, browser.ErrNetwork // the browser does not send it
		}
	}
	u, err := url.Parse(req.URL)
	if err != nil {
		return nil, browser.ErrNetwork
	}
	switch u.Path {
	case "/ok":
		status := 200
		if req.Method == "POST" {
			status = 201
		}
		headers := map[string]string{"content-type": "text/plain", "x-method": req.Method}
		return &browser.Response{Status: status, Headers: headers, Body: []byte("ok " + req.Body)}, nil
	case "/headers":
		headers := map[string]string{"x-sent": req.Headers["x-sent"], "x-dpop": req.Headers["dpop"]}
		if req.Credentials {
			headers["x-cookie"] = "a=1" // as if one had been set before
		}
		return &browser.Response{Status: 418, Headers: headers}, nil
	case "/big":
		return &browser.Response{Status: 200, Body: []byte(strings.Repeat("x", 1000))}, nil
	case "/hang":
		<-ctx.Done()
		return nil, ctx.Err()
	}
	// /redirect and /reset
	return nil, browser.ErrNetwork
}
