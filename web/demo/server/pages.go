package main

import (
	"embed"
	"html/template"
	"net/http"
)

// The authorization server's own pages.
//
//go:embed pages
var pageFiles embed.FS

var pageTemplates = template.Must(template.ParseFS(pageFiles, "pages/*.html"))

func (d *demo) show(w http.ResponseWriter, status int, name string, data any) {
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Referrer-Policy", "same-origin")
	// form-action names the page too: browsers hold the redirect after the form to it.
	h.Set("Content-Security-Policy", "default-src 'none'; style-src 'self'; img-src data:; base-uri 'none'; frame-ancestors 'none'; form-action 'self' "+d.page)
	w.WriteHeader(status)
	_ = pageTemplates.ExecuteTemplate(w, name, data)
}

func (d *demo) showSignIn(w http.ResponseWriter, status int, username, problem string) {
	d.show(w, status, "signin.html", map[string]any{"Username": username, "Problem": problem, "Users": users})
}

func (d *demo) showSignOut(w http.ResponseWriter) {
	d.show(w, http.StatusOK, "signout.html", nil)
}

func (d *demo) showMessage(w http.ResponseWriter, status int, title, text string) {
	d.show(w, status, "message.html", map[string]any{"Title": title, "Text": text, "Home": d.page + "/"})
}

func stylesheet(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-cache")
	http.ServeFileFS(w, r, pageFiles, "pages/pages.css")
}
