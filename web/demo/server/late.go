package main

import (
	"math/rand/v2"
	"net/http"
	"strings"
	"time"
)

// late has the server answer as one that is far away and busy: four requests of ten wait before they are looked at, and
// four answers of ten before they leave, most for a moment, some for as long as most. The tests' switches are as quick as
// ever. What a test or a page takes for granted of the order of things is seen so: make late.
func late(most time.Duration, next http.Handler) http.Handler {
	if most == 0 {
		return next
	}
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if !strings.HasPrefix(r.URL.Path, "/control/") {
			time.Sleep(lateness(most))
			w = &lateWriter{ResponseWriter: w, most: most}
		}
		next.ServeHTTP(w, r)
	})
}

// lateness is what web/tools/late.mjs has for the servers in Node.
func lateness(most time.Duration) time.Duration {
	switch n := rand.IntN(100); {
	case n < 60:
		return 0
	case n < 93:
		return rand.N(most / 4)
	default:
		return rand.N(most)
	}
}

// lateWriter waits before the first of an answer.
type lateWriter struct {
	http.ResponseWriter
	most time.Duration
}

func (l *lateWriter) Unwrap() http.ResponseWriter { return l.ResponseWriter }

func (l *lateWriter) WriteHeader(status int) {
	l.wait()
	l.ResponseWriter.WriteHeader(status)
}

func (l *lateWriter) Write(part []byte) (int, error) {
	l.wait()
	return l.ResponseWriter.Write(part)
}

func (l *lateWriter) wait() {
	if l.most > 0 {
		time.Sleep(lateness(l.most))
		l.most = 0
	}
}
