package job

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// TestOverlapping: of results that overlap, only those are verified whose positions no verified one
// answers; after a refused one the next one is.
func TestOverlapping(t *testing.T) {
	t.Parallel()
	var mu sync.Mutex
	var verified []uint64 // sequences
	refused := map[uint64]bool{}
	c := &checker{streams: new(streams), trust: new(fleet.Trust), audits: newAuditor(new(task.Job), nil)}
	c.check = func(_ context.Context, a collect.Arrival) (collect.Checked, error) {
		mu.Lock()
		defer mu.Unlock()
		verified = append(verified, a.Seq)
		if refused[a.Seq] {
			return collect.Checked{}, &collect.Refused{Range: a.Range, Worker: a.Worker, Err: errors.New("false")}
		}
		return collect.Checked{Arrival: a}, nil
	}
	var arrivals []collect.Arrival
	for first := range uint64(20) {
		for end := first + 1; end <= 20; end++ {
			arrivals = append(arrivals, collect.Arrival{Range: task.Span(first, end), Worker: "w", Seq: uint64(len(arrivals) + 1)})
		}
	}
	c.verify(t.Context(), arrivals)
	if !slices.Equal(verified, []uint64{20}) { // 0-20
		t.Errorf("verified %v", verified)
	}
	c.verify(t.Context(), arrivals) // the loop may not have accepted the first batch yet
	if len(verified) != 1 {
		t.Errorf("verified %v", verified)
	}

	c.recent, verified, refused[1], refused[2] = task.Set{}, nil, true, true
	arrivals = nil
	for seq := range uint64(5) {
		arrivals = append(arrivals, collect.Arrival{Range: task.Span(0, 10), Worker: "w", Seq: seq + 1})
	}
	outcomes, _ := c.verify(t.Context(), arrivals)
	if !slices.Equal(verified, []uint64{1, 2, 3}) || outcomes[1].err == nil || outcomes[2].err != nil || outcomes[4].err != nil {
		t.Errorf("verified %v: %+v", verified, outcomes)
	}
}

// TestErrorAfterAnswers: an error of verification ends the loop only after the results before it
// are accepted, however slow the output is.
func TestErrorAfterAnswers(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		w := newWorld(t, 7)
		w.seal()
		var out output
		slow := func(item *collect.Item) error { time.Sleep(time.Second); return out.emit(item) }
		l := newLoop(t.Context(), loopConfig{job: &w.job, watch: Watch{Emit: slow}, access: w, numbers: worldNumbers, reread: w.result})
		broken := errors.New("broken")
		c := &checker{streams: new(streams), trust: new(fleet.Trust), audits: l.audits, deliver: func(b batch) { l.deliver(b) }}
		c.check = func(ctx context.Context, a collect.Arrival) (collect.Checked, error) {
			if a.Seq == 4 {
				return collect.Checked{}, broken
			}
			return l.collector.Check(ctx, a)
		}
		var arrivals []collect.Arrival
		for i := range uint64(5) {
			r := task.Range{First: 10 * i, Count: 10}
			arrivals = append(arrivals, collect.Arrival{Range: r, Worker: "w", Seq: i + 1, Data: squares("w", int(r.First), 10).Encode()})
		}
		l.results = func(ctx context.Context) error { return c.take(ctx, arrivals, 5) }
		if end := l.run(t.Context()); !errors.Is(end.err, broken) || len(out.items) != 30 {
			t.Errorf("%+v after %d lines", end, len(out.items))
		}
	})
}
