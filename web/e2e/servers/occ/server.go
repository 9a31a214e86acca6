package main

import (
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"
)

type options struct {
	static, dist, csp string
}

// server is three origins on free loopback ports: the shop's page, SAP Commerce, and a login page that several shops
// would share.
type server struct {
	options
	page, origin, shared string // without a slash at the end

	mu        sync.Mutex // guards what follows up to the next empty line
	switches  switches
	lifetimes lifetimes
	tokens    tokens
	codes     map[string]*code
	users     *users
	sessions  map[string]*session

	now    func() time.Time
	faults *faults
	log    *requestLog

	servers []*http.Server
}

// start listens and serves. The caller must close the result.
func start(o options) (*server, error) {
	s := &server{options: o, now: time.Now, faults: newFaults(), log: newRequestLog()}
	s.reset()
	for _, one := range []struct {
		origin  *string
		handler http.Handler
	}{{&s.page, s.pageHandler()}, {&s.origin, s.handler()}, {&s.shared, http.HandlerFunc(s.sharedLogin)}} {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		if err != nil {
			s.close()
			return nil, fmt.Errorf("a free port: %w", err)
		}
		*one.origin = "http://" + listener.Addr().String()
		serving := &http.Server{Handler: atHost(one.origin, one.handler), ReadHeaderTimeout: 10 * time.Second}
		s.servers = append(s.servers, serving)
		defer func() { go func() { _ = serving.Serve(listener) }() }() // when every origin is known
	}
	return s, nil
}

// close drops every connection, requests that hang included.
func (s *server) close() {
	var all []error
	for _, one := range s.servers {
		all = append(all, one.Close())
	}
	_ = errors.Join(all...)
}

// reset makes everything as it was at the start.
func (s *server) reset() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.switches, s.lifetimes, s.users = usualSwitches(), usualLifetimes(), newUsers()
	s.tokens, s.codes, s.sessions = newTokens(), map[string]*code{}, map[string]*session{}
	s.faults.reset()
	s.log.reset()
}

// handler is SAP Commerce: what the page talks to, and the controls of the tests, which are neither recorded nor faulty.
func (s *server) handler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /authorizationserver/oauth/token", s.token)
	mux.HandleFunc("POST /authorizationserver/oauth/revoke", s.revoke)
	mux.HandleFunc("GET /authorizationserver/oauth/authorize", s.authorize)
	mux.HandleFunc("GET /authorizationserver/csrf", s.csrf)
	mux.HandleFunc("GET /authorizationserver/login", s.loginForm)
	mux.HandleFunc("POST /authorizationserver/login", s.login)
	mux.HandleFunc("GET /authorizationserver/logout", s.logout)
	mux.Handle("/occ/v2/", s.occ())
	mux.Handle("/assistedservicewebservices/", s.assisted())
	all := http.NewServeMux()
	all.Handle("/control/", s.control())
	all.Handle("/", s.log.wrap(s, s.cors(s.faults.wrap(mux))))
	return all
}

// atHost keeps out names that only pretend to be this machine: the origin is known once the port is.
func atHost(origin *string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if u, _ := url.Parse(*origin); r.Host != u.Host {
			http.Error(w, "this server is "+*origin, http.StatusMisdirectedRequest)
			return
		}
		next.ServeHTTP(w, r)
	})
}
