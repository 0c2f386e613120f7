package command

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"syscall"
	"testing"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/fleet"
	"factorfleet/internal/job"
	"factorfleet/internal/natsconn"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// TestFail: every kind of error has its exit code, however it is wrapped.
func TestFail(t *testing.T) {
	for err, want := range map[error]cli.ExitCode{
		natsconn.ErrConnect:      cli.NoConnect,
		natsconn.ErrClosed:       cli.NoConnect,
		stream.ErrNotProvisioned: cli.NoConnect,
		fleet.ErrNoJob:           cli.NoJob,
		fleet.ErrDiffers:         cli.Conflict,
		stream.ErrFull:           cli.Restart,
		worker.ErrRestart:        cli.Restart,
		job.ErrCancelled:         cli.Cancelled,
		job.ErrBeyondRepair:      cli.Unverified,
		job.ErrInputLost:         cli.Defects,
		job.ErrOutput:            cli.Defects,
		context.DeadlineExceeded: cli.Deadline,
		syscall.EPIPE:            141,
		fmt.Errorf("%w: %w", natsconn.ErrConnect, syscall.EPIPE): cli.NoConnect, // not the pipe behind standard output
		errors.New("any other"):                                  cli.Defects,
	} {
		if got := cli.Code(Fail(fmt.Errorf("read: %w", err))); got != want {
			t.Errorf("%v: exit code %d, want %d", err, got, want)
		}
	}
	if Fail(nil) != nil {
		t.Error("Fail(nil) is an error")
	}
	if err := cli.Exit(17, fleet.ErrNoJob); Fail(err) != err {
		t.Error("Fail changed an exit code")
	}
}

func TestIncomplete(t *testing.T) {
	sum := func(state task.State, missing, verified, dead uint64) *job.Summary {
		s := &job.Summary{Job: task.Job{ID: "j", State: state}, Missing: missing}
		s.Verified, s.Counts.Dead = verified, dead
		return s
	}
	for _, test := range []struct {
		sum  *job.Summary
		want string // "" = complete
	}{
		{sum(task.Done, 0, 3, 1), ""},
		{sum(task.Sealed, 0, 0, 0), ""},
		{sum(task.Sealed, 1, 0, 0), "no answer yet for 1 of 1 number; `producer wait j` waits for the rest"},
		{sum(task.Done, 2, 3, 5), "no answer yet for 2 of 10 numbers; `producer wait j` waits for the rest"},
		{sum(task.Open, 0, 3, 0), "no answer yet for 0 of 3 numbers, and the input of job j is still being read; `producer wait j` waits for the rest"},
		{sum(task.Open, 0, 0, 0), "job j has no numbers yet: its input is still being read; `producer wait j` waits for it"},
		{sum(task.Cancelled, 0, 0, 0), "job j was cancelled before it had any numbers"},
		{sum(task.Cancelled, 2, 3, 0), "no answer yet for 2 of 5 numbers: job j was cancelled"},
	} {
		if test.sum.Complete() != (test.want == "") || test.sum.Clean() && test.want != "" {
			t.Errorf("%+v: complete %v, clean %v", test.sum, test.sum.Complete(), test.sum.Clean())
		}
		if got := incomplete(test.sum); test.want != "" && got != test.want {
			t.Errorf("%q, want %q", got, test.want)
		}
	}
}

// submitLine returns the submission for a command line of submit.
func submitLine(t *testing.T, line string) (sub job.Submission, err error) {
	t.Helper()
	app := &ucli.App{Name: "producer", Commands: []*ucli.Command{{
		Name: "submit", Flags: SubmitFlags(),
		Action: func(c *ucli.Context) error { sub, err = (&Session{}).submission(c); return nil },
	}}}
	if e := app.Run(append([]string{"producer", "submit"}, strings.Fields(line)...)); e != nil {
		t.Fatalf("%s: %v", line, e)
	}
	return sub, err
}

func TestSubmission(t *testing.T) {
	for line, want := range map[string]job.Submission{
		"":                                       {Kind: "factor", Class: "norm"},
		"--id j":                                 {ID: "j", Kind: "factor", Class: "norm", Keep: job.DefaultKeep},
		"--id j --keep 1h":                       {ID: "j", Kind: "factor", Class: "norm", Keep: time.Hour},
		"--detach":                               {Kind: "factor", Class: "norm", Keep: job.DefaultKeep},
		"--budget 5s --keep 1m":                  {Kind: "factor", Class: "norm", Budget: 5 * time.Second, Keep: time.Minute},
		"--kind square --priority hi --chunk 43": {Kind: "square", Class: "hi"},
	} {
		got, err := submitLine(t, line)
		if err != nil || got.ID != want.ID || got.Kind != want.Kind || got.Class != want.Class || got.Keep != want.Keep || got.Budget != want.Budget {
			t.Errorf("%s: %+v, %v", line, got, err)
		}
	}
	for line, count := range map[string]int{"": 1, "15 21": 1, "--range 1:3 --range 5:9:2": 2, "-f - --range 1:3 15": 3} {
		if got, err := submitLine(t, line); err != nil || len(got.Sources) != count {
			t.Errorf("%s: %d sources, %v, want %d", line, len(got.Sources), err, count)
		}
	}
	for _, line := range []string{
		"--id a.b", "--priority urgent", "--kind exec:X", "--kind exec:", "--kind exec", "--chunk -1", "--budget -1s", "--keep -1s", "--deadline -1s", "--range 3:1", "-f nowhere.txt", "-f .",
	} {
		if _, err := submitLine(t, line); cli.Code(err) != cli.Usage {
			t.Errorf("%s: %v", line, err)
		}
	}
}
