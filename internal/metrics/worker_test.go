package metrics

import (
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// newRegistry returns the registry of a process that is connected or not.
func newRegistry(connected bool) *Registry {
	return New(Process{
		Program: "consumer", Version: "0.1.0", Kernels: "avx2",
		Connected: func() bool { return connected }, Reconnects: func() uint64 { return 3 },
	})
}

// compare fails unless the metrics of names are those of text.
func compare(t *testing.T, r *Registry, text string, names ...string) {
	t.Helper()
	if err := testutil.GatherAndCompare(r.Gatherer(), strings.NewReader(text), names...); err != nil {
		t.Error(err)
	}
}

// factored returns an answer with one proved prime factor, twice.
func factored(method string, cpu time.Duration) task.Factorization {
	return task.Factorization{Factors: []task.Factor{{P: nat.New(5), Exp: 2, Status: task.Prime}}, Method: method, CPU: cpu}
}

// TestAnswered: answers count under their status, class and method, whatever their order in a chunk.
func TestAnswered(t *testing.T) {
	r := newRegistry(true)
	w := r.Worker(func() worker.Stats { return worker.Stats{} })
	small, large := nat.New(25), nat.New(9_999_999_999)
	w.Answered(task.KindFactor, []nat.Nat{small, small, large, small}, []task.Factorization{
		factored("trial", time.Second), factored("trial", time.Second), factored("ecm(B1=7)", 4*time.Second), factored("ecm(B1=9)", 8*time.Second),
	})
	w.Answered(task.KindFactor, nil, nil)
	w.Answered("exec:x", []nat.Nat{small}, []task.Factorization{{Factors: []task.Factor{{P: small, Exp: 1, Status: task.Value}}, Method: "exec:x", CPU: -1}})
	compare(t, r, `
# HELP factor_cpu_seconds_total CPU time of the numbers that this worker has answered, by the method that split them.
# TYPE factor_cpu_seconds_total counter
factor_cpu_seconds_total{class="1-9",method="ecm"} 8
factor_cpu_seconds_total{class="1-9",method="trial"} 2
factor_cpu_seconds_total{class="10-19",method="ecm"} 4
factor_cpu_seconds_total{class="item",method="exec"} 0
# HELP factor_numbers_total Numbers that this worker has answered.
# TYPE factor_numbers_total counter
factor_numbers_total{class="1-9",status="FF"} 3
factor_numbers_total{class="10-19",status="FF"} 1
factor_numbers_total{class="item",status="V"} 1
`, "factor_numbers_total", "factor_cpu_seconds_total")
}

// TestHostileLabels: whatever the texts of answers are, the number of series is bounded.
func TestHostileLabels(t *testing.T) {
	r := newRegistry(true)
	w := r.Worker(func() worker.Stats { return worker.Stats{State: "made\nup"} })
	for i := range 1000 {
		text := fmt.Sprintf("method-%d\"} 1\n", i)
		w.Answered("exec:"+text, []nat.Nat{nat.New(uint64(i))}, []task.Factorization{factored(text, 1)})
		w.Answered(task.KindFactor, []nat.Nat{nat.New(uint64(i))}, []task.Factorization{factored(text, 1)})
		w.RanPart(text, 1, true)
	}
	families, err := r.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if n := len(f.Metric); n > 30 {
			t.Errorf("%s has %d series", f.GetName(), n)
		}
	}
}

// TestWorkerState: the state of a worker is one of a closed set.
func TestWorkerState(t *testing.T) {
	r := newRegistry(false)
	r.Worker(func() worker.Stats {
		return worker.Stats{State: worker.StatePaused, Slots: 8, Busy: 3, Lost: 1, Held: 12, Tasks: 77}
	})
	compare(t, r, `
# HELP factor_inflight Tasks of this worker that wait, run or are being settled.
# TYPE factor_inflight gauge
factor_inflight 12
# HELP factor_nats_reconnects_total How often this process has connected again to the NATS server.
# TYPE factor_nats_reconnects_total counter
factor_nats_reconnects_total 3
# HELP factor_slots Tasks that this worker runs at a time.
# TYPE factor_slots gauge
factor_slots 8
# HELP factor_slots_lost Slots whose computation hangs.
# TYPE factor_slots_lost gauge
factor_slots_lost 1
# HELP factor_tasks_total Tasks that slots of this worker have taken and finished.
# TYPE factor_tasks_total counter
factor_tasks_total 77
# HELP factor_up 1 while this process is connected to the NATS server, else 0.
# TYPE factor_up gauge
factor_up 0
# HELP factor_worker_state 1 for the present state of this worker, else 0.
# TYPE factor_worker_state gauge
factor_worker_state{state="draining"} 0
factor_worker_state{state="paused"} 1
factor_worker_state{state="quarantined"} 0
factor_worker_state{state="running"} 0
factor_worker_state{state="sleeping"} 0
`, "factor_inflight", "factor_nats_reconnects_total", "factor_slots", "factor_slots_lost", "factor_tasks_total", "factor_up", "factor_worker_state")
}

// TestConcurrent: slots count while others scrape.
func TestConcurrent(t *testing.T) {
	r := newRegistry(true)
	w := r.Worker(func() worker.Stats { return worker.Stats{} })
	var group sync.WaitGroup
	for range 4 {
		group.Go(func() {
			for range 500 {
				w.Answered(task.KindFactor, []nat.Nat{nat.New(25)}, []task.Factorization{factored("rho", time.Millisecond)})
				w.Ran(time.Millisecond)
			}
		})
		group.Go(func() {
			for range 10 {
				if _, err := r.Gatherer().Gather(); err != nil {
					t.Error(err)
				}
			}
		})
	}
	group.Wait()
	compare(t, r, `
# HELP factor_numbers_total Numbers that this worker has answered.
# TYPE factor_numbers_total counter
factor_numbers_total{class="1-9",status="FF"} 2000
`, "factor_numbers_total")
}

// BenchmarkAnswered measures the count of a chunk of 43 answers of one method.
func BenchmarkAnswered(b *testing.B) {
	w := newRegistry(true).Worker(func() worker.Stats { return worker.Stats{} })
	numbers, items := make([]nat.Nat, 43), make([]task.Factorization, 43)
	for i := range items {
		numbers[i], items[i] = nat.New(uint64(999999999999+2*i)), factored("rho", time.Microsecond)
	}
	b.ReportAllocs()
	for b.Loop() {
		w.Answered(task.KindFactor, numbers, items)
		w.Ran(time.Millisecond)
	}
}
