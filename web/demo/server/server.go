package main

import (
	"crypto/ecdsa"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"sync"
	"time"

	"github.com/ory/fosite"
)

type options struct {
	pageAddr, apiAddr    string
	static, dist         string
	accessTokenLifetime  time.Duration
	refreshTokenLifetime time.Duration
	control              bool
	csp                  string
	redirects            []string // paths
	late                 time.Duration
}

// demo is both servers and what they share.
type demo struct {
	options
	page, issuer string // origins, without a slash at the end

	provider fosite.OAuth2Provider
	store    store
	key      *ecdsa.PrivateKey
	lifetime lifetime
	logins   logins

	// grants is held by whatever writes tokens. fosite's memory store reads and rotates in two steps, and
	// without this two racing refreshes could both win.
	grants sync.Mutex

	tokenFault, apiFault *fault
	log                  *requestLog

	pageServer, apiServer *http.Server
}

// start listens on both addresses and serves. The caller must close the result.
func start(o options) (*demo, error) {
	pages, err := net.Listen("tcp", o.pageAddr)
	if err != nil {
		return nil, fmt.Errorf("the page's address: %w (-page takes another one, port 0 a free one)", err)
	}
	api, err := net.Listen("tcp", o.apiAddr)
	if err != nil {
		return nil, errors.Join(fmt.Errorf("the API's address: %w", err), pages.Close())
	}
	d := &demo{
		options: o, page: "http://" + pages.Addr().String(), issuer: "http://" + api.Addr().String(),
		tokenFault: newFault(), apiFault: newFault(), log: newRequestLog(),
	}
	d.lifetime.set(o.accessTokenLifetime)
	if err := d.compose(); err != nil {
		return nil, errors.Join(err, pages.Close(), api.Close())
	}
	d.pageServer = &http.Server{Handler: late(o.late, atHost(d.page, d.pageHandler())), ReadHeaderTimeout: 10 * time.Second}
	d.apiServer = &http.Server{Handler: late(o.late, atHost(d.issuer, d.apiHandler())), ReadHeaderTimeout: 10 * time.Second}
	go func() { _ = d.pageServer.Serve(pages) }()
	go func() { _ = d.apiServer.Serve(api) }()
	return d, nil
}

// close drops every connection, requests that hang included.
func (d *demo) close() {
	_ = errors.Join(d.pageServer.Close(), d.apiServer.Close())
}

// apiHandler is the second origin: authorization server, API and switches.
func (d *demo) apiHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /.well-known/openid-configuration", d.metadata)
	mux.HandleFunc("GET /jwks.json", d.jwks)
	mux.HandleFunc("GET /authorize", d.authorize)
	mux.HandleFunc("POST /authorize", d.authorize)
	mux.HandleFunc("POST /token", d.tokenFault.wrap(d.token))
	mux.HandleFunc("POST /revoke", d.revoke)
	mux.HandleFunc("/userinfo", d.userinfo)
	mux.HandleFunc("GET /logout", d.logout)
	mux.HandleFunc("POST /logout", d.logout)
	mux.HandleFunc("GET /pages.css", stylesheet)
	mux.HandleFunc("/api/", d.apiFault.wrap(d.api().ServeHTTP))
	handler := d.log.wrap(mux)
	if d.control {
		all := http.NewServeMux()
		all.Handle("/control/", d.controls())
		all.Handle("/", handler)
		handler = all
	}
	return d.cors(handler)
}

// atHost sends a visitor who came by another name (localhost, say) to the one that CORS and redirect URIs know.
// It also keeps names that only pretend to be this machine out.
func atHost(origin string, next http.Handler) http.Handler {
	u, _ := url.Parse(origin)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Host == u.Host:
			next.ServeHTTP(w, r)
		case r.Method == http.MethodGet:
			http.Redirect(w, r, origin+r.URL.RequestURI(), http.StatusTemporaryRedirect)
		default:
			http.Error(w, "this server is "+origin, http.StatusMisdirectedRequest)
		}
	})
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	if w.Header().Get("Cache-Control") == "" {
		w.Header().Set("Cache-Control", "no-store")
	}
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}
