package main

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/text"
)

// The supervisor requests an answer of JetStream so often, and waits so long for it. A JetStream that has
// stopped is noticed after the sum of both at the latest. A lost lease shows the same, but only after 15 s.
const (
	probeEvery   = 2 * time.Second
	probeTimeout = 2 * time.Second
)

// A health is what GET /healthz of `producer serve` tells. It is safe for concurrent use.
//
//	waiting for a server ──► supervising, while JetStream answers ──► ending
type health struct {
	mu     sync.Mutex
	ending bool
	reason error        // why it does not supervise yet; nil = not known
	fleet  *fleet.Fleet // nil until it supervises
	answer error        // of the last probe
}

// wait notes why there is no server.
func (h *health) wait(reason error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.reason = reason
}

// supervise notes that the supervisor begins.
func (h *health) supervise(f *fleet.Fleet) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.fleet = f
}

// end notes that the process ends.
func (h *health) end() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.ending = true
}

// probe requests an answer of JetStream now and then until ctx ends. Requires supervise.
func (h *health) probe(ctx context.Context) {
	for ctx.Err() == nil {
		h.mu.Lock()
		f := h.fleet
		h.mu.Unlock()
		limited, cancel := context.WithTimeout(ctx, probeTimeout)
		err := f.Answers(limited)
		cancel()
		h.mu.Lock()
		h.answer = err
		h.mu.Unlock()
		select {
		case <-ctx.Done():
		case <-time.After(probeEvery):
		}
	}
}

// check returns nil while the process supervises, else the reason in one line.
func (h *health) check() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	switch {
	case h.ending:
		return errors.New("the supervisor is ending")
	case h.fleet == nil && h.reason != nil:
		return errors.New("waiting for the server: " + text.OneLine(h.reason.Error()))
	case h.fleet == nil:
		return errors.New("connecting to NATS")
	case !h.fleet.Connected():
		return errors.New("not connected to NATS")
	case h.answer != nil:
		return fmt.Errorf("JetStream does not answer: %s", text.OneLine(h.answer.Error()))
	case !h.fleet.Supervising():
		return errors.New("no lease of a supervisor: JetStream does not answer, or has not answered yet")
	}
	return nil
}
