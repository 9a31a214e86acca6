package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"
)

// requestLog remembers the requests to the second origin, /control/ and preflights left out. It never holds a
// token, a query or a body.
type requestLog struct {
	mu      sync.Mutex
	lastID  int
	entries []entry
	streams map[chan streamed]struct{}
}

// An entry is there from a request's arrival on, and is complete before its answer leaves.
type entry struct {
	ID            int    `json:"id"`
	At            int64  `json:"at"` // milliseconds since the epoch, by the server's clock
	Method        string `json:"method"`
	Path          string `json:"path"`
	GrantType     string `json:"grantType,omitempty"`
	Done          bool   `json:"done"`
	Status        int    `json:"status"` // 0: no answer, not yet or never
	Millis        int64  `json:"ms"`
	Authorization string `json:"authorization"`
	TokenID       string `json:"tokenId,omitempty"` // of the access token that was sent
	Issued        string `json:"issued,omitempty"`  // of the access token that was handed out
}

type streamed struct {
	event string
	entry entry
}

// maxEntries bounds the log; the oldest go first.
const maxEntries = 50_000

func newRequestLog() *requestLog { return &requestLog{streams: map[chan streamed]struct{}{}} }

type entryKey struct{}

// issued notes in the request's entry which access token it handed out.
func issued(ctx context.Context, token string) {
	if e, ok := ctx.Value(entryKey{}).(*entry); ok {
		e.Issued = tokenID(token)
	}
}

// tokenID tells tokens apart without telling what they are.
func tokenID(token string) string {
	sum := sha256.Sum256([]byte(token))
	return hex.EncodeToString(sum[:])[:8]
}

func authorization(r *http.Request) string {
	if _, ok := bearer(r); ok {
		return "bearer"
	}
	if r.Header.Get("Authorization") != "" {
		return "other"
	}
	return "none"
}

func (l *requestLog) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		began := time.Now()
		e := entry{At: began.UnixMilli(), Method: r.Method, Path: r.URL.Path, Authorization: authorization(r)}
		if token, ok := bearer(r); ok {
			e.TokenID = tokenID(token)
		}
		if r.Method == http.MethodPost && r.URL.Path == "/token" {
			r.Body = http.MaxBytesReader(w, r.Body, 1<<20)
			_ = r.ParseForm() // a body that cannot be read is the endpoint's to complain about
			e.GrantType = grantType(r.PostFormValue("grant_type"))
		}
		l.begin(&e)
		answer := &statusWriter{ResponseWriter: w}
		// Deferred, so that a dropped connection is logged too: it is a panic.
		defer func() {
			e.Done, e.Status, e.Millis = true, answer.status, time.Since(began).Milliseconds()
			l.end(e)
		}()
		next.ServeHTTP(answer, r.WithContext(context.WithValue(r.Context(), entryKey{}, &e)))
		if answer.status == 0 {
			answer.status = http.StatusOK
		}
	})
}

func grantType(sent string) string {
	if slices.Contains([]string{"authorization_code", "refresh_token", "password", "client_credentials"}, sent) {
		return sent
	}
	return "other"
}

func (l *requestLog) begin(e *entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.lastID++
	e.ID = l.lastID
	if len(l.entries) == maxEntries {
		l.entries = slices.Delete(l.entries, 0, maxEntries/10)
	}
	l.entries = append(l.entries, *e)
	l.tell(streamed{"request", *e})
}

func (l *requestLog) end(e entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.entries) == 0 || e.ID < l.entries[0].ID {
		return // reset in the meantime
	}
	l.entries[e.ID-l.entries[0].ID] = e // ids have no gaps
	l.tell(streamed{"request", e})
}

func (l *requestLog) reset() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.entries = nil
	l.tell(streamed{event: "reset"})
}

// tell hands something to every stream. One that does not keep up is ended: it reconnects and starts over.
func (l *requestLog) tell(s streamed) {
	for stream := range l.streams {
		select {
		case stream <- s:
		default:
			delete(l.streams, stream)
			close(stream)
		}
	}
}

// serve is GET /control/log: the list, or with ?stream server-sent events. A stream begins with the whole list and
// has two kinds of events: "request", sent when one arrives and again, with the same id, when it is done; and "reset".
func (l *requestLog) serve(w http.ResponseWriter, r *http.Request) {
	if !r.URL.Query().Has("stream") {
		l.mu.Lock()
		list := append([]entry{}, l.entries...)
		l.mu.Unlock()
		writeJSON(w, http.StatusOK, list)
		return
	}
	l.mu.Lock()
	list := slices.Clone(l.entries)
	stream := make(chan streamed, 1024)
	l.streams[stream] = struct{}{}
	l.mu.Unlock()
	defer func() {
		l.mu.Lock()
		delete(l.streams, stream)
		l.mu.Unlock()
	}()
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("Cache-Control", "no-store")
	controller := http.NewResponseController(w)
	write := func(s streamed) {
		data, _ := json.Marshal(s.entry)
		_, _ = fmt.Fprintf(w, "event: %s\ndata: %s\n\n", s.event, data)
	}
	_, _ = fmt.Fprint(w, "retry: 500\n\n")
	write(streamed{event: "reset"}) // whoever reconnects starts over
	for _, e := range list {
		write(streamed{"request", e})
	}
	for controller.Flush() == nil {
		select {
		case s, ok := <-stream:
			if !ok {
				return
			}
			write(s)
		case <-r.Context().Done():
			return
		}
	}
}

type statusWriter struct {
	http.ResponseWriter
	status int
}

func (w *statusWriter) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *statusWriter) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

func (w *statusWriter) Unwrap() http.ResponseWriter { return w.ResponseWriter }
