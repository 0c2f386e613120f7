package metrics

import (
	"github.com/prometheus/client_golang/prometheus"

	"factorfleet/internal/worker"
)

// workerStates are the values of the label state of a worker.
var workerStates = []string{
	worker.StateRunning, worker.StateDraining, worker.StatePaused, worker.StateSleeping, worker.StateQuarantined,
}

// workerState shows the Stats of a worker.
type workerState struct {
	stats                                 func() worker.Stats
	slots, busy, lost, held, tasks, state *prometheus.Desc
}

func newWorkerState(stats func() worker.Stats) *workerState {
	d := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc(name, help, labels, nil)
	}
	return &workerState{
		stats: stats,
		slots: d("factor_slots", "Tasks that this worker runs at a time."),
		busy:  d("factor_slots_busy", "Slots that run or settle a task."),
		lost:  d("factor_slots_lost", "Slots whose computation hangs."),
		held:  d("factor_inflight", "Tasks of this worker that wait, run or are being settled."),
		tasks: d("factor_tasks_total", "Tasks that slots of this worker have taken and finished."),
		state: d("factor_worker_state", "1 for the present state of this worker, else 0.", "state"),
	}
}

// Describe implements prometheus.Collector.
func (c *workerState) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{c.slots, c.busy, c.lost, c.held, c.tasks, c.state} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (c *workerState) Collect(out chan<- prometheus.Metric) {
	s := c.stats()
	out <- gaugeOf(c.slots, float64(s.Slots))
	out <- gaugeOf(c.busy, float64(s.Busy))
	out <- gaugeOf(c.lost, float64(s.Lost))
	out <- gaugeOf(c.held, float64(s.Held))
	out <- prometheus.MustNewConstMetric(c.tasks, prometheus.CounterValue, float64(s.Tasks))
	for _, state := range workerStates {
		out <- gaugeOf(c.state, number(s.State == state), state)
	}
}

func gaugeOf(d *prometheus.Desc, value float64, labels ...string) prometheus.Metric {
	return prometheus.MustNewConstMetric(d, prometheus.GaugeValue, value, labels...)
}
