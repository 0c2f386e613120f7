package page_test

import (
	"bytes"
	"compress/gzip"
	"io"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"strings"
	"testing"

	"factorfleet/internal/page"
)

func request(method, path string, header http.Header) *httptest.ResponseRecorder {
	r := httptest.NewRequest(method, path, nil)
	r.Header = header
	w := httptest.NewRecorder()
	page.Handler().ServeHTTP(w, r)
	return w
}

func TestHandler(t *testing.T) {
	for _, test := range []struct {
		method, path string
		code         int
		kind         string
	}{
		{"GET", "/", 200, "text/html; charset=utf-8"},
		{"HEAD", "/", 200, "text/html; charset=utf-8"},
		{"GET", "/assets/app.js", 200, "text/javascript; charset=utf-8"},
		{"GET", "/assets/base.css", 200, "text/css; charset=utf-8"},
		{"GET", "/assets/icon.svg", 200, "image/svg+xml"},
		{"GET", "/assets/", 404, ""},
		{"GET", "/assets/index.html", 404, ""},
		{"GET", "/assets/../page.go", 404, ""},
		{"GET", "/index.html", 404, ""},
		{"POST", "/", 405, ""},
	} {
		w := request(test.method, test.path, nil)
		if w.Code != test.code || test.kind != "" && w.Header().Get("Content-Type") != test.kind {
			t.Errorf("%s %s: %d %s", test.method, test.path, w.Code, w.Header().Get("Content-Type"))
		}
		if (w.Body.Len() == 0) != (test.method == "HEAD") {
			t.Errorf("%s %s: a body of %d bytes", test.method, test.path, w.Body.Len())
		}
	}
}

// A client that has the present file gets no body, and one that takes gzip gets the same content compressed.
func TestCachedAndCompressed(t *testing.T) {
	plain := request("GET", "/assets/app.js", nil)
	tag := plain.Header().Get("ETag")
	for value, code := range map[string]int{tag: 304, `"x", W/` + tag: 304, "*": 304, `"x"`: 200, "": 200} {
		if w := request("GET", "/assets/app.js", http.Header{"If-None-Match": {value}}); w.Code != code || code == 304 && w.Body.Len() > 0 {
			t.Errorf("If-None-Match %s: %d", value, w.Code)
		}
	}
	for value, zipped := range map[string]bool{"gzip": true, "br, gzip;q=0.5": true, "gzip;q=0": false, "gzipped": false, "": false} {
		w := request("GET", "/assets/app.js", http.Header{"Accept-Encoding": {value}})
		if (w.Header().Get("Content-Encoding") == "gzip") != zipped {
			t.Errorf("Accept-Encoding %q: %v", value, w.Header())
		}
		if !zipped {
			continue
		}
		r, err := gzip.NewReader(w.Body)
		if err != nil {
			t.Fatal(err)
		}
		if got, err := io.ReadAll(r); err != nil || !bytes.Equal(got, plain.Body.Bytes()) {
			t.Errorf("decompressed: %d bytes, %v", len(got), err)
		}
	}
}

// The files obey the policy of CSP by their text: nothing of other servers, no script or style within HTML, and no way by
// which a text of the API could become HTML or code.
func TestFilesAreInert(t *testing.T) {
	forbidden := map[string]*regexp.Regexp{
		"another server":  regexp.MustCompile(`https?:|//[a-z]+\.|@import`),
		"text as HTML":    regexp.MustCompile(`innerHTML|outerHTML|insertAdjacentHTML|document\.write|DOMParser|srcdoc|createContextualFragment`),
		"text as code":    regexp.MustCompile(`\beval\b|new Function|javascript:|import\(`),
		"inline in HTML":  regexp.MustCompile(`<style|<script(?: type="module")?>|\sstyle="|<[^>]*\son[a-z]+="`),
		"kept on machine": regexp.MustCompile(`localStorage|document\.cookie|indexedDB`),
	}
	names := regexp.MustCompile(`http://www\.w3\.org/[a-z0-9/]+`) // namespaces, which nobody loads
	root := os.DirFS("assets")
	entries, err := fs.ReadDir(root, ".")
	if err != nil {
		t.Fatal(err)
	}
	for _, entry := range entries {
		b, err := fs.ReadFile(root, entry.Name())
		if err != nil {
			t.Fatal(err)
		}
		text := names.ReplaceAllString(string(b), "")
		for what, pattern := range forbidden {
			if found := pattern.FindString(text); found != "" {
				t.Errorf("%s: %s: %q", entry.Name(), what, found)
			}
		}
		if n := strings.Count(text, "\n"); n > 160 {
			t.Errorf("%s has %d lines: split it", entry.Name(), n)
		}
	}
}
