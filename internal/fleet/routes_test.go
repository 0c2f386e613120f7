package fleet

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/plan"
	"factorfleet/internal/puller"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// routed creates the job "j" of a route, with the durable of its class.
func (h *testFleet) routed(id, route string, count int) (*task.Job, *Inputs) {
	h.t.Helper()
	_, in := h.job(id, task.ClassNorm, count)
	j, err := h.ChangeJob(h.t.Context(), id, func(j *task.Job) error { j.Route = route; return nil })
	if err == nil {
		err = h.EnsureRoute(h.t.Context(), j.Queue())
	}
	if err != nil {
		h.t.Fatal(err)
	}
	return j, in
}

// offering opens the access of a worker that offers labels and obeys orders.
func (h *testFleet) offering(name string, offers ...string) *station {
	h.t.Helper()
	s := h.station(name)
	s.Offer(offers)
	if err := s.Listen(h.t.Context(), puller.Orders{}); err != nil {
		h.t.Fatal(err)
	}
	if err := s.nc.Flush(); err != nil {
		h.t.Fatal(err)
	}
	return s
}

// announce sends the order that names the classes with a route, and waits until the stations have it.
func (h *testFleet) announce(stations ...*station) {
	h.t.Helper()
	classes, err := h.Classes(h.t.Context())
	if err == nil {
		err = h.announceRoutes(withRoute(classes))
	}
	if err = errorsOf(err, h.nc.Flush()); err != nil {
		h.t.Fatal(err)
	}
	for _, s := range stations {
		if err := s.nc.Flush(); err != nil {
			h.t.Fatal(err)
		}
	}
}

func errorsOf(list ...error) error {
	for _, err := range list {
		if err != nil {
			return err
		}
	}
	return nil
}

// TestRoutes: the durable of a route is made once, with the settings of the others, and Classes, Queue and Findings have
// it. Tasks that were queued before are delivered to a worker that offers the route, and to no other one.
func TestRoutes(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{AckWait: 3 * time.Second})
	ctx := t.Context()
	if classes, err := h.Classes(ctx); err != nil || !slices.Equal(classes, task.Classes) {
		t.Fatalf("%v, %v", classes, err)
	}
	j, in := h.routed("j", "exec=resize+gpu", 10)
	h.queue(j, single(9)) // before the durable of low exists
	low := task.ClassLow.Routed("gpu")
	for range 2 {
		if err := h.EnsureRoute(ctx, low); err != nil {
			t.Fatal(err)
		}
		h.forgetRoute(low)
	}
	want := []task.Class{"hi", "norm", "norm+exec=resize+gpu", "low", "low+gpu"}
	if classes, err := h.Classes(ctx); err != nil || !slices.Equal(classes, want) {
		t.Fatalf("%v, %v", classes, err)
	}
	queue, err := h.Queue(ctx)
	if err != nil || len(queue) != 5 || queue[2].Class != want[2] || queue[2].Queued != 1 {
		t.Errorf("%+v, %v", queue, err)
	}
	s, err := h.Inspect(ctx, true)
	if err != nil || s.Durables["workers-low+gpu"] == nil || s.Durables["workers-norm+exec=resize+gpu"] == nil {
		t.Fatalf("%v, %v", s.Durables, err)
	}
	if list := Findings(s, Provision{AckWait: 3 * time.Second}); len(list) > 0 {
		t.Errorf("findings: %v", list)
	}
	if list := Findings(s, Provision{AckWait: 4 * time.Second}); len(list) != 5 {
		t.Errorf("findings of another ack wait: %v", list)
	}
	chunks := []plan.Chunk{{Range: single(0), Numbers: numbers(0, 1)}, {Range: single(1), Numbers: numbers(1, 1)}}
	if err := h.Publisher(j, nil, nil).Publish(ctx, chunks); err != nil {
		t.Fatal(err)
	}
	if err := h.Requeue(ctx, j, in, []task.Range{single(2)}); err != nil {
		t.Fatal(err)
	}
	if err := h.IssueAgain(ctx, j, in, single(0), 1); err != nil {
		t.Fatal(err)
	}
	if n, _, err := h.TasksOf(ctx, j, single(0)); n != 2 || err != nil {
		t.Errorf("%d tasks of a range, %v", n, err)
	}
	plain, gpu, both := h.offering("plain"), h.offering("gpu", "gpu", "large"), h.offering("both", "exec=resize", "gpu", "large")
	h.announce(plain, gpu, both)
	for _, s := range []*station{plain, gpu} {
		if text, _ := pull(t, s, 9); text != nil {
			t.Errorf("a worker without the route got %v", text)
		}
	}
	var got []string
	for len(got) < 5 {
		text, deliveries := pull(t, both, 9)
		got = append(got, text...)
		ack(t, deliveries)
	}
	slices.Sort(got)
	if want := "[norm+exec=resize+gpu j 0-1 1 norm+exec=resize+gpu j 0-1 2 norm+exec=resize+gpu j 1-1 1 norm+exec=resize+gpu j 2-1 1 norm+exec=resize+gpu j 9-1 1]"; fmt.Sprint(got) != want {
		t.Errorf("got %v", got)
	}
}

