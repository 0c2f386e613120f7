package metrics

import (
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"factorfleet/internal/fleet"
	"factorfleet/internal/observe"
	"factorfleet/internal/worker"
)

// view returns a view with routes, and with workers that claim strange names and states.
func view() *observe.View {
	v := &observe.View{Time: time.Unix(1_700_000_000, 5e8), Connected: true, Dead: 4, Rate: 12.5, Total: 9}
	v.Fleet = observe.Fleet{Slots: 16, Busy: 3, Jobs: 2, Supervisors: 1, Queue: []fleet.ClassStatus{
		{Class: "hi", Queued: 1, Running: 2, Redelivered: 1, Waiting: 3}, {Class: "norm", Queued: 10, Running: 4},
		{Class: "norm+exec=resize+gpu", Queued: 100, Running: 40, Waiting: 2}, {Class: "low"},
	}}
	for i, state := range []string{worker.StateRunning, worker.StateRunning, worker.StateDraining, "up\n\"} 7", fleet.StateGone, fleet.StateQuarantined} {
		v.Names = append(v.Names, observe.Worker{Status: worker.Status{Name: fmt.Sprint("w", i), Stats: worker.Stats{State: state}}})
	}
	v.Names[5].Strikes = make([]fleet.Strike, 3)
	return v
}

// TestFleet: the metrics of a view; routes count to their priority, and a state that is invented is "other".
func TestFleet(t *testing.T) {
	r := newRegistry(true)
	r.Fleet(Supervisor{View: view, Rejected: func() uint64 { return 6 }})
	compare(t, r, `
# HELP factor_dlq_messages Dead letters of all jobs.
# TYPE factor_dlq_messages gauge
factor_dlq_messages 4
# HELP factor_queue_pending Tasks that are not delivered yet.
# TYPE factor_queue_pending gauge
factor_queue_pending{priority="hi"} 1
factor_queue_pending{priority="low"} 0
factor_queue_pending{priority="norm"} 110
# HELP factor_queue_running Tasks that are delivered and not settled.
# TYPE factor_queue_running gauge
factor_queue_running{priority="hi"} 2
factor_queue_running{priority="low"} 0
factor_queue_running{priority="norm"} 44
# HELP factor_rejected_results_total Results of workers that this process has refused.
# TYPE factor_rejected_results_total counter
factor_rejected_results_total 6
# HELP factor_supervisors Supervisors that are alive.
# TYPE factor_supervisors gauge
factor_supervisors 1
# HELP factor_view_complete 0 if something of the fleet cannot be read, or is outdated, else 1.
# TYPE factor_view_complete gauge
factor_view_complete 1
# HELP factor_view_timestamp_seconds When the fleet was last observed, Unix time.
# TYPE factor_view_timestamp_seconds gauge
factor_view_timestamp_seconds 1.7000000005e+09
# HELP factor_worker_strikes Strikes against workers, which have sent results that do not verify.
# TYPE factor_worker_strikes gauge
factor_worker_strikes 3
# HELP factor_workers Workers of the fleet by their state, and those that are gone with something held against them.
# TYPE factor_workers gauge
factor_workers{state="draining"} 1
factor_workers{state="gone"} 1
factor_workers{state="other"} 1
factor_workers{state="paused"} 0
factor_workers{state="quarantined"} 1
factor_workers{state="running"} 2
factor_workers{state="sleeping"} 0
`, "factor_dlq_messages", "factor_queue_pending", "factor_queue_running", "factor_rejected_results_total", "factor_supervisors",
		"factor_view_complete", "factor_view_timestamp_seconds", "factor_worker_strikes", "factor_workers")
}

// TestFleetUnknown: before the first view nothing is said of the fleet.
func TestFleetUnknown(t *testing.T) {
	r := newRegistry(false)
	r.Fleet(Supervisor{View: func() *observe.View { return new(observe.View) }, Rejected: func() uint64 { return 0 }})
	families, err := r.Gatherer().Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		switch name := f.GetName(); {
		case strings.HasPrefix(name, "go_"), strings.HasPrefix(name, "process_"), name == "factor_build_info", name == "factor_up",
			name == "factor_nats_reconnects_total", name == "factor_rejected_results_total":
		default:
			t.Errorf("%s although nothing is known", name)
		}
	}
}

// TestFleetAway: while the server is away the last view is shown, and said to be incomplete.
func TestFleetAway(t *testing.T) {
	r := newRegistry(false)
	v := view()
	v.Connected, v.History = false, make([]observe.Sample, 1)
	r.Fleet(Supervisor{View: func() *observe.View { return v }, Rejected: func() uint64 { return 0 }})
	compare(t, r, `
# HELP factor_dlq_messages Dead letters of all jobs.
# TYPE factor_dlq_messages gauge
factor_dlq_messages 4
# HELP factor_up 1 while this process is connected to the NATS server, else 0.
# TYPE factor_up gauge
factor_up 0
# HELP factor_view_complete 0 if something of the fleet cannot be read, or is outdated, else 1.
# TYPE factor_view_complete gauge
factor_view_complete 0
`, "factor_dlq_messages", "factor_up", "factor_view_complete")
}

// TestLint: the metrics of a process that is a worker and a supervisor keep the conventions of Prometheus.
func TestLint(t *testing.T) {
	r := newRegistry(true)
	w := r.Worker(func() worker.Stats { return worker.Stats{State: worker.StateRunning} })
	w.Answered("factor", nil, nil)
	r.Fleet(Supervisor{View: view, Rejected: func() uint64 { return 6 }})
	problems, err := testutil.GatherAndLint(r.Gatherer())
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range problems {
		t.Errorf("%s: %s", p.Metric, p.Text)
	}
}
