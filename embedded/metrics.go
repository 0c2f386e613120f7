package main

import (
	"net/http"
	"sync/atomic"

	"factorfleet/internal/command"
	"factorfleet/internal/fleet"
	"factorfleet/internal/metrics"
	"factorfleet/internal/observe"
	"factorfleet/internal/worker"
)

// nodeMetrics are the metrics of a node, which is a worker and a supervisor. They are made before the node, because its
// worker counts in them.
type nodeMetrics struct {
	registry *metrics.Registry
	recorder worker.Recorder
	node     atomic.Pointer[node] // nil until handler
}

// newMetrics returns the metrics of a node that has not started.
func newMetrics() *nodeMetrics {
	m := new(nodeMetrics)
	connected := func() bool {
		n := m.node.Load()
		return n != nil && n.fleet.Connected()
	}
	m.registry = command.NewMetrics("embedded", connected, m.count((*fleet.Fleet).Reconnects))
	m.recorder = m.registry.Worker(m.stats)
	return m
}

// handler returns what answers GET /metrics for a node that has started, whose fleet o observes. It is called once.
func (m *nodeMetrics) handler(n *node, o *observe.Observer) http.Handler {
	m.node.Store(n)
	m.registry.Fleet(metrics.Supervisor{View: o.View, Rejected: m.count((*fleet.Fleet).Rejected)})
	return m.registry.Handler()
}

// stats returns the Stats of the worker, the zero value if there is none.
func (m *nodeMetrics) stats() worker.Stats {
	if n := m.node.Load(); n != nil {
		return n.stats()
	}
	return worker.Stats{}
}

// count returns what reads a count of the fleet, 0 before handler.
func (m *nodeMetrics) count(read func(*fleet.Fleet) uint64) func() uint64 {
	return func() uint64 {
		if n := m.node.Load(); n != nil {
			return read(n.fleet)
		}
		return 0
	}
}
