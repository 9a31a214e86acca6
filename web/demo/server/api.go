package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"

	"github.com/ory/fosite"
	"github.com/ory/fosite/handler/openid"
)

// api is the protected API that the page calls.
func (d *demo) api() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /api/public", func(w http.ResponseWriter, r *http.Request) {
		writeJSON(w, http.StatusOK, map[string]any{"public": true, "authorization": authorization(r)})
	})
	mux.HandleFunc("GET /api/me", d.protected(func(w http.ResponseWriter, _ *http.Request, grant fosite.AccessRequester) {
		writeJSON(w, http.StatusOK, map[string]any{
			"sub": grant.GetSession().GetSubject(), "scope": strings.Join(grant.GetGrantedScopes(), " "), "client": grant.GetClient().GetID(),
		})
	}))
	mux.HandleFunc("GET /api/orders", d.protected(func(w http.ResponseWriter, _ *http.Request, _ fosite.AccessRequester) {
		writeJSON(w, http.StatusOK, orders)
	}))
	mux.HandleFunc("/api/echo", d.protected(echo))
	return mux
}

type order struct {
	Number string  `json:"number"`
	Item   string  `json:"item"`
	Price  float64 `json:"price"`
	State  string  `json:"state"`
}

var orders = []order{
	{"2041", "Brass padlock", 18.50, "on its way"},
	{"2038", "Door chain, steel", 12.90, "delivered"},
	{"2033", "Spare keys, set of three", 9.00, "delivered"},
}

// echo tells what arrived, without repeating a value that may be secret.
func echo(w http.ResponseWriter, r *http.Request, _ fosite.AccessRequester) {
	hash := sha256.New()
	length, err := io.Copy(hash, r.Body)
	if err != nil {
		writeJSON(w, http.StatusBadRequest, map[string]any{"error": "the body broke off"})
		return
	}
	names := []string{}
	for name := range maps.Keys(r.Header) {
		names = append(names, strings.ToLower(name))
	}
	slices.Sort(names)
	writeJSON(w, http.StatusOK, map[string]any{
		"method": r.Method, "sha256": hex.EncodeToString(hash.Sum(nil)), "length": length,
		"contentType": r.Header.Get("Content-Type"), "headers": names,
	})
}

// userinfo is OpenID Connect Core 1.0, section 5.3.
func (d *demo) userinfo(w http.ResponseWriter, r *http.Request) {
	d.protected(func(w http.ResponseWriter, _ *http.Request, grant fosite.AccessRequester) {
		if !grant.GetGrantedScopes().Has("openid") {
			w.Header().Set("WWW-Authenticate", `Bearer error="insufficient_scope", scope="openid"`)
			writeJSON(w, http.StatusForbidden, map[string]any{"error": "insufficient_scope"})
			return
		}
		subject := grant.GetSession().GetSubject()
		claims := profile(subject, grant.GetGrantedScopes())
		claims["sub"] = subject
		writeJSON(w, http.StatusOK, claims)
	})(w, r)
}

// protected lets only live access tokens through. RFC 6750, section 3.1: no error code where there was no token.
func (d *demo) protected(next func(http.ResponseWriter, *http.Request, fosite.AccessRequester)) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		token, ok := bearer(r)
		if !ok {
			refuse(w, "Bearer", "unauthorized")
			return
		}
		grant, err := d.introspect(r.Context(), token)
		if err != nil {
			refuse(w, `Bearer error="invalid_token"`, "invalid_token")
			return
		}
		next(w, r, grant)
	}
}

func refuse(w http.ResponseWriter, challenge, code string) {
	w.Header().Set("WWW-Authenticate", challenge)
	writeJSON(w, http.StatusUnauthorized, map[string]any{"error": code})
}

func (d *demo) introspect(ctx context.Context, token string) (fosite.AccessRequester, error) {
	kind, grant, err := d.provider.IntrospectToken(ctx, token, fosite.AccessToken, &openid.DefaultSession{})
	if err == nil && kind != fosite.AccessToken { // fosite tries the other kind too
		err = fosite.ErrInvalidTokenFormat
	}
	return grant, err
}

func bearer(r *http.Request) (token string, ok bool) {
	scheme, token, found := strings.Cut(r.Header.Get("Authorization"), " ")
	return token, found && strings.EqualFold(scheme, "Bearer")
}
