package fleet

import (
	"context"
	"errors"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/nats-io/nats.go/jetstream"

	"factorfleet/internal/collect"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// At most so much does package stream pass on at once.
const (
	followBatch = 256
	followBytes = 16 << 20
)

func single(position int) task.Range { return task.Range{First: uint64(position), Count: 1} }

// TestFollowResults: stored results come first, then those that are stored while it
// runs, each once and in order.
func TestFollowResults(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	w := h.station("w")
	publish := func(from, to int) {
		for i := from; i < to; i++ {
			if err := w.Result(t.Context(), "j", single(i), fmt.Append(nil, i)); err != nil {
				t.Fatal(err)
			}
		}
	}
	publish(0, followBatch+100)
	if err := w.Result(t.Context(), "other", single(0), nil); err != nil {
		t.Fatal(err)
	}
	next := 0
	var caughtUp, seen atomic.Int64
	stopped := errors.New("enough")
	background(t, func(ctx context.Context) error {
		err := h.FollowResults(ctx, "j", func(list []collect.Arrival, last uint64) error {
			for _, a := range list {
				if a.Range != single(next) || a.Worker != "w" || string(a.Data) != fmt.Sprint(next) || a.Seq == 0 || a.Seq > last {
					t.Errorf("result %d is %+v", next, a)
				}
				next++
			}
			seen.Store(int64(next))
			if next == 500 {
				return stopped
			}
			return nil
		}, func() { caughtUp.Add(1) })
		if !errors.Is(err, stopped) {
			t.Errorf("ended with %v", err)
		}
		return nil
	})
	await(t, "stored results", func() bool { return seen.Load() == followBatch+100 && caughtUp.Load() == 1 })
	publish(followBatch+100, 500)
	await(t, "new results", func() bool { return seen.Load() == 500 })
	if caughtUp.Load() != 1 {
		t.Errorf("caught up %d times", caughtUp.Load())
	}
	await(t, "the consumer is removed", func() bool {
		info, err := h.results.Info(t.Context())
		return err == nil && info.State.Consumers == 0
	})
}

// TestFollowStrange: messages that are not of the fleet's form are skipped, and advance last as they
// advance LastResult.
func TestFollowStrange(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	w := h.station("w")
	if err := w.Result(t.Context(), "j", single(0), nil); err != nil {
		t.Fatal(err)
	}
	var got atomic.Uint64
	background(t, func(ctx context.Context) error {
		return h.FollowResults(ctx, "j", func(_ []collect.Arrival, last uint64) error { got.Store(last); return nil }, nil)
	})
	await(t, "the result", func() bool { return got.Load() == 1 })
	h.put("FACTOR.results.j.nonsense.w", nil)
	h.put("FACTOR.results.j.0-1.w.too.long", nil)
	want, err := h.LastResult(t.Context(), "j")
	if err != nil || want != 2 {
		t.Errorf("the last result is %d, %v", want, err)
	}
	await(t, "the strange message", func() bool { return got.Load() == want })
	if last, err := h.LastResult(t.Context(), "none"); last != 0 || err != nil {
		t.Errorf("the last of none is %d, %v", last, err)
	}
}

// TestFollowDeleted: a follower does not wait for a message that the server has announced and that
// was deleted before it was delivered.
func TestFollowDeleted(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	w := h.station("w")
	const stored = 3 * followBatch // more than are handed out before the first is dealt with, as large as they are
	payload := make([]byte, followBytes/followBatch*3/4)
	for i := range stored {
		if err := w.Result(t.Context(), "j", single(i), payload); err != nil {
			t.Fatal(err)
		}
	}
	var seen atomic.Int64
	caughtUp := make(chan struct{})
	background(t, func(ctx context.Context) error {
		return h.FollowResults(ctx, "j", func(list []collect.Arrival, _ uint64) error {
			if seen.Add(int64(len(list))) == int64(len(list)) { // the first: all not yet handed out go
				return h.results.Purge(ctx, jetstream.WithPurgeSubject(resultsFilter("j")))
			}
			return nil
		}, func() { close(caughtUp) })
	})
	select {
	case <-caughtUp:
	case <-time.After(20 * time.Second):
		t.Fatal("never caught up")
	}
	if n := seen.Load(); n < followBatch || n >= stored {
		t.Errorf("saw %d of %d results: the test does not test", n, stored)
	}
}

func TestResult(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	w := h.station("w")
	if err := w.Result(t.Context(), "j", single(0), []byte("first")); err != nil {
		t.Fatal(err)
	}
	if err := w.Result(t.Context(), "j", single(0), []byte("second")); err != nil { // the first stands
		t.Fatal(err)
	}
	if data, _, err := h.Result(t.Context(), 1); err != nil || string(data) != "first" {
		t.Errorf("%q, %v", data, err)
	}
	answered, err := h.Answered(t.Context(), "j")
	if err != nil || answered.Len() != 1 {
		t.Errorf("answered %d, %v", answered.Len(), err)
	}
	for range 2 { // gone, and still gone
		if err := h.DropResults(t.Context(), []uint64{1}); err != nil {
			t.Error(err)
		}
	}
	if _, _, err := h.Result(t.Context(), 1); !stream.IsNotFound(err) {
		t.Errorf("a dropped result: %v", err)
	}
	if err := w.Result(t.Context(), "j", single(0), []byte("third")); err != nil { // there is room again
		t.Fatal(err)
	}
	if data, _, err := h.Result(t.Context(), 2); err != nil || string(data) != "third" {
		t.Errorf("%q, %v", data, err)
	}
}
