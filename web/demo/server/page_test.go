package main

import (
	"bytes"
	"compress/gzip"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestConfigTellsThePageWhatItNeeds(t *testing.T) {
	r := startDemo(t)
	got := r.get(r.page + "/config.json").json(t)
	assert.Equal(t, r.issuer, got["issuer"])
	assert.Equal(t, r.issuer+"/api/", got["api"])
	assert.Equal(t, map[string]any{"code": codeClient, "password": passwordClient}, got["clients"])
	assert.Equal(t, r.issuer+"/control/", got["control"])
	without := startDemo(t, func(o *options) { o.control = false })
	assert.NotContains(t, without.get(without.page+"/config.json").json(t), "control")
}

func TestStaticFiles(t *testing.T) {
	r := startDemo(t, func(o *options) { o.csp = "connect-src 'self' {issuer}" })
	program := bytes.Repeat([]byte("wasm"), 1000)
	require.NoError(t, os.WriteFile(filepath.Join(r.dist, "a.wasm"), program, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(r.dist, "b.wasm"), program, 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(r.dist, "b.wasm.br"), []byte("as if it were brotli"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(r.static, "app.js"), []byte("0"), 0o600))

	for _, path := range []string{"/", "/callback", "/second", "/index.html"} {
		a := r.get(r.page + path)
		assert.Equal(t, http.StatusOK, a.status, path)
		assert.Contains(t, string(a.body), "<title>page</title>", path)
		assert.Equal(t, "connect-src 'self' "+r.issuer, a.header.Get("Content-Security-Policy"))
	}
	assert.Equal(t, "text/javascript; charset=utf-8", r.get(r.page+"/app.js").header.Get("Content-Type"))
	for _, path := range []string{"/missing.js", "/dist/", "/dist/missing"} {
		assert.Equal(t, http.StatusNotFound, r.get(r.page+path).status, path)
	}

	plain := r.get(r.page+"/dist/a.wasm", "Accept-Encoding", "identity")
	assert.Equal(t, "application/wasm", plain.header.Get("Content-Type"))
	assert.Equal(t, program, plain.body)
	zipped := r.get(r.page+"/dist/a.wasm", "Accept-Encoding", "gzip, br")
	assert.Equal(t, "gzip", zipped.header.Get("Content-Encoding"))
	assert.Equal(t, "application/wasm", zipped.header.Get("Content-Type"))
	reader, err := gzip.NewReader(bytes.NewReader(zipped.body))
	require.NoError(t, err)
	unzipped, err := io.ReadAll(reader)
	require.NoError(t, err)
	assert.Equal(t, program, unzipped)
	brotli := r.get(r.page+"/dist/b.wasm", "Accept-Encoding", "gzip, br")
	assert.Equal(t, "br", brotli.header.Get("Content-Encoding"))
	assert.Equal(t, "as if it were brotli", string(brotli.body))
	assert.NotEqual(t, zipped.header.Get("ETag"), plain.header.Get("ETag"))
	kept := r.get(r.page+"/dist/a.wasm", "Accept-Encoding", "gzip, br", "If-None-Match", zipped.header.Get("ETag"))
	assert.Equal(t, http.StatusNotModified, kept.status)
}

func TestNothingOutsideTheFolder(t *testing.T) {
	outer := t.TempDir()
	require.NoError(t, os.Mkdir(filepath.Join(outer, "dist"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(outer, "outside.txt"), []byte("outside"), 0o600))
	for _, path := range []string{"/../outside.txt", "/x/../../outside.txt", "/%2e%2e/outside.txt"} {
		recorder := httptest.NewRecorder() // no mux before it, which would clean the path
		files{root: filepath.Join(outer, "dist")}.ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, path, nil))
		assert.Equal(t, http.StatusNotFound, recorder.Code, path)
	}
}

func TestOneNameForEachOrigin(t *testing.T) {
	r := startDemo(t)
	u, err := url.Parse(r.page)
	require.NoError(t, err)
	a := r.get("http://localhost:" + u.Port() + "/second?x=1")
	assert.Equal(t, r.page+"/second?x=1", a.header.Get("Location"))
	other, err := r.do(http.MethodPost, strings.Replace(r.issuer, "127.0.0.1", "localhost", 1)+"/token", nil)
	require.NoError(t, err)
	assert.Equal(t, http.StatusMisdirectedRequest, other.status)
}

func TestWhatIsLateIsWhole(t *testing.T) {
	page := strings.Repeat("a page in parts\n", 10_000)
	recorder := httptest.NewRecorder()
	late(time.Millisecond, http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusTeapot)
		for part := range strings.Lines(page) {
			_, _ = io.WriteString(w, part)
		}
	})).ServeHTTP(recorder, httptest.NewRequest(http.MethodGet, "/", nil))
	assert.Equal(t, http.StatusTeapot, recorder.Code)
	assert.Equal(t, page, recorder.Body.String())
}
