package puller

import (
	"context"
	"strings"
	"sync"
	"testing"

	"github.com/nats-io/nats.go"

	"factorfleet/internal/fleet"
	"factorfleet/internal/fleettest"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// TestWaitEnds: a task that is queued while a worker stops waiting goes to that worker or at once to another one. A
// delivery is spent rarely.
func TestWaitEnds(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{})
	a, b := h.client("a"), h.client("b")
	const rounds = 60
	j := h.job("j", task.ClassLow, rounds)
	toOther, spent := 0, 0
	for i := range rounds {
		ctx, cancel := context.WithCancel(t.Context())
		var both sync.WaitGroup
		got := 0
		both.Go(func() {
			a.puller.idle = true // nothing but the wait
			if err := a.Pull(ctx, 1, func(d *worker.Delivery) { got += d.Attempt }); err != nil {
				t.Error(err)
			}
		})
		fleettest.Await(t, "a request waits", func() bool { return h.durable(task.ClassLow).NumWaiting > 0 })
		both.Go(func() { h.queue(j, fleettest.Single(i)) })
		if i%3 > 0 {
			both.Go(cancel)
		}
		both.Wait()
		cancel()
		if got == 0 {
			toOther++
			text, _ := pull(t, b, 1)
			if len(text) != 1 {
				t.Fatalf("the task that was not delivered: %q", text)
			}
			if strings.HasSuffix(text[0], " 2") {
				spent++
			}
		} else if got != 1 {
			t.Fatalf("attempt %d", got)
		}
	}
	if toOther == rounds || spent > rounds/4 {
		t.Errorf("%d tasks of %d went to the other worker, %d deliveries were spent", toOther, rounds, spent)
	}
}

// TestWaitOvertakes: a message that a durable sends for a request only after the worker has begun to end its wait, is
// received. It comes from the test, not from a stream: so it is no task, but it is counted.
func TestWaitOvertakes(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, fleet.Provision{})
	w := h.client("w")
	nc, _ := h.Connect()
	waiting := make(chan struct{}, len(task.Classes))
	if _, err := nc.Subscribe("slow.CONSUMER.MSG.NEXT.FACTOR_TASKS.*", func(m *nats.Msg) {
		if !strings.Contains(string(m.Data), "no_wait") {
			waiting <- struct{}{}
			return
		}
		if strings.HasSuffix(m.Subject, schema.Durable(task.ClassNorm)) {
			nc.PublishMsg(&nats.Msg{Subject: m.Reply, Data: []byte("x")})
		}
		nc.PublishMsg(&nats.Msg{Subject: m.Reply, Header: nats.Header{"Status": {"404"}}})
	}); err != nil {
		t.Fatal(err)
	}
	if err := nc.Flush(); err != nil {
		t.Fatal(err)
	}
	w.link.API = "slow."
	w.puller.idle = true
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() { done <- w.Pull(ctx, 1, func(*worker.Delivery) {}) }()
	for range task.Classes {
		<-waiting
	}
	cancel()
	if err := <-done; err != nil || w.puller.strange != 1 {
		t.Errorf("%d messages came: %v", w.puller.strange, err)
	}
}
