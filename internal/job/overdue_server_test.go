package job

import (
	"context"
	"testing"
	"time"

	"github.com/rs/zerolog"

	"factorfleet/internal/fleet"
	"factorfleet/internal/fleettest"
	"factorfleet/internal/puller"
	"factorfleet/internal/schema"
	"factorfleet/internal/stream"
	"factorfleet/internal/worker"
)

// sitOn pulls n tasks as worker "liar", names them in its heartbeat and keeps them alive, but computes none.
func (h *testFleet) sitOn(n int) {
	h.t.Helper()
	nc, js := h.connect()
	client, err := puller.Open(h.t.Context(), nc, js, "liar", stream.Options{Log: zerolog.Nop()})
	if err != nil {
		h.t.Fatal(err)
	}
	status := worker.Status{Stats: worker.Stats{State: worker.StateRunning, Slots: 8, Busy: 1}}
	var held []*worker.Delivery
	for len(held) < n {
		_, got := fleettest.Pull(h.t, client, n-len(held))
		held = append(held, got...)
	}
	for _, d := range held {
		status.Holding = append(status.Holding, worker.TaskName(d.Address))
	}
	fleettest.Background(h.t, func(ctx context.Context) error {
		for stream.Sleep(ctx, 100*time.Millisecond) == nil {
			for _, d := range held {
				if err := d.Handle.InProgress(); err != nil {
					return err
				}
			}
			if err := client.Beat(status); err != nil {
				return err
			}
		}
		return nil
	})
}

// redelivered returns how many deliveries of tasks were not the first of their task.
func (h *testFleet) redelivered() int {
	h.t.Helper()
	_, js := h.connect()
	s, err := js.Stream(h.t.Context(), schema.StreamTasks)
	if err != nil {
		h.t.Fatal(err)
	}
	more := -int(s.CachedInfo().State.LastSeq)
	for c := range s.ListConsumers(h.t.Context()).Info() {
		more += int(c.Delivered.Consumer)
	}
	return max(more, 0)
}

// beat sends heartbeats of an idle worker, so that the fleet knows of its free slots.
func (h *testFleet) beat(name string) {
	h.t.Helper()
	nc, js := h.connect()
	client, err := puller.Open(h.t.Context(), nc, js, name, stream.Options{Log: zerolog.Nop()})
	if err != nil {
		h.t.Fatal(err)
	}
	fleettest.Background(h.t, func(ctx context.Context) error {
		for err = nil; err == nil; err = stream.Sleep(ctx, 100*time.Millisecond) {
			if err := client.Beat(worker.Status{Stats: worker.Stats{State: worker.StateRunning, Slots: 2}}); err != nil {
				return err
			}
		}
		return nil
	})
}

// TestSitsOnTasks: a worker that takes tasks, names them in its heartbeats and keeps them alive for ever delays
// their numbers by four ack waits. It is named in the log and has a complaint, and no task is left in the queue.
func TestSitsOnTasks(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	if _, err := h.Trust(t.Context()); err != nil { // keeps complaints that are not stored yet
		t.Fatal(err)
	}
	var book logbook
	r := h.begin(func(ctx context.Context, w Watch, started func(string)) (*Summary, error) {
		w.Log = zerolog.New(&book)
		return Submit(ctx, h.Fleet, submission("j", text(0, 200)), w, started)
	})
	h.sitOn(2)
	h.worker("honest", nil)
	h.beat("honest")
	r.clean()
	r.out.check(t, 0, 200)
	issued := book.count("of job j is held by worker liar for")
	if lapsed := h.redelivered(); issued > 2 || issued < 2-lapsed { // the liar itself may be late on a busy machine
		t.Errorf("%d lines, %d redeliveries: %s", issued, lapsed, book.text.String())
	}
	if n := h.held(schema.StreamTasks, "j"); n > 0 {
		t.Errorf("%d tasks are left", n)
	}
	await(t, "the complaints", func() bool {
		list, err := h.Standings(t.Context())
		return err == nil && (issued == 0 || len(list) == 1 && list[0].Worker == "liar" && list[0].Complaints[fleet.ComplaintHeld] == uint64(issued))
	})
}

// TestSitsOnParkedJob: the supervisor watches a job again that a worker holds tasks of for too long, although
// nothing has happened in the job.
func TestSitsOnParkedJob(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	var book logbook
	s := newSupervisor(h.other(), zerolog.New(&book))
	s.pace = quickPace
	h.background(s)
	h.feed("j")
	h.awaitParked()
	watched := book.count("watching job")
	h.sitOn(2)
	h.worker("honest", nil)
	h.beat("honest")
	await(t, "the job is done", func() bool { return h.isDone("j") })
	if n := book.count("watching job"); n == watched {
		t.Error("the job was watched all the time")
	}
}
