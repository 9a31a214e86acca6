package main

import "net/http"

// cors lets the page's origin, and no other, read what this origin answers. The two endpoints that a browser
// navigates to have no CORS: no script has business there.
func (d *demo) cors(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		h := w.Header()
		h.Add("Vary", "Origin")
		if r.Header.Get("Origin") != d.page || r.URL.Path == "/authorize" || r.URL.Path == "/logout" {
			next.ServeHTTP(w, r)
			return
		}
		h.Set("Access-Control-Allow-Origin", d.page)
		h.Set("Timing-Allow-Origin", d.page) // the page draws when an answer came
		h.Set("Access-Control-Expose-Headers", "WWW-Authenticate, Retry-After")
		method := r.Header.Get("Access-Control-Request-Method")
		if r.Method != http.MethodOptions || method == "" {
			next.ServeHTTP(w, r)
			return
		}
		// The one trusted origin may send what it likes.
		h.Set("Access-Control-Allow-Methods", method)
		if names := r.Header.Get("Access-Control-Request-Headers"); names != "" {
			h.Set("Access-Control-Allow-Headers", names)
		}
		h.Set("Access-Control-Max-Age", "600")
		w.WriteHeader(http.StatusNoContent)
	})
}
