package puller

import (
	"bytes"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/rs/zerolog"

	"factorfleet/internal/fleet"
	"factorfleet/internal/fleettest"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// takePlaces lets so many pull requests without an expiry wait at the durable of class norm. It returns the
// subscription on whose end they end.
func (h *testFleet) takePlaces(count int) *nats.Subscription {
	h.t.Helper()
	nc, _ := h.Connect()
	inbox := nc.NewInbox()
	sub, err := nc.SubscribeSync(inbox + ".*")
	if err != nil {
		h.t.Fatal(err)
	}
	for i := range count {
		if err := nc.PublishRequest("$JS.API.CONSUMER.MSG.NEXT.FACTOR_TASKS.workers-norm", fmt.Sprint(inbox, ".", i), []byte(`{"batch":256}`)); err != nil {
			h.t.Fatal(err)
		}
	}
	if err := nc.Flush(); err != nil {
		h.t.Fatal(err)
	}
	return sub
}

// TestPlaces: a worker says that the requests of others have taken all places of a durable, and gets tasks
// soon after they have left.
func TestPlaces(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{})
	places := h.durable(task.ClassNorm).Config.MaxWaiting
	sub := h.takePlaces(places + 1000)
	fleettest.Await(t, "all places are taken", func() bool { return h.durable(task.ClassNorm).NumWaiting == places })

	nc, js := h.Connect()
	var log bytes.Buffer
	w, err := Open(t.Context(), nc, js, "w", stream.Options{Log: zerolog.New(&log).Level(zerolog.WarnLevel)})
	if err != nil {
		t.Fatal(err)
	}
	pullNone := func() {
		if err := w.Pull(t.Context(), 1, func(d *worker.Delivery) { t.Errorf("pulled %v", d.Range) }); err != nil {
			t.Error(err)
		}
	}
	for range 4 {
		begin := time.Now()
		pullNone()
		if took := time.Since(begin); took < fullPause {
			t.Errorf("asked again after %v", took)
		}
	}
	want := fmt.Sprintf("%d of %d pull requests wait at durable workers-norm, so that this worker gets few tasks or none", places, places)
	if strings.Count(log.String(), "\n") != 1 || !strings.Contains(log.String(), want) || !strings.Contains(log.String(), "`embedded keys revoke`") {
		t.Errorf("the log is %q, want one line with %q", log.String(), want)
	}
	w.puller.places.checked = time.Now().Add(-checkInterval)
	pullNone()
	if n := strings.Count(log.String(), "\n"); n != 2 {
		t.Errorf("%d warnings in more than a minute, want 2", n)
	}

	if err := sub.Unsubscribe(); err != nil {
		t.Fatal(err)
	}
	h.queue(h.job("j", task.ClassNorm, 10), fleettest.Single(0))
	begin := time.Now()
	fleettest.Await(t, "a task", func() bool { text, _ := pull(t, w, 1); return len(text) > 0 })
	if took := time.Since(begin); took > 20*time.Second {
		t.Errorf("a task came %v after the places were free", took)
	}
}

// TestPlacesIdle: a worker that has got no task for a minute looks whether requests of others wait, also
// when a durable still has places.
func TestPlacesIdle(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{})
	nc, js := h.Connect()
	var log bytes.Buffer
	w, err := Open(t.Context(), nc, js, "w", stream.Options{Log: zerolog.New(&log).Level(zerolog.WarnLevel)})
	if err != nil {
		t.Fatal(err)
	}
	w.puller.waitTime = 50 * time.Millisecond
	idle := func() {
		w.puller.places.served = time.Now().Add(-checkInterval)
		w.puller.places.checked = time.Time{}
		if err := w.Pull(t.Context(), 1, func(d *worker.Delivery) { t.Errorf("pulled %v", d.Range) }); err != nil {
			t.Error(err)
		}
	}
	if idle(); log.Len() > 0 {
		t.Errorf("an idle fleet: %q", log.String())
	}
	half := h.durable(task.ClassNorm).Config.MaxWaiting / 2
	h.takePlaces(half)
	fleettest.Await(t, "half of the places are taken", func() bool { return h.durable(task.ClassNorm).NumWaiting >= half })
	if pull(t, w, 1); log.Len() > 0 {
		t.Errorf("after less than a minute without tasks: %q", log.String())
	}
	if idle(); !strings.Contains(log.String(), fmt.Sprintf("%d of %d pull requests wait at durable workers-norm", half, 2*half)) {
		t.Errorf("the log is %q", log.String())
	}
}
