// Package page has the web page that shows a fleet, as files in the program: HTML, styles and ES modules that are written
// by hand and served as they are. The page is read-only. It reads the API below /api/v1/, which another package serves.
//
// The files hold no data of a fleet, so they may be served to whoever asks. They load nothing from other servers. All text
// that comes from the API is put into the page as text, never as HTML: workers may be hostile.
package page

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"io/fs"
	"mime"
	"net/http"
	"path"
	"strconv"
	"strings"
)

// CSP is the Content-Security-Policy with which the page works. It permits nothing but the page's own files and API.
const CSP = "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; connect-src 'self'; " +
	"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"

//go:embed assets
var files embed.FS

// An asset is one file as it is sent.
type asset struct {
	kind    string // Content-Type
	etag    string // of its content, quoted
	plain   []byte
	gzipped []byte // nil if it is not smaller
}

// types has the types of the files; package mime would read those of the machine.
var types = map[string]string{
	".html": "text/html; charset=utf-8", ".css": "text/css; charset=utf-8",
	".js": "text/javascript; charset=utf-8", ".svg": "image/svg+xml",
}

// Handler serves the page at / and its files at /assets/NAME, to GET and HEAD. A client asks again each time, and gets
// 304 while its copy is the present one. The caller adds the security headers, such as CSP.
func Handler() http.Handler {
	assets := load()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "the page is read-only: use GET", http.StatusMethodNotAllowed)
			return
		}
		a, ok := assets[r.URL.Path]
		if !ok {
			http.NotFound(w, r)
			return
		}
		a.send(w, r)
	})
}

func (a *asset) send(w http.ResponseWriter, r *http.Request) {
	header := w.Header()
	header.Set("Content-Type", a.kind)
	header.Set("ETag", a.etag)
	header.Set("Cache-Control", "no-cache") // ask whether the copy is still the present one
	header.Set("Vary", "Accept-Encoding")
	if matches(r.Header.Get("If-None-Match"), a.etag) {
		w.WriteHeader(http.StatusNotModified)
		return
	}
	body := a.plain
	if a.gzipped != nil && acceptsGzip(r.Header.Get("Accept-Encoding")) {
		header.Set("Content-Encoding", "gzip")
		body = a.gzipped
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	if r.Method == http.MethodGet {
		w.Write(body)
	}
}

// matches reports whether the value of If-None-Match names the tag.
func matches(value, etag string) bool {
	for tag := range strings.SplitSeq(value, ",") {
		if tag = strings.TrimPrefix(strings.TrimSpace(tag), "W/"); tag == etag || tag == "*" {
			return true
		}
	}
	return false
}

// acceptsGzip reports whether the value of Accept-Encoding names gzip with a weight above 0.
func acceptsGzip(value string) bool {
	for coding := range strings.SplitSeq(value, ",") {
		name, params, err := mime.ParseMediaType(coding)
		if err != nil || name != "gzip" {
			continue
		}
		weight, err := strconv.ParseFloat(params["q"], 64)
		return params["q"] == "" || err == nil && weight > 0
	}
	return false
}

// load returns the files by the path of their URL.
func load() map[string]*asset {
	assets := make(map[string]*asset)
	entries, err := fs.ReadDir(files, "assets")
	if err != nil {
		panic(err) // the directory is part of the program
	}
	for _, entry := range entries {
		body, err := files.ReadFile("assets/" + entry.Name())
		if err != nil {
			panic(err)
		}
		at := "/assets/" + entry.Name()
		if entry.Name() == "index.html" {
			at = "/"
		}
		assets[at] = newAsset(types[path.Ext(entry.Name())], body)
	}
	return assets
}

func newAsset(kind string, body []byte) *asset {
	sum := sha256.Sum256(body)
	a := &asset{kind: kind, etag: `"` + hex.EncodeToString(sum[:12]) + `"`, plain: body}
	var b bytes.Buffer
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression) // the level is valid, and a buffer takes all
	w.Write(body)
	w.Close()
	if b.Len() < len(body) {
		a.gzipped = b.Bytes()
	}
	return a
}
