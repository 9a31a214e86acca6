package main

import (
	"net/http"
	"slices"
	"strings"
)

var (
	corsMethods = []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}
	// corsHeaders are what a shop's page needs. Anything else in a preflight is refused, so that a marker that was meant
	// to stay in the browser breaks its request.
	corsHeaders = []string{"authorization", "content-type", "accept", "sap-commerce-cloud-user-id"}
)

// cors lets the pages that are listed call, as Spring does: others, and what is not listed, get 403. What a browser
// navigates to has none of it.
func (s *server) cors(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Add("Vary", "Origin")
		origin := r.Header.Get("Origin")
		if origin == "" || navigated(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		allowed, exposed := s.mayCall(origin)
		asked := r.Header.Get("Access-Control-Request-Method")
		if !allowed || asked != "" && r.Method == http.MethodOptions && !mayAsk(asked, r.Header.Get("Access-Control-Request-Headers")) {
			http.Error(w, "Invalid CORS request", http.StatusForbidden)
			return
		}
		h.Set("Access-Control-Allow-Origin", origin)
		if r.URL.Path == "/authorizationserver/csrf" {
			h.Set("Access-Control-Allow-Credentials", "true")
		}
		if exposed {
			h.Set("Access-Control-Expose-Headers", "WWW-Authenticate")
		}
		if r.Method != http.MethodOptions || asked == "" {
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Methods", strings.Join(corsMethods, ", "))
		h.Set("Access-Control-Allow-Headers", strings.Join(corsHeaders, ", "))
		w.WriteHeader(http.StatusNoContent)
	})
}

func navigated(path string) bool {
	return path == "/authorizationserver/oauth/authorize" || path == "/authorizationserver/login" || path == "/authorizationserver/logout"
}

func mayAsk(method, headers string) bool {
	if !slices.Contains(corsMethods, method) {
		return false
	}
	for name := range strings.SplitSeq(headers, ",") {
		if name = strings.ToLower(strings.TrimSpace(name)); name != "" && !slices.Contains(corsHeaders, name) {
			return false
		}
	}
	return true
}

func (s *server) mayCall(origin string) (allowed, exposed bool) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.ours(origin), s.switches.ExposeChallenge
}

// ours is true for the origins of pages, which may call and be returned to.
func (s *server) ours(origin string) bool {
	return origin == s.page || origin == s.shared || slices.Contains(s.switches.Origins, origin)
}
