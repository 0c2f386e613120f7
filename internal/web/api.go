package web

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"strconv"
	"strings"

	"factorfleet/internal/observe"
	"factorfleet/internal/text"
)

const (
	apiPrefix    = "/api/v1/"
	defaultLimit = 100
	maxSearch    = 100 // bytes
)

// routes mounts the API.
func (s *Server) routes() {
	o := s.config.Observer
	s.guarded.HandleFunc(apiPrefix+"events", s.serveEvents)
	s.handleAPI("view", func(w http.ResponseWriter, r *http.Request) {
		v, err := o.Latest(r.Context())
		if err != nil {
			send(w, r, nil, err)
			return
		}
		d, err := s.views.of(v)
		if err != nil {
			unwritable(w, r)
			return
		}
		sendDocument(w, r, http.StatusOK, d)
	})
	s.handleAPI("jobs", func(w http.ResponseWriter, r *http.Request) {
		q, err := query(r.URL.Query(), observe.MaxPage)
		if err != nil {
			send(w, r, nil, err)
			return
		}
		page, err := o.Jobs(r.Context(), observe.JobQuery{State: r.URL.Query().Get("state"), Query: q})
		send(w, r, page, err)
	})
	s.handleAPI("jobs/{id}", func(w http.ResponseWriter, r *http.Request) {
		v, err := o.Job(r.Context(), r.PathValue("id"))
		send(w, r, v, err)
	})
	s.handleAPI("workers", func(w http.ResponseWriter, r *http.Request) {
		q, err := query(r.URL.Query(), observe.MaxPage)
		if err != nil {
			send(w, r, nil, err)
			return
		}
		page, err := o.Workers(r.Context(), q)
		send(w, r, page, err)
	})
	s.handleAPI("dead", func(w http.ResponseWriter, r *http.Request) {
		q, err := query(r.URL.Query(), observe.MaxLetters)
		if err != nil {
			send(w, r, nil, err)
			return
		}
		page, err := o.Dead(r.Context(), observe.DeadQuery{Job: r.URL.Query().Get("job"), Query: q})
		send(w, r, page, err)
	})
	s.guarded.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		fail(w, r, http.StatusNotFound, "there is nothing at this address")
	})
}

// query reads the parameters of a list. A limit above most counts as most.
func query(values url.Values, most int) (q observe.Query, err error) {
	q = observe.Query{Search: values.Get("search"), Sort: values.Get("sort"), Limit: min(defaultLimit, most)}
	if len(q.Search) > maxSearch {
		return q, fmt.Errorf("%w: search has at most %d bytes", observe.ErrQuery, maxSearch)
	}
	for name, at := range map[string]*int{"offset": &q.Offset, "limit": &q.Limit} {
		if !values.Has(name) {
			continue
		}
		if *at, err = strconv.Atoi(values.Get(name)); err != nil || *at < 0 {
			return q, fmt.Errorf("%w: %s must be a number from 0", observe.ErrQuery, name)
		}
	}
	q.Limit = min(q.Limit, most)
	return q, nil
}

// status returns the status code of an error of an Observer.
func status(err error) int {
	switch {
	case errors.Is(err, observe.ErrNoJob):
		return http.StatusNotFound
	case errors.Is(err, observe.ErrQuery):
		return http.StatusBadRequest
	case errors.Is(err, observe.ErrRefused):
		return http.StatusForbidden
	}
	return http.StatusServiceUnavailable // nothing is known yet, or the server of the fleet does not answer
}

// send writes a document, or the error.
func send(w http.ResponseWriter, r *http.Request, document any, err error) {
	if err != nil {
		fail(w, r, status(err), err.Error())
		return
	}
	body, err := json.Marshal(document)
	if err != nil {
		unwritable(w, r)
		return
	}
	sendJSON(w, r, http.StatusOK, body)
}

// acceptsGzip reports whether a client accepts gzip. A quality of 0 refuses it.
func acceptsGzip(r *http.Request) bool {
	for part := range strings.SplitSeq(r.Header.Get("Accept-Encoding"), ",") {
		coding, quality, _ := strings.Cut(strings.TrimSpace(part), ";")
		if strings.EqualFold(strings.TrimSpace(coding), "gzip") {
			q := strings.TrimPrefix(strings.ReplaceAll(quality, " ", ""), "q=")
			value, err := strconv.ParseFloat(q, 64)
			return q == "" || err == nil && value > 0
		}
	}
	return false
}

// unwritable answers a request whose answer cannot be encoded.
func unwritable(w http.ResponseWriter, r *http.Request) {
	fail(w, r, http.StatusInternalServerError, "the answer cannot be written as JSON")
}

// fail writes an error: JSON below /api/, else text. Both are one line.
func fail(w http.ResponseWriter, r *http.Request, code int, why string) {
	why = text.Sanitize(why, 500)
	if !strings.HasPrefix(r.URL.Path, "/api/") {
		w.Header().Set("Cache-Control", "no-store")
		http.Error(w, why, code)
		return
	}
	body, err := json.Marshal(map[string]string{"error": why})
	if err != nil { // a map of texts
		panic("web: internal error: " + err.Error())
	}
	sendJSON(w, r, code, body)
}
