package fleet

import (
	"fmt"
	"testing"
	"time"

	"factorfleet/internal/schema"
	"factorfleet/internal/task"
)

// examine has everything examined that is stored of job j, and returns the strikes of a worker.
func (h *testFleet) examine(r *Refutations, worker string, verified func(task.Range) bool) Standing {
	h.t.Helper()
	_, records, err := h.DeadRanges(h.t.Context(), "j")
	if err != nil {
		h.t.Fatal(err)
	}
	failed, err := r.Records(h.t.Context())
	if err != nil {
		h.t.Fatal(err)
	}
	if err := r.Examine(h.t.Context(), r.Select(append(records, failed...), verified)); err != nil {
		h.t.Fatal(err)
	}
	s, err := h.Fleet.standing(h.t.Context(), worker)
	if err != nil {
		h.t.Fatal(err)
	}
	return s
}

// TestRefutedLetters: a dead letter for a number that another worker has answered is one strike, whoever examines it
// and how often. Others are none.
func TestRefutedLetters(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{AckWait: time.Second})
	x, err := h.Failures(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	answered := task.Span(0, 5) // 5 is not verified
	verified := func(r task.Range) bool { return answered.Contains(r) }
	for number, result := range map[int]string{0: "v", 1: "w", 2: "", 5: "v"} {
		h.put(schema.DeadSubject("j", single(number), "w"), failure("no"))
		if result != "" {
			h.put(schema.ResultSubject("j", single(number), result), nil)
		}
	}
	h.put(schema.DeadSubject("j", task.Range{First: 3, Count: 2}, "w"), failure("unreadable"))
	h.put(schema.ResultSubject("j", task.Range{First: 3, Count: 2}, "v"), nil)
	h.put(schema.DeadSubject("j", single(0), schema.Sweeper), failure("given up"))
	r := x.Refutations("j")
	for _, r := range []*Refutations{r, r, x.Refutations("j")} {
		s := h.examine(r, "w", verified)
		if len(s.Strikes) != 1 || s.Strikes[0].Range != "0-1" || !s.Strikes[0].Claim || s.Strikes[0].First != 0 {
			t.Errorf("%+v", s.Strikes)
		}
	}
	if s, _ := h.Fleet.standing(t.Context(), schema.Sweeper); len(s.Strikes) != 0 {
		t.Errorf("the sweeper has strikes: %+v", s)
	}

	// The result of a quarantined worker refutes nothing.
	if _, err := h.Quarantine(t.Context(), "bad", "test"); err != nil {
		t.Fatal(err)
	}
	await(t, "the quarantine", func() bool { return x.trust.Quarantined("bad") })
	h.put(schema.DeadSubject("j", single(2), "u"), failure("no"))
	h.put(schema.ResultSubject("j", single(2), "bad"), nil)
	if s := h.examine(x.Refutations("j"), "u", verified); len(s.Strikes) != 0 {
		t.Errorf("by the result of a quarantined worker: %+v", s.Strikes)
	}

	// The third strike quarantines, and the results that are stored by then are verified.
	h.put(schema.ResultSubject("j", single(9), "w"), nil)
	for _, number := range []int{2, 4} {
		h.put(schema.ResultSubject("j", single(number), "v"), nil)
	}
	h.put(schema.DeadSubject("j", single(4), "w"), failure("no"))
	last, err := h.lastSequence(t.Context(), h.results)
	if err != nil {
		t.Fatal(err)
	}
	s := h.examine(x.Refutations("j"), "w", verified)
	if s.Quarantined == nil || s.After != last || len(s.Strikes) != 3 {
		t.Fatalf("%+v", s)
	}
	if _, err := h.Release(t.Context(), "w"); err != nil {
		t.Fatal(err)
	}
	await(t, "it is released", func() bool { return !x.trust.Quarantined("w") })
	if s := h.examine(x.Refutations("j"), "w", verified); len(s.Strikes) != 0 {
		t.Errorf("what was forgiven is held against it: %+v", s.Strikes)
	}
	h.put(schema.DeadSubject("j", single(3), "w"), failure("no"))
	h.put(schema.ResultSubject("j", single(3), "v"), nil)
	if s := h.examine(x.Refutations("j"), "w", verified); len(s.Strikes) != 1 {
		t.Errorf("a letter after the release: %+v", s.Strikes)
	}
}

// TestHonestLetters: dead letters of commands, and of jobs that give a number up after one failure, count as other records:
// ten are one strike.
func TestHonestLetters(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*task.Job){
		"a command":   func(j *task.Job) { j.Kind = "exec:x" },
		"one attempt": func(j *task.Job) { j.MaxAttempts = 1 },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			h := newTestFleet(t, Provision{AckWait: time.Second})
			h.job("j", task.ClassNorm, 20)
			if _, err := h.ChangeJob(t.Context(), "j", func(j *task.Job) error { change(j); return nil }); err != nil {
				t.Fatal(err)
			}
			x, err := h.Failures(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			r := x.Refutations("j")
			for i := range 10 {
				h.put(schema.DeadSubject("j", single(i), "w"), failure("no"))
				h.put(schema.ResultSubject("j", single(i), "v"), nil)
				s := h.examine(r, "w", func(task.Range) bool { return true })
				if want := i / 9; len(s.Strikes) != want {
					t.Errorf("%d letters: %+v", i+1, s.Strikes)
				}
			}
		})
	}
}