// TestRouteIsKept: whatever queues a range again keeps its route: a return, a split, exhausted deliveries, and what was
// given up and is retried.
func TestRouteIsKept(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{AckWait: time.Second})
	j, _ := h.routed("j", "gpu", 100)
	background(t, h.Sweep)
	h.put(schema.ReturnSubject("j", task.Range{First: 0, Count: 2}, "0", "w"), (&task.Return{Reason: task.Isolate, Pieces: 2}).Encode())
	h.put(schema.ReturnSubject("j", single(2), "0", "w"), (&task.Return{Reason: task.Drained}).Encode())
	h.queue(j, task.Range{First: 10, Count: 2})
	gpu := h.offering("w", "gpu")
	lapsed := make(map[string]bool)
	await(t, "the lapsed chunk is split", func() bool {
		h.announce(gpu)
		text, _ := pull(t, gpu, 1) // never settled
		for _, s := range text {
			lapsed[s] = true
		}
		return lapsed["norm+gpu j 10-1 1"] && lapsed["norm+gpu j 11-1 1"]
	})
	for _, want := range []string{"norm+gpu j 0-1 1", "norm+gpu j 1-1 1", "norm+gpu j 2-1 1", "norm+gpu j 10-2 1"} {
		if !lapsed[want] {
			t.Errorf("no task %s, only %v", want, lapsed)
		}
	}
	for _, subject := range h.subjects(schema.StreamTasks) {
		if !strings.HasPrefix(subject, "tasks.norm+gpu.") {
			t.Errorf("a task without its route: %s", subject)
		}
	}
}

// TestRouteRemoved: a durable is removed once no job has used its class for a while, and not before. One that is missing is
// created again, and delivers what was queued.
func TestRouteRemoved(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	ctx := t.Context()
	j, _ := h.routed("j", "gpu", 10)
	class, unused := j.Queue(), make(map[task.Class]time.Time)
	exists := func(want bool, idle time.Duration, what string) {
		t.Helper()
		h.forgetRoute("") // lists anew
		if err := h.removeRoutes(ctx, unused, idle); err != nil {
			t.Fatal(err)
		}
		h.forgetRoute("")
		if classes, err := h.Classes(ctx); err != nil || slices.Contains(classes, class) != want {
			t.Errorf("%s: %v, %v", what, classes, err)
		}
	}
	exists(true, 0, "the job is active")
	exists(true, 0, "the job is still active")
	h.queue(j, single(1))
	if _, err := h.ChangeJob(ctx, "j", func(j *task.Job) error { j.State = task.Cancelled; return nil }); err != nil {
		t.Fatal(err)
	}
	exists(true, 0, "a task is queued")
	exists(true, 0, "a task is still queued")
	if err := h.DropTasks(ctx, j, single(1)); err != nil {
		t.Fatal(err)
	}
	exists(true, 0, "seen unused once")
	exists(true, time.Hour, "unused for a moment")
	exists(false, 0, "unused")
	if err := h.EnsureRoutes(ctx, []task.Class{class}); err != nil {
		t.Fatal(err)
	}
	h.queue(j, single(2))
	if err := h.tasks.DeleteConsumer(ctx, schema.Durable(class)); err != nil {
		t.Fatal(err)
	}
	gpu := h.offering("w", "gpu")
	h.announce(gpu) // the list is older than the removal
	if text, _ := pull(t, gpu, 1); text != nil {
		t.Errorf("got %v without a durable", text)
	}
	h.forgetRoute("")
	if err := h.EnsureRoutes(ctx, []task.Class{class}); err != nil {
		t.Fatal(err)
	}
	if err := errorsOf(h.nc.Flush(), gpu.nc.Flush()); err != nil {
		t.Fatal(err)
	}
	if text, _ := pull(t, gpu, 1); fmt.Sprint(text) != "[norm+gpu j 2-1 1]" {
		t.Errorf("got %v", text)
	}
}

// TestRoutesAnnounced: a process that sweeps repeats which classes have a durable.
func TestRoutesAnnounced(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.routed("j", "gpu", 1)
	orders := make(chan *nats.Msg, 10)
	if _, err := h.nc.ChanSubscribe(schema.RoutesOrder, orders); err != nil {
		t.Fatal(err)
	}
	w := &forgottenWatch{f: h.Fleet, workers: func() []worker.Status { return nil }}
	if err := errorsOf(w.look(t.Context()), h.nc.Flush()); err != nil {
		t.Fatal(err)
	}
	if m := <-orders; string(m.Data) != "norm+gpu\n" || m.Header.Get(schema.OrderHeader) == "" {
		t.Errorf("%q %v", m.Data, m.Header)
	}
}
