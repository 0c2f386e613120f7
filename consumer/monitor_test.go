package main

import (
	"strings"
	"testing"

	"factorfleet/internal/worker"
)

// TestStateReason: only a worker that runs and has a slot is ready.
func TestStateReason(t *testing.T) {
	for _, test := range []struct {
		stats worker.Stats
		want  string
	}{
		{worker.Stats{State: worker.StateRunning, Slots: 2}, ""},
		{worker.Stats{State: worker.StateRunning, Slots: 2, Lost: 1, Busy: 1}, ""},
		{worker.Stats{State: worker.StateRunning, Slots: 2, Lost: 2}, "the computations of all slots hang"},
		{worker.Stats{State: worker.StateDraining, Slots: 2}, "draining"},
		{worker.Stats{State: worker.StateSleeping, Slots: 2, Pause: "sleeping until 22:00 CET"}, "sleeping until 22:00 CET"},
		{worker.Stats{State: worker.StatePaused, Slots: 2, Pause: "other programs have a load of 3.0, limit 1"}, "paused: other programs have a load of 3.0, limit 1"},
		{worker.Stats{State: worker.StateQuarantined, Slots: 2}, "quarantined"},
	} {
		if got := stateReason(test.stats); got != test.want {
			t.Errorf("%+v: %q, want %q", test.stats, got, test.want)
		}
	}
}

// TestMonitorAtStart: before there is a connection the process is healthy, and not ready.
func TestMonitorAtStart(t *testing.T) {
	m := newMonitor()
	if err := m.health(); err != nil {
		t.Error(err)
	}
	if got := strings.Join(m.ready(), ", "); got != "not connected to the server, the worker has not started" {
		t.Error(got)
	}
	if _, err := m.metrics.Gatherer().Gather(); err != nil {
		t.Error(err)
	}
}
