package main

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
)

// which picks tokens; what is "" or not there picks all.
type which struct {
	User   string `json:"user"` // name of the account
	Client string `json:"client"`
	Kind   string `json:"kind"` // access, client or refresh
}

// control is for tests, from this machine only, and not for what a browser sends for some site. occ.mjs lists it.
func (s *server) control() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /control/switch", turn(s, func(raw json.RawMessage) error { return change(s, &s.switches, raw) }))
	mux.HandleFunc("POST /control/lifetime", turn(s, func(raw json.RawMessage) error { return change(s, &s.lifetimes, raw) }))
	mux.HandleFunc("POST /control/expire", turn(s, func(in which) error {
		return s.each(in, func(one *token) { one.expires = s.now() })
	}))
	mux.HandleFunc("POST /control/revoke", turn(s, func(in which) error {
		return s.each(in, func(one *token) { one.ended = true })
	}))
	mux.HandleFunc("POST /control/fault", turn(s, s.faults.set))
	mux.HandleFunc("POST /control/sessions", turn(s, s.changeSessions))
	mux.HandleFunc("POST /control/forget", turn(s, func(struct{}) error { s.log.reset(); return nil }))
	mux.HandleFunc("POST /control/reset", turn(s, func(struct{}) error { s.reset(); return nil }))
	mux.HandleFunc("GET /control/log", s.log.serve)
	mux.HandleFunc("GET /control/tokens", s.listTokens)
	mux.HandleFunc("GET /control/mail", func(w http.ResponseWriter, _ *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		writeJSON(w, http.StatusOK, s.users.mail)
	})
	return loopback(http.NewCrossOriginProtection().Handler(mux))
}

func loopback(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host, _, _ := net.SplitHostPort(r.RemoteAddr)
		if !net.ParseIP(host).IsLoopback() || r.Header.Get("Origin") != "" {
			http.Error(w, "for tests on this machine", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}

// turn reads a JSON body, which may be empty, and answers with how everything is set after it.
func turn[T any](s *server, do func(T) error) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		var in T
		decoder := json.NewDecoder(io.LimitReader(r.Body, 1<<16))
		decoder.DisallowUnknownFields()
		err := decoder.Decode(&in)
		if err == nil || errors.Is(err, io.EOF) {
			err = do(in)
		}
		if err != nil {
			writeJSON(w, http.StatusBadRequest, map[string]any{"error": err.Error()})
			return
		}
		s.mu.Lock()
		defer s.mu.Unlock()
		writeJSON(w, http.StatusOK, map[string]any{"switches": s.switches, "lifetimes": s.lifetimes})
	}
}

// change sets the members that are given, and none if one of them is wrong.
func change[T interface{ check() error }](s *server, target *T, raw json.RawMessage) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	changed := *target
	if err := strict(raw, &changed); err != nil {
		return err
	}
	if err := changed.check(); err != nil {
		return err
	}
	*target = changed
	return nil
}

func strict(raw json.RawMessage, into any) error {
	decoder := json.NewDecoder(bytes.NewReader(raw))
	decoder.DisallowUnknownFields()
	if err := decoder.Decode(into); err != nil && !errors.Is(err, io.EOF) {
		return err
	}
	return nil
}

func (s *server) each(in which, do func(*token)) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if in.Kind != "" && in.Kind != "access" && in.Kind != "client" && in.Kind != "refresh" {
		return fmt.Errorf("kind is one of access, client, refresh")
	}
	for _, one := range s.tokens.order {
		if (in.User == "" || in.User == one.user) && (in.Client == "" || in.Client == one.client) && (in.Kind == "" || in.Kind == one.kind()) {
			do(one)
		}
	}
	return nil
}

// changeSessions ends the server's own sessions, or has them want another CSRF token.
func (s *server) changeSessions(in struct {
	Do string `json:"do"`
}) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch in.Do {
	case "end":
		clear(s.sessions)
	case "csrf":
		for _, one := range s.sessions {
			one.csrf = rand.Text()
		}
	default:
		return fmt.Errorf("do is end or csrf")
	}
	return nil
}

// listTokens is every token there was, by label.
func (s *server) listTokens(w http.ResponseWriter, _ *http.Request) {
	s.mu.Lock()
	defer s.mu.Unlock()
	list := []map[string]any{}
	for _, one := range s.tokens.order {
		said := map[string]any{"label": one.label, "kind": one.kind(), "client": one.client, "user": one.user, "scope": one.scope, "stands": s.stands(one)}
		if one.partner != nil {
			said["refresh"] = one.partner.label
		}
		list = append(list, said)
	}
	writeJSON(w, http.StatusOK, list)
}
