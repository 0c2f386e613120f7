package main

import (
	"fmt"
	"strings"
	"sync/atomic"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/command"
	"factorfleet/internal/metrics"
	"factorfleet/internal/natsconn"
	"factorfleet/internal/web"
	"factorfleet/internal/worker"
)

// A monitor says how this worker is, for GET /healthz, /readyz and /metrics. Its methods may be called at any time, by
// several goroutines; none waits for the server.
type monitor struct {
	conn     atomic.Pointer[natsconn.Conn] // nil until connected
	worker   atomic.Pointer[worker.Worker] // nil until the worker is ready
	metrics  *metrics.Registry
	recorder worker.Recorder
}

// newMonitor returns the monitor of a process that is about to connect.
func newMonitor() *monitor {
	m := new(monitor)
	m.metrics = command.NewMetrics("consumer", m.connected, m.reconnects)
	m.recorder = m.metrics.Worker(m.stats)
	return m
}

// listenFlags returns the flags that say where the worker answers over HTTP.
func listenFlags() []ucli.Flag {
	return command.ListenFlags("none", "GET /metrics, /healthz and /readyz, such as 127.0.0.1:9101")
}

// listen begins to answer if --listen names an address, and has the worker of o count its work.
func (m *monitor) listen(c *ucli.Context, s *command.Session, o *command.WorkerOptions) (stop func(), err error) {
	server, err := command.Listen(c, s, web.Config{Health: m.health, Ready: m.ready})
	if err != nil || server == nil {
		return func() {}, err
	}
	server.Handle("GET /metrics", m.metrics.Handler())
	o.Recorder = m.recorder
	s.Log.Info().Str("url", server.URL()).Msg("metrics and health are served")
	return server.Close, nil
}

// connected reports whether there is a connection to the server now.
func (m *monitor) connected() bool {
	nc := m.conn.Load()
	return nc != nil && nc.IsConnected()
}

func (m *monitor) reconnects() uint64 {
	if nc := m.conn.Load(); nc != nil {
		return nc.Stats().Reconnects
	}
	return 0
}

// stats returns the Stats of the worker, the zero value before it is ready.
func (m *monitor) stats() worker.Stats {
	if w := m.worker.Load(); w != nil {
		return w.Stats()
	}
	return worker.Stats{}
}

// health returns why only a restart of the process helps; nil while it works. A lost connection is no reason, because the
// worker connects again by itself. Nor is a slot whose computation hangs, as long as there are others: a restart would
// interrupt their tasks. factor_slots_lost counts such slots.
func (m *monitor) health() error {
	if s := m.stats(); s.Slots > 0 && s.Lost == s.Slots {
		return fmt.Errorf("the computations of all %d slots hang", s.Slots)
	}
	return nil
}

// ready returns why the worker takes no tasks now, one line for each reason; none if it takes them.
func (m *monitor) ready() (reasons []string) {
	w := m.worker.Load()
	connected := m.connected()
	if !connected {
		reasons = append(reasons, "not connected to the server")
	}
	if w == nil {
		return append(reasons, "the worker has not started")
	}
	if err := w.PullError(); err != nil && connected {
		reasons = append(reasons, "cannot request tasks: "+err.Error())
	}
	if reason := stateReason(w.Stats()); reason != "" {
		reasons = append(reasons, reason)
	}
	return reasons
}

// stateReason returns why a worker in this state takes no tasks, "" if it takes them.
func stateReason(s worker.Stats) string {
	switch {
	case s.State == worker.StateRunning && s.Lost == s.Slots:
		return "the computations of all slots hang"
	case s.State == worker.StateRunning:
		return ""
	case strings.HasPrefix(s.Pause, s.State):
		return s.Pause
	case s.Pause != "":
		return s.State + ": " + s.Pause
	}
	return s.State
}
