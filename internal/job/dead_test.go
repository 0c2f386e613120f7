package job

import (
	"context"
	"testing"

	"factorfleet/internal/puller"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// TestDead: a number that no worker can square is given up, and the job is done. After the
// number was retried with success, the job is clean.
func TestDead(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t)
	broken := func(s *puller.Client) worker.Outbox { return breaker{s} }
	stop := h.worker("broken", broken)
	a := h.submit(h.Fleet, submission("j", text(0, 100)))
	s, err := a.end()
	if err != nil || s.Clean() || s.Counts.Dead != 1 || s.Verified != 99 || s.Job.State != task.Done || s.Job.Dead != 1 {
		t.Fatalf("%+v, %v", s, err)
	}
	if item := a.out.items[17]; len(a.out.items) != 100 || item.Dead != "it is 17 (on broken)" || item.Position != 17 {
		t.Errorf("%+v", item)
	}
	var out output
	s, err = Results(t.Context(), h.Fleet, "j", out.watch())
	if err != nil || s.Counts.Dead != 1 || out.len() != 100 || out.items[17].Dead != "it is 17 (on broken)" {
		t.Errorf("Results: %+v, %v, %d lines", s, err, out.len())
	}
	stop()
	letters, err := h.DeadLetters(t.Context(), "j")
	if err != nil || len(letters) != 2 || letters[0].Writer != "broken" || !letters[1].Authoritative() {
		t.Fatalf("%+v, %v", letters, err)
	}
	if err := h.RetryDeadLetter(t.Context(), &letters[1]); err != nil {
		t.Fatal(err)
	}
	h.worker("w", nil)
	b := h.wait(h.Fleet, "j")
	if s := b.clean(); s.Job.State != task.Done || s.Job.Dead != 0 {
		t.Errorf("%+v", s.Job)
	}
	b.out.check(t, 0, 100)
}

// A breaker dead-letters the number 17 instead of storing its answer.
type breaker struct{ *puller.Client }

func (b breaker) Result(ctx context.Context, job string, r task.Range, payload []byte) error {
	if !r.Contains(task.Range{First: 17, Count: 1}) {
		return b.Client.Result(ctx, job, r, payload)
	}
	result, err := task.DecodeResult(payload)
	if err != nil {
		return err
	}
	items, at := result.Items, 17-r.First
	for part, items := range map[task.Range][]task.Factorization{task.Span(r.First, 17): items[:at], task.Span(18, r.End()): items[at+1:]} {
		if part.Count > 0 {
			result.Items = items
			if err := b.Client.Result(ctx, job, part, result.Encode()); err != nil {
				return err
			}
		}
	}
	return b.Dead(ctx, job, task.Range{First: 17, Count: 1}, (&task.Failure{Err: "it is 17"}).Encode())
}
