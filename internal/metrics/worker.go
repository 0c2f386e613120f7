package metrics

import (
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// chunkBuckets are the upper bounds of factor_chunk_seconds: from a chunk of small numbers to a hard number.
var chunkBuckets = []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 60, 300, 1800, 7200}

// A Worker counts the work of a worker of this process. It is a worker.Recorder.
type Worker struct {
	numbers, cpu                     *table
	chunks                           prometheus.Histogram
	failures, redeliveries           *prometheus.CounterVec
	partTasks, partFailures, partCPU *prometheus.CounterVec
	returned                         prometheus.Counter
}

var _ worker.Recorder = (*Worker)(nil)

// Worker registers the metrics of a worker, and returns what counts its work. stats is worker.Worker.Stats; it may return
// zero Stats before the worker has started.
func (r *Registry) Worker(stats func() worker.Stats) *Worker {
	w := &Worker{
		numbers: newTable("factor_numbers_total", "Numbers that this worker has answered.", "status", statuses),
		cpu:     newTable("factor_cpu_seconds_total", "CPU time of the numbers that this worker has answered, by the method that split them.", "method", methods),
		chunks: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name: "factor_chunk_seconds", Help: "Wall-clock time of a task in a slot, without the wait before and the settling.", Buckets: chunkBuckets,
		}),
		failures:     vector("factor_failures_total", "Numbers that failed at this worker, and messages that are no tasks.", "cause"),
		redeliveries: vector("factor_redeliveries_total", "Tasks that the server redelivers because of this worker.", "cause"),
		partTasks:    vector("factor_campaign_tasks_total", "Tasks of campaigns that this worker has computed.", "kind"),
		partFailures: vector("factor_campaign_failures_total", "Tasks of campaigns that this worker has dropped because of an error.", "kind"),
		partCPU:      vector("factor_campaign_cpu_seconds_total", "CPU time of the tasks of campaigns that this worker has computed.", "kind"),
		returned:     prometheus.NewCounter(prometheus.CounterOpts{Name: "factor_returned_ranges_total", Help: "Ranges of tasks that this worker has handed back to be queued again."}),
	}
	// Counters that alerts watch exist from the start: a rate needs two values.
	for _, cause := range worker.FailureCauses {
		w.failures.WithLabelValues(string(cause))
	}
	for _, cause := range worker.RedeliveryCauses {
		w.redeliveries.WithLabelValues(string(cause))
	}
	for _, kind := range []string{task.KindSieve, task.KindECM} {
		w.partTasks.WithLabelValues(kind)
		w.partFailures.WithLabelValues(kind)
		w.partCPU.WithLabelValues(kind)
	}
	r.metrics.MustRegister(w.numbers.vector, w.cpu.vector, w.chunks, w.failures, w.redeliveries, w.partTasks, w.partFailures, w.partCPU, w.returned,
		newWorkerState(stats))
	return w
}

// vector returns counters with one label.
func vector(name, help, label string) *prometheus.CounterVec {
	return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label})
}

// Answered implements worker.Recorder. Adjacent answers of the same labels are added together: most chunks have one
// status, one method and one class.
func (w *Worker) Answered(kind string, numbers []nat.Nat, items []task.Factorization) {
	_, isItem := task.ExecName(kind)
	var text string // of the last method, whose index is run.method
	var run answers
	for i := range items {
		f := &items[i]
		a := answers{method: run.method, class: classItem, status: statusValue}
		if i == 0 || f.Method != text {
			a.method, text = methodOf(f.Method), f.Method
		}
		if !isItem {
			a.class, a.status = classOf(numbers[i]), statusOf(numbers[i], f)
		}
		if i > 0 && !run.sameLabels(&a) {
			w.add(&run)
			run = a
		} else if i == 0 {
			run = a
		}
		run.count++
		run.cpu += f.CPU
	}
	if len(items) > 0 {
		w.add(&run)
	}
}

// answers are several answers with the same labels, which are indexes in methods, classes and statuses.
type answers struct {
	method, class, status int
	count                 int
	cpu                   time.Duration
}

func (a *answers) sameLabels(b *answers) bool {
	return a.method == b.method && a.class == b.class && a.status == b.status
}

// add counts answers. Nobody forces the CPU time that a Kind reports to be positive; a counter must not fall.
func (w *Worker) add(a *answers) {
	w.numbers.at(a.status, a.class).Add(float64(a.count))
	w.cpu.at(a.method, a.class).Add(max(a.cpu, 0).Seconds())
}

// Ran implements worker.Recorder.
func (w *Worker) Ran(elapsed time.Duration) { w.chunks.Observe(max(elapsed, 0).Seconds()) }

// RanPart implements worker.Recorder.
func (w *Worker) RanPart(kind string, cpu time.Duration, failed bool) {
	if kind != task.KindSieve && kind != task.KindECM {
		kind = other
	}
	w.partTasks.WithLabelValues(kind).Inc()
	w.partCPU.WithLabelValues(kind).Add(max(cpu, 0).Seconds())
	if failed {
		w.partFailures.WithLabelValues(kind).Inc()
	}
}

// Failed implements worker.Recorder.
func (w *Worker) Failed(why worker.FailureCause) { w.failures.WithLabelValues(string(why)).Inc() }

// Redelivered implements worker.Recorder.
func (w *Worker) Redelivered(why worker.RedeliveryCause) {
	w.redeliveries.WithLabelValues(string(why)).Inc()
}

// Returned implements worker.Recorder.
func (w *Worker) Returned(ranges int) { w.returned.Add(float64(ranges)) }

// A table is counters by one label of a closed set and by class. A counter appears when it is first used.
type table struct {
	vector *prometheus.CounterVec
	names  []string // of the rows
	cells  []atomic.Pointer[prometheus.Counter]
}

// newTable returns counters with the labels label, whose values are names, and class.
func newTable(name, help, label string, names []string) *table {
	return &table{
		vector: prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{label, "class"}),
		names:  names, cells: make([]atomic.Pointer[prometheus.Counter], len(names)*len(classes)),
	}
}

// at returns the counter of a row and a class.
func (t *table) at(row, class int) prometheus.Counter {
	cell := &t.cells[row*len(classes)+class]
	if c := cell.Load(); c != nil {
		return *c
	}
	c := t.vector.WithLabelValues(t.names[row], classes[class])
	cell.Store(&c)
	return c
}
