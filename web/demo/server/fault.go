package main

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A fault is how an endpoint misbehaves. Its modes:
//
//	ok            does its work
//	400 … 599     answers with that status, without the work
//	html          a captive portal's page with status 200, without the work
//	empty         status 200 and nothing, without the work
//	truncated     status 200 and half a JSON text, without the work
//	huge          status 200 and 32 MB, without the work
//	delay         waits, then does its work, whether or not anybody still waits for it
//	hang          does not answer before the mode changes; then it does its work
//	drop-before   closes the connection, without the work
//	drop          does its work and closes the connection: the answer is lost
type fault struct {
	mu      sync.Mutex
	current faultSetting
	changed chan struct{} // closed when current is replaced
}

type faultSetting struct {
	Mode       string     `json:"mode"`
	RetryAfter retryAfter `json:"retryAfter,omitempty"` // sent with a status
	Millis     int        `json:"ms,omitempty"`         // for delay
	Count      int        `json:"count,omitempty"`      // requests it holds for; 0: until it is changed
}

// retryAfter is the header's value, sent as it is. In JSON it may be a number, as seconds mostly are.
type retryAfter string

func (v *retryAfter) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] != '"' {
		*v = retryAfter(b)
		return nil
	}
	return json.Unmarshal(b, (*string)(v))
}

var faultModes = []string{"ok", "html", "empty", "truncated", "huge", "delay", "hang", "drop-before", "drop"}

func newFault() *fault {
	return &fault{current: faultSetting{Mode: "ok"}, changed: make(chan struct{})}
}

func (s faultSetting) check() error {
	status, err := strconv.Atoi(s.Mode)
	if slices.Contains(faultModes, s.Mode) || (err == nil && status >= 400 && status <= 599) {
		return nil
	}
	return fmt.Errorf("mode is one of %s, or a status from 400 to 599", strings.Join(faultModes, ", "))
}

// dropping is true for the modes that close connections.
func (s faultSetting) dropping() bool { return strings.HasPrefix(s.Mode, "drop") }

func (f *fault) set(s faultSetting) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.replace(s)
}

func (f *fault) get() faultSetting {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.current
}

func (f *fault) replace(s faultSetting) {
	f.current = s
	close(f.changed)
	f.changed = make(chan struct{})
}

// next is the setting for one request, which counts. The channel is closed at the next change by set.
func (f *fault) next() (faultSetting, <-chan struct{}) {
	f.mu.Lock()
	defer f.mu.Unlock()
	s, changed := f.current, f.changed
	switch s.Count {
	case 0:
	case 1:
		f.current = faultSetting{Mode: "ok"} // not replace: what hangs goes on hanging
	default:
		f.current.Count--
	}
	return s, changed
}

func (f *fault) wrap(work http.HandlerFunc) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, changed := f.next()
		switch s.Mode {
		case "ok":
			work(w, r)
		case "html":
			w.Header().Set("Content-Type", "text/html; charset=utf-8")
			_, _ = io.WriteString(w, "<!doctype html><title>Welcome</title><h1>Welcome to the hotel's network</h1><p>Please accept the terms of use.</p>")
		case "empty":
			w.Header().Set("Content-Type", "application/json")
			w.WriteHeader(http.StatusOK)
		case "truncated":
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, `{"token_type":"bearer","expires_in":59,"access_to`)
		case "huge":
			w.Header().Set("Content-Type", "application/json")
			writeHuge(w)
		case "delay":
			time.Sleep(time.Duration(s.Millis) * time.Millisecond)
			work(w, r)
		case "hang":
			select {
			case <-changed:
				work(w, r)
			case <-r.Context().Done():
				panic(http.ErrAbortHandler)
			}
		case "drop":
			work(discard{http.Header{}}, r)
			panic(http.ErrAbortHandler)
		case "drop-before":
			panic(http.ErrAbortHandler)
		default:
			s.answer(w)
		}
	}
}

// answer is the mode that is a status.
func (s faultSetting) answer(w http.ResponseWriter) {
	status, _ := strconv.Atoi(s.Mode)
	if s.RetryAfter != "" {
		w.Header().Set("Retry-After", string(s.RetryAfter))
	}
	if status == http.StatusUnauthorized {
		refuse(w, `Bearer error="invalid_token"`, "invalid_token")
		return
	}
	writeJSON(w, status, map[string]any{"error": "server_error", "error_description": "The demo was told to answer with " + s.Mode + "."})
}

// writeHuge is well-formed JSON, so that nothing but its size is wrong.
func writeHuge(w io.Writer) {
	chunk := []byte(strings.Repeat("a", 1<<20))
	if _, err := io.WriteString(w, `{"padding":"`); err != nil {
		return
	}
	for range 32 {
		if _, err := w.Write(chunk); err != nil {
			return
		}
	}
	_, _ = io.WriteString(w, `"}`)
}

// discard is a response nobody gets.
type discard struct{ header http.Header }

func (d discard) Header() http.Header         { return d.header }
func (d discard) Write(b []byte) (int, error) { return len(b), nil }
func (d discard) WriteHeader(int)             {}
