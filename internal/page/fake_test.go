package page_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"sync"
	"time"

	"factorfleet/internal/observe"
	"factorfleet/internal/page"
)

// A fake serves the page from the handler of production, with the API of a scene. A test changes the scene, and what the
// server does, below /control/.
type fake struct {
	mu      sync.Mutex
	scene   *scene        // what the API shows
	down    bool          // connections are closed without an answer
	token   string        // that the API wants; "" = none
	changed chan struct{} // closed and replaced at each change
	streams int           // of events, that are open
}

// A letter is a dead letter as the API sends it.
type letter = map[string]any

// A workerRow is a worker as the API sends it.
type workerRow struct {
	observe.Worker
	Rate float64 `json:"numbers_per_s"`
}

// A scene is the state of a synthetic fleet. A nil view means that nothing is known yet.
type scene struct {
	view    *observe.View
	jobs    []observe.JobLine
	workers []workerRow
	letters []letter
	details map[string]map[string]any // JobView by job
}

func newFake() *fake { return &fake{scene: &scene{}, changed: make(chan struct{})} }

func (f *fake) handler() http.Handler {
	mux := http.NewServeMux()
	mux.Handle("/", page.Handler())
	mux.HandleFunc("/control/{what}", f.control)
	mux.HandleFunc("GET /api/v1/view", f.api(func(s *scene, _ *http.Request) any { return s.view }))
	mux.HandleFunc("GET /api/v1/jobs", f.api(listJobs))
	mux.HandleFunc("GET /api/v1/workers", f.api(listWorkers))
	mux.HandleFunc("GET /api/v1/dead", f.api(listLetters))
	mux.HandleFunc("GET /api/v1/jobs/{id}", f.api(func(s *scene, r *http.Request) any {
		if d, ok := s.details[r.PathValue("id")]; ok {
			return d
		}
		return nil
	}))
	mux.HandleFunc("GET /api/v1/events", f.events)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Security-Policy", page.CSP)
		w.Header().Set("X-Content-Type-Options", "nosniff")
		mux.ServeHTTP(w, r)
	})
}

// change changes the state and wakes the streams of events.
func (f *fake) change(do func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	do()
	close(f.changed)
	f.changed = make(chan struct{})
}

func (f *fake) control(w http.ResponseWriter, r *http.Request) {
	value := r.URL.Query().Get("value")
	switch r.PathValue("what") {
	case "scene":
		make, ok := scenes[value]
		if !ok {
			http.Error(w, "no such scene", http.StatusNotFound)
			return
		}
		s := make()
		f.change(func() { f.scene = s })
	case "down":
		f.change(func() { f.down = value == "true" })
	case "token":
		f.change(func() { f.token = value })
	case "streams":
		f.mu.Lock()
		defer f.mu.Unlock()
		fmt.Fprint(w, f.streams)
	case "step":
		f.change(func() { f.scene = f.scene.step() })
	}
}

// enter reports whether a request to the API is answered; if not, it has refused it.
func (f *fake) enter(w http.ResponseWriter, r *http.Request) (*scene, <-chan struct{}, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.down:
		panic(http.ErrAbortHandler)
	case f.token != "" && r.Header.Get("Authorization") != "Bearer "+f.token:
		fail(w, http.StatusUnauthorized, "a token is missing or wrong")
	case f.scene.view == nil:
		fail(w, http.StatusServiceUnavailable, "the streams have not been read yet")
	default:
		return f.scene, f.changed, true
	}
	return nil, nil, false
}

func fail(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(code)
	json.NewEncoder(w).Encode(map[string]string{"error": text})
}

func (f *fake) api(answer func(*scene, *http.Request) any) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		s, _, ok := f.enter(w, r)
		if !ok {
			return
		}
		v := answer(s, r)
		if v == nil {
			fail(w, http.StatusNotFound, "no such job")
			return
		}
		w.Header().Set("Content-Type", "application/json")
		json.NewEncoder(w).Encode(v)
	}
}

// events streams the View of each change, cut as the contract of the API says.
func (f *fake) events(w http.ResponseWriter, r *http.Request) {
	f.change(func() { f.streams++ })
	defer f.change(func() { f.streams-- })
	for {
		s, changed, ok := f.enter(w, r)
		if !ok {
			return
		}
		v := *s.view
		v.Lines, v.Names, v.Running = v.Lines[:min(200, len(v.Lines))], v.Names[:min(200, len(v.Names))], v.Running[:min(200, len(v.Running))]
		v.History = v.History[max(0, len(v.History)-1):]
		b, _ := json.Marshal(&v)
		w.Header().Set("Content-Type", "text/event-stream")
		fmt.Fprintf(w, ": a comment\nevent: view\ndata: %s\n\n", b)
		http.NewResponseController(w).Flush()
		for open := true; open; {
			select {
			case <-changed:
				open = false
			case <-time.After(2 * time.Second): // a page takes silence for a broken connection
				fmt.Fprint(w, ":\n\n")
				http.NewResponseController(w).Flush()
			case <-r.Context().Done():
				return
			}
		}
	}
}
