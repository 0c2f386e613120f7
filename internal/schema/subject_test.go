package schema

import (
	"strings"
	"testing"

	"factorfleet/internal/task"
)

// TestParseSubject: every subject that is rendered is parsed to the same place.
func TestParseSubject(t *testing.T) {
	t.Parallel()
	all := task.Address{Class: task.ClassHi, Job: "j_1", Range: task.Range{First: 17, Count: 2}, Round: "zz9"}
	unclassed, inJob := all, all
	unclassed.Class = ""
	inJob.Class, inJob.Round = "", ""
	for subject, want := range map[string]Place{
		TaskSubject(all):                                {Address: all},
		InputSubject(all.Job, all.Range):                {Address: inJob},
		ResultSubject(all.Job, all.Range, "w-1"):        {Address: inJob, Worker: "w-1"},
		ReturnSubject(all.Job, all.Range, "zz9", "w-1"): {Address: unclassed, Worker: "w-1"},
		DeadSubject(all.Job, all.Range, Sweeper):        {Address: inJob, Worker: Sweeper},
		FailedSubject(all, 3, "w-1"):                    {Address: unclassed, Attempt: 3, Worker: "w-1"},
	} {
		if got, err := ParseSubject(subject); got != want || err != nil {
			t.Errorf("%s: %+v, %v, want %+v", subject, got, err, want)
		}
	}
}

// FuzzParseSubject: an accepted subject is rendered to the same subject. So no two subjects name the
// same message.
func FuzzParseSubject(f *testing.F) {
	a := task.Address{Class: task.ClassHi, Job: "j_1", Range: task.Range{First: 17, Count: 1}, Round: "0"}
	for _, s := range []string{
		TaskSubject(a), InputSubject(a.Job, a.Range), ResultSubject(a.Job, a.Range, "w-1"),
		ReturnSubject(a.Job, a.Range, "zz9", "w"), DeadSubject(a.Job, a.Range, Sweeper), FailedSubject(a, 3, "w"),
		"FACTOR.tasks.hi.j.00-1.0", "FACTOR.tasks.up.j.0-1.0", "FACTOR.results.j.0-1.w.x", "FACTOR.results.*.0-1.w", "",
		"FACTOR.failed.j.0-1.0.03.w", "FACTOR.returns.j.0-1.-1.w", "FACTOR.inputs.j.0-0",
	} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		p, err := ParseSubject(s)
		if err != nil {
			return
		}
		var again string
		switch strings.SplitN(s, ".", 3)[1] {
		case "tasks":
			again = TaskSubject(p.Address)
		case "inputs":
			again = InputSubject(p.Job, p.Range)
		case "results":
			again = ResultSubject(p.Job, p.Range, p.Worker)
		case "returns":
			again = ReturnSubject(p.Job, p.Range, p.Round, p.Worker)
		case "dead":
			again = DeadSubject(p.Job, p.Range, p.Worker)
		case "failed":
			again = FailedSubject(p.Address, p.Attempt, p.Worker)
		}
		if again != s {
			t.Errorf("%q parses to %+v, which is %q", s, p, again)
		}
	})
}
