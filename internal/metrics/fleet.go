package metrics

import (
	"slices"

	"github.com/prometheus/client_golang/prometheus"

	"factorfleet/internal/fleet"
	"factorfleet/internal/observe"
	"factorfleet/internal/task"
)

// A Supervisor says what the metrics of a supervisor need to know. Its functions are called by several goroutines, at
// each scrape, and must not block.
type Supervisor struct {
	View     func() *observe.View // the last view of the fleet; not nil
	Rejected func() uint64        // results that this process has refused
}

// Fleet registers the metrics of a supervisor. While the server is away they have their last values. They are absent
// until the first view is complete, so that an unknown queue does not look like an empty one.
func (r *Registry) Fleet(s Supervisor) {
	r.counter("factor_rejected_results_total", "Results of workers that this process has refused.", func() float64 { return float64(s.Rejected()) })
	r.metrics.MustRegister(newFleetState(s.View))
}

// fleetStates are the values of the label state of factor_workers. StateGone: only what is held against the worker is left.
var fleetStates = append(append([]string{}, workerStates...), fleet.StateGone, other)

// A fleetValue is one metric of a view, without labels.
type fleetValue struct {
	desc *prometheus.Desc
	read func(*observe.View) float64
}

// A queueValue is one metric of a priority. Those of its routes are added.
type queueValue struct {
	desc *prometheus.Desc
	read func(*fleet.ClassStatus) float64
}

// fleetState shows the last view of the fleet.
type fleetState struct {
	view    func() *observe.View
	values  []fleetValue
	queue   []queueValue
	workers *prometheus.Desc
}

func newFleetState(view func() *observe.View) *fleetState {
	return &fleetState{
		view: view, values: fleetValues(), queue: queueValues(),
		workers: prometheus.NewDesc("factor_workers", "Workers of the fleet by their state, and those that are gone with something held against them.", []string{"state"}, nil),
	}
}

func fleetValues() (list []fleetValue) {
	add := func(name, help string, read func(*observe.View) float64) {
		list = append(list, fleetValue{prometheus.NewDesc(name, help, nil, nil), read})
	}
	add("factor_supervisors", "Supervisors that are alive.", func(v *observe.View) float64 { return float64(v.Supervisors) })
	add("factor_jobs_active", "Jobs that have not ended.", func(v *observe.View) float64 { return float64(v.Jobs) })
	add("factor_jobs_stored", "Jobs that have not been removed.", func(v *observe.View) float64 { return float64(v.Total) })
	add("factor_fleet_slots", "Tasks that all workers run at a time.", func(v *observe.View) float64 { return float64(v.Slots) })
	add("factor_fleet_slots_busy", "Slots of all workers that run a task.", func(v *observe.View) float64 { return float64(v.Busy) })
	add("factor_fleet_numbers_per_second", "Numbers that the fleet answers per second, over some 10 s.", func(v *observe.View) float64 { return v.Rate })
	add("factor_dlq_messages", "Dead letters of all jobs.", func(v *observe.View) float64 { return float64(v.Dead) })
	add("factor_worker_strikes", "Strikes against workers, which have sent results that do not verify.", strikes)
	add("factor_findings", "What is wrong with the server and its streams, as `producer status` says it.", func(v *observe.View) float64 { return float64(len(v.Findings)) })
	add("factor_stored_bytes", "Size of the streams of the fleet, on one server.", func(v *observe.View) float64 { return float64(v.Server.Server.Stored) })
	add("factor_view_timestamp_seconds", "When the fleet was last observed, Unix time.", func(v *observe.View) float64 { return float64(v.Time.UnixMilli()) / 1000 })
	add("factor_view_complete", "0 if something of the fleet cannot be read, or is outdated, else 1.", func(v *observe.View) float64 { return number(v.Connected && !v.Outdated && len(v.Missing) == 0) })
	return list
}

func queueValues() (list []queueValue) {
	add := func(name, help string, read func(*fleet.ClassStatus) float64) {
		list = append(list, queueValue{prometheus.NewDesc(name, help, []string{"priority"}, nil), read})
	}
	add("factor_queue_pending", "Tasks that are not delivered yet.", func(c *fleet.ClassStatus) float64 { return float64(c.Queued) })
	add("factor_queue_running", "Tasks that are delivered and not settled.", func(c *fleet.ClassStatus) float64 { return float64(c.Running) })
	add("factor_queue_redelivered", "Running tasks that were delivered more than once.", func(c *fleet.ClassStatus) float64 { return float64(c.Redelivered) })
	add("factor_queue_waiting_pulls", "Pull requests of workers that wait for a task.", func(c *fleet.ClassStatus) float64 { return float64(c.Waiting) })
	return list
}

// strikes returns the strikes against all workers.
func strikes(v *observe.View) (sum float64) {
	for i := range v.Names {
		sum += float64(len(v.Names[i].Strikes))
	}
	return sum
}

// Describe implements prometheus.Collector.
func (c *fleetState) Describe(out chan<- *prometheus.Desc) {
	for _, x := range c.values {
		out <- x.desc
	}
	for _, x := range c.queue {
		out <- x.desc
	}
	out <- c.workers
}

// Collect implements prometheus.Collector.
func (c *fleetState) Collect(out chan<- prometheus.Metric) {
	v := c.view()
	if !v.Connected && len(v.History) == 0 { // nothing is known yet
		return
	}
	for _, x := range c.values {
		out <- gaugeOf(x.desc, x.read(v))
	}
	for _, x := range c.queue {
		sums := make(map[task.Class]float64)
		for i := range v.Queue {
			sums[v.Queue[i].Class.Priority()] += x.read(&v.Queue[i])
		}
		for _, priority := range task.Classes {
			out <- gaugeOf(x.desc, sums[priority], string(priority))
		}
	}
	count := make(map[string]int)
	for i := range v.Names {
		count[stateOf(v.Names[i].State)]++
	}
	for _, state := range fleetStates {
		out <- gaugeOf(c.workers, float64(count[state]), state)
	}
}

// stateOf returns the value of the label for a state that a worker claims.
func stateOf(state string) string {
	if slices.Contains(fleetStates, state) {
		return state
	}
	return other
}
