package web

import (
	"fmt"
	"net/http"
	"strings"
)

// health answers /healthz.
func (s *Server) health(w http.ResponseWriter, _ *http.Request) {
	if err := s.config.Health(); err != nil {
		answer(w, []string{err.Error()})
		return
	}
	answer(w, nil)
}

// ready answers /readyz.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	if s.config.Ready == nil {
		s.health(w, r)
		return
	}
	answer(w, s.config.Ready())
}

// answer writes ok, or 503 and the reasons, one a line.
func answer(w http.ResponseWriter, reasons []string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.Header().Set("Cache-Control", "no-store")
	if len(reasons) > 0 {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintln(w, strings.Join(reasons, "\n"))
		return
	}
	fmt.Fprintln(w, "ok")
}

// NoPage returns what a build without the page serves in its place.
func NoPage() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(http.StatusNotFound)
		fmt.Fprintln(w, "the page is not part of this build; the API is below /api/v1/")
	})
}
