package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"maps"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"sync"
)

// requestLog is every request to SAP Commerce, preflights included, /control/ left out. It holds no token, code or
// password, but labels: access-1, client-2, refresh-3 for tokens from here, unknown-<hash> for others.
type requestLog struct {
	mu      sync.Mutex
	version int           // grows with every change
	changed chan struct{} // closed at the next one
	lastID  int
	entries []entry
}

// An entry is there from a request's arrival on, and is complete before its answer leaves.
type entry struct {
	ID            int      `json:"id"`
	Method        string   `json:"method"`
	Path          string   `json:"path"`
	Query         []string `json:"query,omitempty"`  // names
	Headers       []string `json:"headers"`          // names, in lower case
	Asked         []string `json:"asked,omitempty"`  // names of headers that a preflight asks for
	Form          []string `json:"form,omitempty"`   // names
	Origin        string   `json:"origin,omitempty"` // of the page
	Accept        string   `json:"accept,omitempty"`
	UserID        string   `json:"userId,omitempty"` // sap-commerce-cloud-user-id
	GrantType     string   `json:"grantType,omitempty"`
	Client        string   `json:"client,omitempty"`  // in the form or Basic, good or not
	Authorization string   `json:"authorization"`     // none, bearer, basic or other
	Token         string   `json:"token,omitempty"`   // label of the one in Authorization
	Stands        string   `json:"stands,omitempty"`  // how that was at arrival: live, expired, ended or unknown
	Given         string   `json:"given,omitempty"`   // label of the one in the form, to be renewed or revoked
	Issued        []string `json:"issued,omitempty"`  // labels of those in the answer
	Kind          string   `json:"kind"`              // of who acted: none, client, customer or agent
	Actor         string   `json:"actor,omitempty"`   // who acted: the name of the account or client, also if refused
	Subject       string   `json:"subject,omitempty"` // for whom it ran: an account's name or anonymous; "" if it did not
	Done          bool     `json:"done"`
	Status        int      `json:"status"` // 0: no answer, not yet or never
}

func newRequestLog() *requestLog {
	return &requestLog{changed: make(chan struct{}), entries: []entry{}}
}

type noteKey struct{}

// note adds to the request's entry what only its endpoint knows.
func note(r *http.Request, add func(*entry)) {
	if told, ok := r.Context().Value(noteKey{}).(func(func(*entry))); ok {
		told(add)
	}
}

func (l *requestLog) wrap(s *server, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		e := s.describe(w, r)
		l.begin(&e)
		answer := &statusWriter{ResponseWriter: w}
		// Deferred, so that a dropped connection is recorded too: it is a panic.
		defer func() {
			e.Done, e.Status = true, answer.status
			l.update(e)
		}()
		answer.before = func(status int) {
			e.Done, e.Status = true, status
			l.update(e)
		}
		noted := func(add func(*entry)) {
			add(&e)
			l.update(e)
		}
		next.ServeHTTP(answer, r.WithContext(context.WithValue(r.Context(), noteKey{}, noted)))
		if answer.status == 0 {
			answer.WriteHeader(http.StatusOK)
		}
	})
}

// describe is what can be said at arrival.
func (s *server) describe(w http.ResponseWriter, r *http.Request) entry {
	e := entry{
		Method: r.Method, Path: r.URL.Path, Query: names(r.URL.Query()), Headers: names(r.Header), Origin: r.Header.Get("Origin"),
		Accept: r.Header.Get("Accept"), UserID: r.Header.Get("Sap-Commerce-Cloud-User-Id"), Kind: "none", Authorization: "none",
	}
	if asked := r.Header.Get("Access-Control-Request-Headers"); asked != "" {
		e.Asked = strings.Split(strings.ToLower(strings.ReplaceAll(asked, " ", "")), ",")
	}
	if r.Method == http.MethodPost && strings.HasPrefix(r.URL.Path, "/authorizationserver/") {
		r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
		_ = r.ParseForm() // a body that cannot be read is the endpoint's to complain about
		e.Form = names(r.PostForm)
		e.Client = r.PostFormValue("client_id")
		if grant := r.PostFormValue("grant_type"); slices.Contains(grantTypes, grant) {
			e.GrantType = grant
		} else if grant != "" {
			e.GrantType = "other"
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	basic, _, isBasic := r.BasicAuth()
	switch value := bearer(r); {
	case value != "":
		e.Authorization, e.Token, e.Stands = "bearer", s.label(value), "unknown"
		if one := s.tokens.byValue[value]; one != nil {
			e.Stands, e.Actor, e.Kind = s.stands(one), one.owner(), s.kind(one)
		}
	case isBasic:
		e.Authorization, e.Client = "basic", basic
	case r.Header.Get("Authorization") != "":
		e.Authorization = "other"
	}
	for _, field := range []string{"refresh_token", "token"} {
		if value := r.PostFormValue(field); value != "" {
			e.Given = s.label(value)
		}
	}
	if _, known := clients[e.Client]; !known && e.Client != "" {
		e.Client = "unknown" // whatever it was, it may be a secret in the wrong place
	}
	return e
}

// label tells tokens apart without telling what they are.
func (s *server) label(value string) string {
	if one := s.tokens.byValue[value]; one != nil {
		return one.label
	}
	sum := sha256.Sum256([]byte(value))
	return "unknown-" + hex.EncodeToString(sum[:])[:8]
}

func names(m map[string][]string) []string {
	list := []string{}
	for name := range maps.Keys(m) {
		list = append(list, strings.ToLower(name))
	}
	slices.Sort(list)
	return list
}

func (l *requestLog) begin(e *entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lastID++
	e.ID = l.lastID
	l.entries = append(l.entries, *e)
	l.tell()
}

// update puts the entry as it is now into the list.
func (l *requestLog) update(e entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.entries) == 0 || e.ID < l.entries[0].ID {
		return // reset in the meantime
	}
	l.entries[e.ID-l.entries[0].ID] = e // ids have no gaps
	l.tell()
}

func (l *requestLog) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = []entry{}
	l.tell()
}

// tell wakes whoever waits; called with the lock held.
func (l *requestLog) tell() {
	l.version++
	close(l.changed)
	l.changed = make(chan struct{})
}

// serve is GET /control/log. With ?after=<version> it waits until the log is no longer what it was at that version.
func (l *requestLog) serve(w http.ResponseWriter, r *http.Request) {
	after, err := strconv.Atoi(r.URL.Query().Get("after"))
	for {
		l.mu.Lock()
		version, changed, list := l.version, l.changed, slices.Clone(l.entries)
		l.mu.Unlock()
		if err != nil || version != after {
			writeJSON(w, http.StatusOK, map[string]any{"version": version, "requests": list})
			return
		}
		select {
		case <-changed:
		case <-r.Context().Done():
			return
		}
	}
}

// statusWriter has the record complete before the answer leaves.
type statusWriter struct {
	http.ResponseWriter
	status int
	before func(status int)
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
		w.before(status)
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.WriteHeader(http.StatusOK)
	}
	return w.ResponseWriter.Write(b)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
