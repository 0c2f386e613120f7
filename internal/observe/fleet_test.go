package observe

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/nat"
	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// result stores a result of a worker for numbers of a job; cpu has the CPU time of each.
func (r *rig) result(job, worker string, first uint64, cpu ...time.Duration) {
	r.t.Helper()
	x := task.Result{Kind: task.KindFactor, Worker: worker, Attempt: 1}
	for _, d := range cpu {
		x.Items = append(x.Items, task.Factorization{Method: "trial", CPU: d, Factors: []task.Factor{{P: nat.New(2), Exp: 1, Status: task.Prime}}})
	}
	subject := schema.ResultSubject(job, task.Range{First: first, Count: uint64(len(cpu))}, worker)
	if _, err := r.js.Publish(r.t.Context(), subject, x.Encode()); err != nil {
		r.t.Fatal(err)
	}
}

// TestAnswered: answers are counted as they come, and the slowest are named, of each position once.
func TestAnswered(t *testing.T) {
	r := newRig(t)
	r.job("a", 1000, 50)
	r.await("the job", func(v *View) bool { return v.Jobs == 1 })
	cpu := make([]time.Duration, 30)
	for i := range cpu {
		cpu[i] = time.Duration(i+1) * time.Millisecond
	}
	r.result("a", "w", 0, cpu...)
	r.result("a", "w2", 29, time.Hour)
	r.result("a", "liar", 1<<40, 2*time.Hour) // there is no such number
	if _, err := r.js.Publish(t.Context(), schema.ResultSubject("a", task.Range{First: 40, Count: 1}, "w"), []byte("no result")); err != nil {
		t.Fatal(err)
	}
	v := r.await("the answers", func(v *View) bool { return v.Lines[0].Answered >= 30 })
	if l := v.Lines[0]; l.Share == 0 || l.Share > 0.7 {
		t.Errorf("the line: %+v", l)
	}
	var page *JobView
	r.poll("the slowest numbers", func() bool {
		var err error
		if page, err = r.o.Job(t.Context(), "a"); err != nil {
			t.Fatal(err)
		}
		return page.Read >= 31
	})
	top := page.Slowest
	if len(top) != MaxSlowest || top[0].Position != 29 || top[0].Worker != "w2" || top[0].Number != "1029" || top[0].Digits != 4 {
		t.Fatalf("the slowest numbers: %+v", top)
	}
	if top[1].Position != 28 || top[1].CPU != 29*time.Millisecond {
		t.Errorf("a position with two answers is listed twice: %+v", top[:3])
	}
}

// poll waits until ok.
func (r *rig) poll(what string, ok func() bool) {
	r.t.Helper()
	ticker := time.NewTicker(50 * time.Millisecond)
	defer ticker.Stop()
	for deadline := time.Now().Add(2 * time.Minute); !ok(); <-ticker.C {
		if time.Now().After(deadline) {
			r.t.Fatalf("%s: not seen", what)
		}
	}
}

// TestLetters: the page of dead letters has the newest first, with their attempts, and not those that were removed.
func TestLetters(t *testing.T) {
	r := newRig(t)
	r.job("a", 1000, 50)
	for i := range 3 {
		at := task.Range{First: uint64(i), Count: 1}
		f := task.Failure{Kind: task.KindFactor, Worker: schema.Sweeper, Attempt: 3, Err: fmt.Sprintf("too hard %d\x1b[2J", i), Numbers: []nat.Nat{nat.New(uint64(1000 + i))}, Time: time.Now()}
		if _, err := r.js.Publish(t.Context(), schema.DeadSubject("a", at, schema.Sweeper), f.Encode()); err != nil {
			t.Fatal(err)
		}
		f.Worker, f.Err = "w", "panic <b>"
		if _, err := r.js.Publish(t.Context(), schema.FailedSubject(task.Address{Job: "a", Range: at, Round: task.FirstRound}, 1, "w"), f.Encode()); err != nil {
			t.Fatal(err)
		}
	}
	r.await("the letters", func(v *View) bool { return v.Dead == 3 })
	p, err := r.o.Dead(t.Context(), DeadQuery{Query: Query{Limit: 2}})
	if err != nil || p.Total != 3 || len(p.Letters) != 2 {
		t.Fatalf("%+v, %v", p, err)
	}
	if l := p.Letters[0]; l.Err != "too hard 2 [2J" || l.Text != "1002" || len(l.Attempts) != 1 || l.Attempts[0].Writer != "w" || l.Attempts[0].Numbers != nil {
		t.Errorf("a letter: %+v", l)
	}
	if p, err := r.o.Dead(t.Context(), DeadQuery{Job: "a", Query: Query{Search: "HARD 1", Limit: 10}}); err != nil || p.Total != 1 || p.Letters[0].Range.First != 1 {
		t.Errorf("a search: %+v, %v", p, err)
	}
	if page, err := r.o.Job(t.Context(), "a"); err != nil || page.Letters != 3 || len(page.Dead) != 3 || len(page.Dead[2].Attempts) != 1 {
		t.Errorf("the page of the job: %+v, %v", page, err)
	}
	if err := r.RemoveDeadLetter(t.Context(), &p.Letters[0].DeadLetter); err != nil {
		t.Fatal(err)
	}
	r.await("the removal", func(v *View) bool { return v.Dead == 2 })
	if p, err := r.o.Dead(t.Context(), DeadQuery{Query: Query{Limit: 10}}); err != nil || p.Total != 2 || p.Letters[0].Range.First != 1 {
		t.Errorf("after a removal: %+v, %v", p, err)
	}
	if _, err := r.o.Dead(t.Context(), DeadQuery{Query: Query{Limit: MaxLetters + 1}}); !errors.Is(err, ErrQuery) {
		t.Errorf("a limit that is too large: %v", err)
	}
}

// TestHolder: what the holder of a job in this process has verified is shown at once, with its name.
func TestHolder(t *testing.T) {
	r := newRig(t)
	r.job("a", 1000, 50)
	go r.Hold(t.Context(), "a", "me", func(ctx context.Context) error { <-ctx.Done(); return nil })
	defer r.ShowAnswered("a", func() uint64 { return 8 })()
	v := r.await("the holder", func(v *View) bool { return len(v.Lines) == 1 && v.Lines[0].Holder != "" })
	if l := v.Lines[0]; l.Holder != "me" || l.Answered != 7 {
		t.Errorf("%+v", l)
	}
}

// TestNoJob: a job that there is not is an error of its own.
func TestNoJob(t *testing.T) {
	r := newRig(t)
	r.await("the fleet", func(v *View) bool { return v.Connected })
	for _, id := range []string{"nosuch", "a.b", "*", ""} {
		if _, err := r.o.Job(t.Context(), id); !errors.Is(err, fleet.ErrNoJob) {
			t.Errorf("job %q: %v", id, err)
		}
	}
	if _, err := New().Job(t.Context(), "a"); !errors.Is(err, ErrUnknown) {
		t.Errorf("before there is a fleet: %v", err)
	}
}
