package main

import (
	"fmt"
	"net/http"
	"os"
	"path"
	"path/filepath"
	"strings"
)

// pageHandler is the first origin: the page, the built files below /dist/, and what the page has to know.
func (d *demo) pageHandler() http.Handler {
	mux := http.NewServeMux()
	mux.HandleFunc("GET /config.json", d.config)
	mux.Handle("GET /dist/", http.StripPrefix("/dist", files{root: d.dist}))
	mux.Handle("GET /", files{root: d.static, routes: true})
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Content-Type-Options", "nosniff")
		if d.csp != "" {
			w.Header().Set("Content-Security-Policy", strings.ReplaceAll(d.csp, "{issuer}", d.issuer))
		}
		mux.ServeHTTP(w, r)
	})
}

func (d *demo) config(w http.ResponseWriter, _ *http.Request) {
	config := map[string]any{
		"issuer": d.issuer, "api": d.issuer + "/api/",
		"clients": map[string]string{"code": codeClient, "password": passwordClient}, "users": users,
	}
	if d.control {
		config["control"] = d.issuer + "/control/"
	}
	writeJSON(w, http.StatusOK, config)
}

// files serves a folder. The folder may be built anew, or not be there yet, while the server runs.
type files struct {
	root   string
	routes bool // a path that is no file is a route of the page's own: the page itself
}

// Not left to the mime package, which asks the machine's own tables.
var contentTypes = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8", ".js": "text/javascript; charset=utf-8",
	".mjs": "text/javascript; charset=utf-8", ".json": "application/json", ".map": "application/json", ".wasm": "application/wasm",
	".svg": "image/svg+xml", ".png": "image/png", ".ico": "image/x-icon", ".txt": "text/plain; charset=utf-8", ".ts": "text/plain; charset=utf-8",
}

func (f files) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	name := path.Clean("/" + r.URL.Path)
	if strings.HasSuffix(r.URL.Path, "/") {
		name = path.Join(name, "index.html")
	}
	full := filepath.Join(f.root, filepath.FromSlash(name))
	info, err := os.Stat(full)
	if f.routes && (err != nil || info.IsDir()) && path.Ext(name) == "" {
		name, full = "/index.html", filepath.Join(f.root, "index.html")
		info, err = os.Stat(full)
	}
	if err != nil || info.IsDir() {
		http.NotFound(w, r)
		return
	}
	kind, known := contentTypes[path.Ext(name)]
	if !known {
		kind = "application/octet-stream"
	}
	h := w.Header()
	h.Set("Content-Type", kind)
	h.Set("Cache-Control", "no-cache") // kept, and asked about each time
	h.Set("ETag", fmt.Sprintf(`"%x-%x"`, info.ModTime().UnixNano(), info.Size()))
	serveEncoded(w, r, full, info)
}
