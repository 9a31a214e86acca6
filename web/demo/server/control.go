package main

import (
	"context"
	"encoding/json"
	"errors"
	"io"
	"maps"
	"net/http"
	"slices"
	"time"
)

// controls are the switches that tests and the demo page turn. They are there with -control only, and refuse
// requests that a browser sends for any site but the page.
func (d *demo) controls() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /control/expire", turn(d, func(struct{}) error { return d.expire() }))
	mux.HandleFunc("POST /control/revoke", turn(d, func(in struct {
		User string `json:"user"`
	}) error {
		return d.forget(in.User)
	}))
	mux.HandleFunc("POST /control/lifetime", turn(d, func(in struct {
		Seconds int `json:"seconds"`
	}) error {
		if in.Seconds < 1 {
			return errors.New("seconds must be at least 1")
		}
		d.lifetime.set(time.Duration(in.Seconds) * time.Second)
		return nil
	}))
	mux.HandleFunc("POST /control/token", turn(d, func(in faultSetting) error { return d.setFault(d.tokenFault, in) }))
	mux.HandleFunc("POST /control/api", turn(d, func(in faultSetting) error { return d.setFault(d.apiFault, in) }))
	mux.HandleFunc("POST /control/reset", turn(d, func(struct{}) error {
		d.lifetime.set(d.accessTokenLifetime)
		d.log.reset()
		return errors.Join(d.setFault(d.tokenFault, faultSetting{Mode: "ok"}), d.setFault(d.apiFault, faultSetting{Mode: "ok"}))
	}))
	mux.HandleFunc("GET /control/state", func(w http.ResponseWriter, _ *http.Request) { writeJSON(w, http.StatusOK, d.state()) })
	mux.HandleFunc("GET /control/log", d.log.serve)
	protection := http.NewCrossOriginProtection()
	_ = protection.AddTrustedOrigin(d.page) // an origin we made ourselves
	return protection.Handler(mux)
}

// turn reads a switch's JSON body, which may be empty, and answers with the state after it.
func turn[T any](d *demo, do func(T) error) http.HandlerFunc {
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
		writeJSON(w, http.StatusOK, d.state())
	}
}

func (d *demo) state() map[string]any {
	return map[string]any{"lifetime": int(d.lifetime.get().Seconds()), "token": d.tokenFault.get(), "api": d.apiFault.get()}
}

// setFault also decides about keep-alive: a browser sends a request again by itself when a connection it has used
// before breaks, so while connections are dropped each request gets a fresh one.
func (d *demo) setFault(f *fault, s faultSetting) error {
	if err := s.check(); err != nil {
		return err
	}
	f.set(s)
	d.apiServer.SetKeepAlivesEnabled(!d.tokenFault.get().dropping() && !d.apiFault.get().dropping())
	return nil
}

// expire makes every access token there is dead; refresh tokens live on.
func (d *demo) expire() error {
	d.grants.Lock()
	defer d.grants.Unlock()
	for _, signature := range slices.Collect(maps.Keys(d.store.AccessTokens)) {
		if err := d.store.DeleteAccessTokenSession(context.Background(), signature); err != nil {
			return err
		}
	}
	return nil
}

// forget makes every refresh token of the user dead, or everybody's; access tokens live on until they expire.
func (d *demo) forget(user string) error {
	d.grants.Lock()
	defer d.grants.Unlock()
	for signature, grant := range maps.Clone(d.store.RefreshTokens) {
		if user != "" && grant.GetSession().GetSubject() != user {
			continue
		}
		if err := d.store.DeleteRefreshTokenSession(context.Background(), signature); err != nil {
			return err
		}
	}
	return nil
}
