package main

import (
	"bytes"
	"compress/gzip"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"time"
)

// serveEncoded sends a file in the best encoding the browser takes: the .br file beside it if it is not older, else
// gzip made here. Content-Type and ETag are set already.
func serveEncoded(w http.ResponseWriter, r *http.Request, full string, info os.FileInfo) {
	h := w.Header()
	h.Set("Vary", "Accept-Encoding")
	accepted := r.Header.Get("Accept-Encoding")
	if br, err := os.Stat(full + ".br"); err == nil && !br.ModTime().Before(info.ModTime()) && strings.Contains(accepted, "br") {
		encodeAs(h, "br")
		full += ".br"
	} else if compressible(h.Get("Content-Type")) && info.Size() > 1024 && strings.Contains(accepted, "gzip") {
		if body, err := gzipped(full, info); err == nil {
			encodeAs(h, "gzip")
			http.ServeContent(w, r, "", time.Time{}, bytes.NewReader(body))
			return
		}
	}
	file, err := os.Open(full)
	if err != nil {
		http.NotFound(w, r)
		return
	}
	defer func() { _ = file.Close() }()
	http.ServeContent(w, r, "", time.Time{}, file)
}

func compressible(kind string) bool {
	return strings.HasPrefix(kind, "text/") || strings.HasPrefix(kind, "application/") || kind == "image/svg+xml"
}

// encodeAs gives each encoding a tag of its own: they are different bytes.
func encodeAs(h http.Header, encoding string) {
	h.Set("Content-Encoding", encoding)
	h.Set("ETag", strings.TrimSuffix(h.Get("ETag"), `"`)+"-"+encoding+`"`)
}

var gzipCache sync.Map // file, time and size → bytes

func gzipped(full string, info os.FileInfo) ([]byte, error) {
	key := fmt.Sprint(full, info.ModTime().UnixNano(), info.Size())
	if body, ok := gzipCache.Load(key); ok {
		return body.([]byte), nil
	}
	plain, err := os.ReadFile(full)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	zip := gzip.NewWriter(&out)
	if _, err := zip.Write(plain); err != nil {
		return nil, err
	}
	if err := zip.Close(); err != nil {
		return nil, err
	}
	gzipCache.Store(key, out.Bytes())
	return out.Bytes(), nil
}
