package command

import (
	"context"
	"errors"
	"fmt"
	"os"
	"syscall"
	"testing"
	"time"

	"factorfleet/internal/cli"
	"factorfleet/internal/job"
	"factorfleet/internal/plan"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

// TestFailure: the error of a job that did not end here has its exit code, the counts if they are known,
// and a hint how to resume the job if another process can.
func TestFailure(t *testing.T) {
	interrupt, terminate := cli.SignalError{Signal: os.Interrupt}, cli.SignalError{Signal: syscall.SIGTERM}
	const nothing, reading, sealed = 0, 1, 2
	for _, test := range []struct {
		err     error
		input   int // how much of it was read
		id      string
		private bool
		code    cli.ExitCode
		want    string
		hint    string
	}{
		{interrupt, nothing, "", false, 130, "interrupted", ""},
		{interrupt, nothing, "j", false, 130, "interrupted", "resume j"},
		{interrupt, reading, "j", false, 130, "interrupted: 1 number done", "resume j"},
		{terminate, sealed, "j", false, 143, "terminated: 1 of 2,000 numbers done", "resume j"},
		{terminate, sealed, "j", true, 143, "terminated: 1 of 2,000 numbers done", ""},
		{errDeadline, sealed, "j", false, cli.Deadline, "deadline reached", "resume j"},
		{errDeadline, sealed, "j", true, cli.Deadline, "deadline reached", ""},
		{job.ErrCancelled, sealed, "j", false, cli.Cancelled, "cancelled", ""},
	} {
		f := &foregroundJob{
			target:   Target{Private: test.private, Resume: func(id, _ string) string { return "resume " + id }},
			progress: new(plan.JobProgress),
		}
		f.id.Store(&test.id)
		if test.input >= reading {
			numbers, answer := plan.NewTally(plan.Expectation{Kind: task.KindFactor}), plan.NewTally(plan.Expectation{Kind: task.KindFactor})
			for range 2000 {
				numbers.Add(64)
			}
			answer.AddAnswer(64, time.Microsecond)
			f.progress.Submitted(numbers)
			f.progress.Done(time.Now(), "w", task.Range{First: 0, Count: 1}, answer)
		}
		if test.input == sealed {
			f.progress.Seal()
		}
		err := f.failure(test.err)
		if cli.Code(err) != test.code || err.Error() != test.want || hint(err) != test.hint {
			t.Errorf("%v: exit code %d, %q, hint %q, want %d, %q, hint %q", test.err, cli.Code(err), err, hint(err), test.code, test.want, test.hint)
		}
	}
}

// hint returns the hint of an error, or "".
func hint(err error) string {
	var h interface{ Hint() string }
	if errors.As(err, &h) {
		return h.Hint()
	}
	return ""
}

// TestWhyUnsealed: the hint about a job that could not be sealed says why.
func TestWhyUnsealed(t *testing.T) {
	target := Target{Rest: func(string) string { return "go on" }}
	for err, want := range map[error]string{
		stream.ErrFull:           "because the store is full; it has at least 2 numbers of its input; go on",
		context.DeadlineExceeded: "because the server does not answer; it has at least 2 numbers of its input; go on",
	} {
		left := &job.LeftError{Stored: 2, Noun: "number", Unsealed: fmt.Errorf("write job j: %w", err)}
		hinted, ok := errors.AsType[interface {
			error
			Hint() string
		}](target.withHint(left, "j", "number"))
		if !ok || hinted.Hint() != "job j could not be sealed, "+want {
			t.Errorf("%v: %s", err, hinted.Hint())
		}
	}
}
