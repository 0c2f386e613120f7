package job

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"factorfleet/internal/collect"
	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

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
		c := &checker{streams: new(streams), trust: new(fleet.Trust), deliver: func(b batch) { l.deliver(b) }}
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
