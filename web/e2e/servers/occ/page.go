package main

import (
	"bytes"
	"embed"
	"html/template"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
)

//go:embed pages
var pageFiles embed.FS

var templates = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

func (s *server) show(w http.ResponseWriter, status int, name string, data any) {
	var page bytes.Buffer
	if err := templates.ExecuteTemplate(&page, name, data); err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	w.Header().Set("Content-Type", "text/html; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = w.Write(page.Bytes())
}

// sharedLogin is the third origin: one login page for several shops, any path of it.
func (s *server) sharedLogin(w http.ResponseWriter, _ *http.Request) {
	s.show(w, http.StatusOK, "shared.html", s.origin)
}

// Not left to the mime package, which asks the machine's own tables.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".mjs": "text/javascript; charset=utf-8", ".json": "application/json", ".map": "application/json", ".wasm": "application/wasm",
}

// pageHandler is the first origin: the page, on every path that is no file, and the built files below /dist/.
func (s *server) pageHandler() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		name, root := path.Clean("/"+r.URL.Path), s.static
		if below, ok := strings.CutPrefix(name, "/dist/"); ok {
			name, root = "/"+below, s.dist
		} else if path.Ext(name) == "" {
			name = "/index.html"
		}
		content, err := os.ReadFile(filepath.Join(root, filepath.FromSlash(name)))
		if err != nil {
			http.NotFound(w, r)
			return
		}
		kind, known := contentTypes[path.Ext(name)]
		if !known {
			kind = "application/octet-stream"
		}
		w.Header().Set("Content-Type", kind)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		w.Header().Set("Cache-Control", "no-cache")
		if s.csp != "" {
			w.Header().Set("Content-Security-Policy", strings.ReplaceAll(s.csp, "{server}", s.origin))
		}
		_, _ = w.Write(content)
	})
}
