package main

import (
	"factorfleet/internal/command"
	"factorfleet/internal/fleet"
	"factorfleet/internal/metrics"
	"factorfleet/internal/observe"
)

// newMetrics returns the metrics of a supervisor: of its connection, and of what o observes. The counters begin at 0 again
// when the fleet is opened again, as Prometheus expects of a restart.
func newMetrics(h *health, o *observe.Observer) *metrics.Registry {
	r := command.NewMetrics("producer", func() bool {
		f := h.supervised()
		return f != nil && f.Connected()
	}, func() uint64 { return countOf(h.supervised(), (*fleet.Fleet).Reconnects) })
	r.Fleet(metrics.Supervisor{
		View:     o.View,
		Rejected: func() uint64 { return countOf(h.supervised(), (*fleet.Fleet).Rejected) },
	})
	return r
}

// countOf returns a count of f, 0 if there is no fleet yet.
func countOf(f *fleet.Fleet, count func(*fleet.Fleet) uint64) uint64 {
	if f == nil {
		return 0
	}
	return count(f)
}

// supervised returns the fleet that the process supervises, nil before the first one.
func (h *health) supervised() *fleet.Fleet {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.fleet
}