// TestRefutedRecords: other failure records of ten numbers are one strike, also if another process examines them
// again; several records of one number count once.
func TestRefutedRecords(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{AckWait: time.Second})
	x, err := h.Failures(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := func(task.Range) bool { return true }
	fail := func(from, to int) {
		for i := from; i < to; i++ {
			for attempt := 1; attempt <= 3; attempt++ {
				h.put(fmt.Sprintf("%sj.%d-1.0.%d.w", schema.FailedPrefix, i, attempt), failure("no"))
			}
			h.put(schema.ResultSubject("j", single(i), "v"), nil)
		}
	}
	r := x.Refutations("j")
	fail(0, 9)
	if s := h.examine(r, "w", all); len(s.Strikes) != 0 {
		t.Errorf("9 numbers: %+v", s.Strikes)
	}
	fail(9, 10)
	for _, r := range []*Refutations{r, x.Refutations("j"), r} {
		if s := h.examine(r, "w", all); len(s.Strikes) != 1 || s.Strikes[0].First == 0 || s.Strikes[0].First >= s.Strikes[0].Seq {
			t.Errorf("10 numbers: %+v", s.Strikes)
		}
	}
	fail(10, 20)
	if s := h.examine(r, "w", all); len(s.Strikes) != 2 {
		t.Errorf("20 numbers: %+v", s.Strikes)
	}
}

// TestRunningIsNotRefuted: another worker answers numbers of which a last attempt still runs. Their worker may
// answer, too, so its records are not held against it. A liar can pretend that for an hour.
func TestRunningIsNotRefuted(t *testing.T) {
	t.Parallel()
	h := newTestFleet(t, Provision{AckWait: time.Second})
	x, err := h.Failures(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	all := func(task.Range) bool { return true }
	begun := (&task.Failure{Worker: "w", Attempt: 3, Time: time.Now()}).Encode()
	for i := range refutedRanges {
		h.put(fmt.Sprintf("%sj.%d-1.0.3.w", schema.FailedPrefix, i), begun)
		h.put(schema.ResultSubject("j", single(i), "v"), nil)
	}
	h.beat(x, "w", time.Now().Add(-time.Minute))
	r := x.Refutations("j")
	if s := h.examine(r, "w", all); len(s.Strikes) != 0 {
		t.Errorf("while they run: %+v", s.Strikes)
	}
	if list, err := r.Records(t.Context()); err != nil || len(r.Select(list, all)) != 0 {
		t.Errorf("examined again at once, %v", err)
	}
	h.clock.observe(time.Now(), time.Now(), time.Now().Add(2*runningMost))
	if s := h.examine(x.Refutations("j"), "w", all); len(s.Strikes) != 1 {
		t.Errorf("after an hour: %+v", s.Strikes)
	}
}

// TestSelect: one call examines few records of one worker, and few in all.
func TestSelect(t *testing.T) {
	t.Parallel()
	x := &Failures{trust: &Trust{standings: make(map[string]Standing)}}
	r := x.Refutations("j")
	var list []schema.Place
	for i := range 100_000 {
		list = append(list, schema.Place{Address: task.Address{Job: "j", Range: single(i)}, Worker: fmt.Sprint("w", i%2)})
	}
	all := func(task.Range) bool { return true }
	if got := r.Select(list, all); len(got) != 2*examinedOfOne {
		t.Errorf("%d of two workers", len(got))
	}
	for i := range list {
		list[i].Worker = fmt.Sprint("w", i)
	}
	if got := r.Select(list, all); len(got) != examinedAtOnce {
		t.Errorf("%d of many workers", len(got))
	}
}

// TestSameStrike: strikes for messages of different streams are different, whatever their sequences.
func TestSameStrike(t *testing.T) {
	result, letter := Strike{Seq: 7}, Strike{Seq: 7, Claim: true}
	records, later := Strike{First: 3, Seq: 9, Claim: true}, Strike{First: 9, Seq: 12, Claim: true}
	for _, test := range []struct {
		x, y Strike
		want bool
	}{
		{result, result, true}, {letter, letter, true}, {records, records, true}, {records, later, true},
		{result, letter, false}, {letter, records, false}, {result, records, false},
		{records, Strike{First: 10, Seq: 12, Claim: true}, false}, {letter, Strike{Seq: 8, Claim: true}, false},
	} {
		if test.x.same(test.y) != test.want || test.y.same(test.x) != test.want {
			t.Errorf("%+v, %+v: not %v", test.x, test.y, test.want)
		}
	}
	s := Standing{Forgiven: 7, ForgivenClaims: 4}
	if !s.isForgiven(result) || s.isForgiven(letter) || !s.isForgiven(records) || s.isForgiven(later) {
		t.Error("the wrong strikes are forgiven")
	}
}
