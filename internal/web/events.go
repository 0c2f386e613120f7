package web

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"factorfleet/internal/observe"
)

// A client of /api/v1/events gets each new View, shortened, as a server-sent event. Bounds: so many clients at a time, and a
// client that does not take an event within sendEvent is dropped. The Observer keeps only the newest View for each client, so
// that a slow one costs no memory.
const (
	maxViewers   = 64
	maxEvent     = 200 // entries of each list of an event
	sendEvent    = 10 * time.Second
	keepAlive    = 15 * time.Second
	retryViewers = "10" // seconds after which a refused client may try again
)

// events counts the clients, and keeps the last event, which is the same for all.
type events struct {
	viewers atomic.Int32 // clients at the moment

	mu   sync.Mutex
	view *observe.View // guarded by mu; of which last was made
	last []byte        // guarded by mu
}

// enter reports whether there is room for another client. leave must be called if there is.
func (e *events) enter() bool {
	if e.viewers.Add(1) > maxViewers {
		e.leave()
		return false
	}
	return true
}

func (e *events) leave() { e.viewers.Add(-1) }

// of returns the event for a View.
func (e *events) of(v *observe.View) ([]byte, error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.view == v {
		return e.last, nil
	}
	data, err := json.Marshal(short(v))
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.WriteString("event: view\ndata: ")
	b.Write(data) // JSON without indentation has no newline
	b.WriteString("\n\n")
	e.view, e.last = v, b.Bytes()
	return e.last, nil
}

// short returns a View with lists of at most maxEvent entries, and the newest sample of the history only. The counts beside
// the lists stay.
func short(v *observe.View) *observe.View {
	s := *v
	s.Lines = s.Lines[:min(len(s.Lines), maxEvent)]
	s.Names = shortNames(s.Names)
	s.Running = s.Running[:min(len(s.Running), maxEvent)]
	s.History = s.History[max(0, len(s.History)-1):]
	return &s
}

// shortNames returns at most maxEvent workers, by name. If there are more, those that need attention come first, so that the
// overview of the page has them.
func shortNames(list []observe.Worker) []observe.Worker {
	if len(list) <= maxEvent {
		return list
	}
	list = slices.Clone(list) // that of the View is shared
	slices.SortStableFunc(list, func(a, b observe.Worker) int { return cmp.Compare(urgency(&a), urgency(&b)) })
	return list[:maxEvent]
}

// urgency returns a number that is less the more a worker needs attention.
func urgency(w *observe.Worker) int {
	switch {
	case w.Quarantined != nil:
		return 0
	case w.Lost > 0:
		return 1
	}
	return 2
}

// serveEvents answers /api/v1/events.
func (s *Server) serveEvents(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Cache-Control", "no-store")
	if r.Method == http.MethodHead {
		w.Header().Set("Content-Type", "text/event-stream")
		return
	}
	if !s.events.enter() {
		w.Header().Set("Retry-After", retryViewers)
		fail(w, r, http.StatusTooManyRequests, fmt.Sprintf("too many pages are open: %d are served at a time", maxViewers))
		return
	}
	defer s.events.leave()
	c := http.NewResponseController(w)
	if err := c.SetReadDeadline(time.Time{}); err != nil { // that of a request would end the connection
		fail(w, r, http.StatusInternalServerError, "the connection cannot be kept open")
		return
	}
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // for a proxy that would collect events
	push := func(b []byte) bool {
		if c.SetWriteDeadline(time.Now().Add(s.config.sendEvent)) != nil {
			return false
		}
		_, err := w.Write(b)
		return err == nil && c.Flush() == nil
	}
	s.sendViews(r, push)
}

// sendViews sends Views and comment lines until the request ends or push fails.
func (s *Server) sendViews(r *http.Request, push func([]byte) bool) {
	if !push([]byte(": views of a fleet\n\n")) {
		return
	}
	views := s.config.Observer.Watch(r.Context())
	alive := time.NewTicker(keepAlive)
	defer alive.Stop()
	for {
		select {
		case v, more := <-views:
			if !more {
				return
			}
			event, err := s.events.of(v)
			if err != nil || !push(event) {
				return
			}
		case <-alive.C:
			if !push([]byte(":\n\n")) {
				return
			}
		}
	}
}
