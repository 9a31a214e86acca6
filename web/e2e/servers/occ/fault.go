package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

// A fault is how an endpoint misbehaves. Its modes:
//
//	ok            takes the endpoint's faults away, and lets go what hangs
//	400 … 599     answers with that status, without the work
//	slow          waits for so many ms, then does its work
//	hang          does not do its work before it is let go
//	late          does its work; the answer waits until it is let go
//	drop-before   closes the connection, without the work
//	drop          does its work and closes the connection: the answer is lost
type fault struct {
	Endpoint   string `json:"endpoint"`
	GrantType  string `json:"grantType,omitempty"` // of the token endpoint: only this
	Path       string `json:"path,omitempty"`      // only paths that end so
	Mode       string `json:"mode"`
	Count      int    `json:"count,omitempty"` // requests it holds for; 0: until it is taken away
	Millis     int    `json:"ms,omitempty"`
	RetryAfter string `json:"retryAfter,omitempty"` // sent with a status

	over chan struct{} // closed when it is taken away
}

// endpoints are what a fault can be put on, by the beginning of their paths; the first that fits a path is its name.
var endpoints = []struct{ name, prefix string }{
	{"token", "/authorizationserver/oauth/token"},
	{"revoke", "/authorizationserver/oauth/revoke"},
	{"authorize", "/authorizationserver/oauth/authorize"},
	{"csrf", "/authorizationserver/csrf"},
	{"login", "/authorizationserver/login"},
	{"logout", "/authorizationserver/logout"},
	{"basesites", "/occ/v2/basesites"},
	{"occ", "/occ/v2/"},
	{"assisted", "/assistedservicewebservices/"},
}

func endpointOf(path string) string {
	for _, one := range endpoints {
		if strings.HasPrefix(path, one.prefix) {
			return one.name
		}
	}
	return ""
}

type faults struct {
	mu   sync.Mutex
	list []*fault
	held map[string][]chan struct{} // of faults whose count is used up while something still hangs, by endpoint
}

func newFaults() *faults { return &faults{held: map[string][]chan struct{}{}} }

func (f *fault) check() error {
	known := slices.ContainsFunc(endpoints, func(one struct{ name, prefix string }) bool { return one.name == f.Endpoint })
	status, err := strconv.Atoi(f.Mode)
	switch {
	case !known:
		return fmt.Errorf("there is no endpoint %q", f.Endpoint)
	case slices.Contains([]string{"ok", "slow", "hang", "late", "drop-before", "drop"}, f.Mode), err == nil && status >= 400 && status <= 599:
		return nil
	}
	return fmt.Errorf("mode is one of ok, slow, hang, late, drop-before, drop, or a status from 400 to 599")
}

// set adds a fault, or takes those of its endpoint away. Several are asked in the order they were set.
func (f *faults) set(one fault) error {
	if err := one.check(); err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if one.Mode == "ok" {
		f.letGo(func(endpoint string) bool { return endpoint == one.Endpoint })
		return nil
	}
	one.over = make(chan struct{})
	f.list = append(f.list, &one)
	f.held[one.Endpoint] = append(f.held[one.Endpoint], one.over)
	return nil
}

func (f *faults) reset() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.letGo(func(string) bool { return true })
}

func (f *faults) letGo(which func(endpoint string) bool) {
	f.list = slices.DeleteFunc(f.list, func(one *fault) bool { return which(one.Endpoint) })
	for endpoint, all := range f.held {
		if !which(endpoint) {
			continue
		}
		for _, over := range all {
			close(over)
		}
		delete(f.held, endpoint)
	}
}

// next is the fault for a request, which counts; nil if it is spared.
func (f *faults) next(r *http.Request) *fault {
	f.mu.Lock()
	defer f.mu.Unlock()
	for i, one := range f.list {
		if one.Endpoint != endpointOf(r.URL.Path) || !strings.HasSuffix(r.URL.Path, one.Path) ||
			one.GrantType != "" && one.GrantType != r.PostFormValue("grant_type") {
			continue
		}
		if one.Count == 1 {
			f.list = slices.Delete(f.list, i, i+1)
		} else if one.Count > 1 {
			one.Count--
		}
		return one
	}
	return nil
}

func (f *faults) wrap(work http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		one := f.next(r)
		if one == nil {
			work.ServeHTTP(w, r)
			return
		}
		switch one.Mode {
		case "slow":
			time.Sleep(time.Duration(one.Millis) * time.Millisecond)
			work.ServeHTTP(w, r)
		case "hang":
			one.wait(r)
			work.ServeHTTP(w, r)
		case "late":
			answer := httptest.NewRecorder()
			work.ServeHTTP(answer, r)
			one.wait(r)
			for name, values := range answer.Header() {
				w.Header()[name] = append(w.Header()[name], values...)
			}
			w.WriteHeader(answer.Code)
			_, _ = w.Write(answer.Body.Bytes())
		case "drop":
			work.ServeHTTP(httptest.NewRecorder(), r)
			panic(http.ErrAbortHandler)
		case "drop-before":
			panic(http.ErrAbortHandler)
		default:
			status, _ := strconv.Atoi(one.Mode)
			if one.RetryAfter != "" {
				w.Header().Set("Retry-After", one.RetryAfter)
			}
			writeJSON(w, status, map[string]any{"error": "server_error", "error_description": "told to answer with " + one.Mode})
		}
	})
}

// wait ends when the fault is taken away; nothing is done for somebody who has gone.
func (f *fault) wait(r *http.Request) {
	select {
	case <-f.over:
	case <-r.Context().Done():
		panic(http.ErrAbortHandler)
	}
}
