package web

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"net/http"
	"strconv"
	"sync"
	"time"

	"factorfleet/internal/observe"
)

// What clients that send many requests, or read their answers slowly, may cost: answers of the API are made and sent
// maxAnswers at a time, and those with the same View share their bytes. A View of 10,000 jobs has 4 MB.
const (
	maxAnswers  = 16
	wait        = 3 * time.Second  // of a request for one of the maxAnswers
	sendTimeout = 30 * time.Second // of an answer
	leastGzip   = 1 << 10          // bytes of an answer that is compressed
)

// handleAPI mounts a handler below /api/v1/. maxAnswers of all these handlers run at a time; a further request waits, and
// is refused after a while.
func (s *Server) handleAPI(path string, answer http.HandlerFunc) {
	s.guarded.HandleFunc(apiPrefix+path, func(w http.ResponseWriter, r *http.Request) {
		patience := time.NewTimer(s.config.wait)
		defer patience.Stop()
		select {
		case s.answers <- struct{}{}:
			defer func() { <-s.answers }()
			answer(w, r)
		case <-patience.C:
			w.Header().Set("Retry-After", "2")
			fail(w, r, http.StatusServiceUnavailable, "too many requests at a time")
		case <-r.Context().Done():
		}
	})
}

// A document is JSON that is sent to one client or to several.
type document struct {
	plain []byte
	once  sync.Once
	small []byte // guarded by once; compressed
}

// compressed returns the gzip form.
func (d *document) compressed() []byte {
	d.once.Do(func() {
		var b bytes.Buffer
		w, err := gzip.NewWriterLevel(&b, gzip.BestSpeed)
		if err != nil { // the level is valid
			panic("web: internal error: " + err.Error())
		}
		w.Write(d.plain)
		w.Close()
		d.small = b.Bytes()
	})
	return d.small
}

// documents keeps the document of the last View.
type documents struct {
	mu   sync.Mutex
	view *observe.View // guarded by mu; of which last was made
	last *document     // guarded by mu
}

// of returns the document of a View.
func (x *documents) of(v *observe.View) (*document, error) {
	x.mu.Lock()
	defer x.mu.Unlock()
	if x.view == v {
		return x.last, nil
	}
	body, err := json.Marshal(v)
	if err != nil {
		return nil, err
	}
	x.view, x.last = v, &document{plain: body}
	return x.last, nil
}

// sendJSON writes JSON, compressed if the client accepts that.
func sendJSON(w http.ResponseWriter, r *http.Request, code int, body []byte) {
	sendDocument(w, r, code, &document{plain: body})
}

// sendDocument writes a document, compressed if the client accepts that.
func sendDocument(w http.ResponseWriter, r *http.Request, code int, d *document) {
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Add("Vary", "Accept-Encoding")
	body := d.plain
	if len(body) >= leastGzip && acceptsGzip(r) {
		h.Set("Content-Encoding", "gzip")
		body = d.compressed()
	}
	h.Set("Content-Length", strconv.Itoa(len(body)))
	http.NewResponseController(w).SetWriteDeadline(time.Now().Add(sendTimeout)) // not possible in tests without a connection
	w.WriteHeader(code)
	w.Write(body) // for HEAD the server leaves it out
}
