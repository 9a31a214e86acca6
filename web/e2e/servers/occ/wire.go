package main

import (
	"encoding/json"
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
)

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v)
}

// write answers in JSON or XML.
func (s *server) write(w http.ResponseWriter, r *http.Request, status int, root string, body map[string]any) {
	if !s.wantsXML(r.Header.Get("Accept")) {
		writeJSON(w, status, body)
		return
	}
	w.Header().Set("Content-Type", "application/xml")
	w.Header().Set("Cache-Control", "no-store")
	w.WriteHeader(status)
	_, _ = io.WriteString(w, xml.Header)
	writeXML(w, root, body)
}

func (s *server) wantsXML(accept string) bool {
	asksJSON := strings.Contains(accept, "json")
	switch s.switches.XML {
	case "default":
		return !asksJSON
	case "asked":
		return !asksJSON && strings.Contains(accept, "xml")
	}
	return false
}

func writeXML(w io.Writer, name string, v any) {
	switch v := v.(type) {
	case []map[string]any:
		for _, one := range v {
			writeXML(w, name, one)
		}
	case []string:
		for _, one := range v {
			writeXML(w, name, one)
		}
	case map[string]any:
		_, _ = fmt.Fprintf(w, "<%s>", name)
		for _, key := range slices.Sorted(maps.Keys(v)) {
			writeXML(w, key, v[key])
		}
		_, _ = fmt.Fprintf(w, "</%s>", name)
	default:
		_, _ = fmt.Fprintf(w, "<%s>", name)
		_ = xml.EscapeText(w, []byte(fmt.Sprint(v)))
		_, _ = fmt.Fprintf(w, "</%s>", name)
	}
}

func readJSON(r *http.Request) (map[string]any, *refusal) {
	body := map[string]any{}
	err := json.NewDecoder(io.LimitReader(r.Body, 1<<20)).Decode(&body)
	if err != nil && err != io.EOF {
		return nil, refuse(http.StatusBadRequest, "HttpMessageNotReadableError", "The body is no JSON object")
	}
	return body, nil
}
