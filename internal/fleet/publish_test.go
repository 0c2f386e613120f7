package fleet

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/plan"
	"factorfleet/internal/task"
)

func chunks(from, count int) (list []plan.Chunk) {
	for i := from; i < from+count; i++ {
		list = append(list, plan.Chunk{Range: single(i), Numbers: numbers(i, 1), Predicted: time.Second})
	}
	return list
}

func TestPublisher(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	j, _ := h.job("j", task.ClassLow, 0)
	j.Budget = time.Minute
	p := h.Publisher(j, nil, nil)
	for range 2 { // what is queued already is as good
		if err := p.Publish(t.Context(), chunks(0, 1200)); err != nil {
			t.Fatal(err)
		}
	}
	queued, n, err := h.Queued(t.Context(), "j")
	if err != nil || n != 1200 || queued.Len() != 1200 {
		t.Errorf("%d tasks of %d numbers are queued, %v", n, queued.Len(), err)
	}
	text, d := pull(t, h.station("w"), 1)
	if text[0] != "low j 0-1 1" {
		t.Errorf("pulled %q", text)
	}
	got, err := task.DecodeTask(d[0].Data)
	if err != nil || got.Kind != j.Kind || got.Budget != time.Minute || got.Predicted != time.Second || len(got.Numbers) != 1 {
		t.Errorf("%+v, %v", got, err)
	}
}

// TestPublisherWaits: a publisher queues no more than the limits of its class and of its job allow,
// and continues when there is room.
func TestPublisherWaits(t *testing.T) {
	for _, test := range []struct {
		name     string
		low, own uint64
		others   int // tasks of another job
	}{
		{"depth", 1000, 20_000, 400},
		{"own", 50_000, 600, 400},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			h := newTestFleet(t, Provision{})
			other, _ := h.job("other", task.ClassNorm, 0)
			if err := h.Publisher(other, nil, nil).Publish(t.Context(), chunks(0, test.others)); err != nil {
				t.Fatal(err)
			}
			j, _ := h.job("j", task.ClassLow, 0)
			var waits, goes atomic.Int32
			p := h.Publisher(j, nil, func(waiting bool) {
				if waiting {
					waits.Add(1)
				} else {
					goes.Add(1)
				}
			})
			p.maxDepth, p.maxOwn = test.low, test.own
			done := make(chan error)
			go func() { done <- p.Publish(t.Context(), chunks(0, 1000)) }()
			await(t, "it waits", func() bool { return waits.Load() == 1 })
			if _, n, err := h.Queued(t.Context(), "j"); n != 500 || err != nil {
				t.Errorf("%d tasks are queued, %v", n, err)
			}
			if err := h.tasks.Purge(t.Context(), jetstream.WithPurgeSubject("FACTOR.tasks.low.j.>")); err != nil {
				t.Fatal(err)
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			if waits.Load() != 1 || goes.Load() != 1 {
				t.Errorf("it reported %d times that it waits, %d times that it continues", waits.Load(), goes.Load())
			}
			if _, n, err := h.Queued(t.Context(), "j"); n != 500 || err != nil {
				t.Errorf("%d tasks are queued, %v", n, err)
			}

			// No worker makes room, and the caller stops waiting.
			because := errors.New("enough")
			ctx, cancel := context.WithTimeoutCause(t.Context(), 200*time.Millisecond, because)
			defer cancel()
			if err := p.Publish(ctx, chunks(2000, 1000)); !errors.Is(err, because) {
				t.Errorf("%v", err)
			}
		})
	}
}

// TestPublisherOwnCount: numbers that this process has seen answered make room without a look at the
// queue, however many chunks a result answers.
func TestPublisherOwnCount(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	j, _ := h.job("j", task.ClassLow, 0)
	var finished uint64
	p := h.Publisher(j, func() uint64 { return finished }, nil)
	p.maxOwn = 600
	if err := p.Publish(t.Context(), chunks(0, 500)); err != nil {
		t.Fatal(err)
	}
	if p.own() != 500 {
		t.Errorf("own %d", p.own())
	}
	finished = 450
	if ok, err := p.hasRoom(t.Context(), 500); !ok || err != nil || !p.counting.IsZero() {
		t.Errorf("room %v, %v, counted at %v", ok, err, p.counting)
	}
	finished = 100
	if ok, err := p.hasRoom(t.Context(), 500); ok || err != nil || p.counting.IsZero() || p.own() != 500 {
		t.Errorf("room %v, %v, own %d: the queue holds 500", ok, err, p.own())
	}
	finished = 1000 // more than were ever queued: of others
	if p.own() != 0 {
		t.Errorf("own %d", p.own())
	}

	var tens []plan.Chunk
	for i := range 50 {
		at := 500 + 10*i
		tens = append(tens, plan.Chunk{Range: task.Range{First: uint64(at), Count: 10}, Numbers: numbers(at, 10)})
	}
	p = h.Publisher(j, func() uint64 { return finished }, nil)
	if err := p.Publish(t.Context(), tens); err != nil {
		t.Fatal(err)
	}
	finished += 245
	if p.own() != 26 {
		t.Errorf("own %d, want 25.5 of 50 chunks of 10 numbers", p.own())
	}
}

// TestRequeue: ranges of any length are requeued in chunks that fit a message.
func TestRequeue(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	j, in := h.job("j", task.ClassHi, 10_000)
	if err := h.Requeue(t.Context(), j, in, []task.Range{{First: 3, Count: 9000}, {First: 9999, Count: 1}}); err != nil {
		t.Fatal(err)
	}
	if got := h.ranges("j"); got != "3-4096 4099-4096 8195-808 9999-1" {
		t.Errorf("queued %s", got)
	}
	if err := h.Requeue(t.Context(), j, in, []task.Range{{First: 9999, Count: 2}}); err == nil {
		t.Error("requeued numbers that are not stored")
	}
}
