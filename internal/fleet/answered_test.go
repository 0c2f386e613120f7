package fleet

import (
	"testing"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// countAnswered returns the count of answers of a job.
func (h *testFleet) countAnswered(id string) AnswerCount {
	h.t.Helper()
	j, err := h.Job(h.t.Context(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	queued, err := h.Backlog(h.t.Context(), id)
	if err != nil {
		h.t.Fatal(err)
	}
	n, err := h.CountAnswered(h.t.Context(), j, queued, 40, 1)
	if err != nil {
		h.t.Fatal(err)
	}
	return n
}

// TestCountAnswered: few results are listed; of many results the holder knows the count; without a holder the
// count is what is neither queued nor given up.
func TestCountAnswered(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{})
	h.fewResults = 10
	j, _ := h.job("j", task.ClassNorm, 40)
	h.job("other", task.ClassNorm, 40)
	h.queue(j, task.Range{First: 30, Count: 5})
	expect := func(what string, want AnswerCount) {
		t.Helper()
		if got := h.countAnswered("j"); got != want {
			t.Errorf("%s: %+v, not %+v", what, got, want)
		}
	}
	h.put(schema.ResultSubject("j", task.Range{First: 0, Count: 3}, "w"), nil)
	h.put(schema.ResultSubject("j", task.Range{First: 0, Count: 3}, "v"), nil)
	expect("few results", AnswerCount{Numbers: 3})
	for i := range 20 {
		h.put(schema.ResultSubject("other", single(i), "w"), nil)
	}
	expect("few results beside many of another job", AnswerCount{Numbers: 3})
	for i := 3; i < 23; i++ {
		h.put(schema.ResultSubject("j", single(i), "w"), nil)
	}
	expect("open, queued up to 35, 5 queued, 1 dead", AnswerCount{Numbers: 29, AtMost: true})

	revision, err := h.acquire(t.Context(), "j", "p")
	if err != nil {
		t.Fatal(err)
	}
	l := &lease{"j", "p", revision, time.Now()}
	answered := uint64(0)
	hide := h.ShowAnswered("j", func() uint64 { return answered })
	renew := func() {
		t.Helper()
		if l.revision, err = h.renewOnce(t.Context(), l); err != nil {
			t.Fatal(err)
		}
	}
	renew()
	expect("the holder has not read all results", AnswerCount{Numbers: 29, AtMost: true})
	answered = 22 + 1
	renew()
	expect("the holder knows", AnswerCount{Numbers: 22})
	hide()
	renew()
	expect("the holder does not say", AnswerCount{Numbers: 29, AtMost: true})
	if _, err := h.ChangeJob(t.Context(), "j", func(j *task.Job) error { j.State, j.Verified = task.Done, 39; return nil }); err != nil {
		t.Fatal(err)
	}
	expect("done", AnswerCount{Numbers: 39})
}
