package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/fleet"
	"factorfleet/internal/job"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/text"
)

func pauseCommand() *ucli.Command {
	return &ucli.Command{
		Name: "pause", Usage: "queue no more tasks of a job until it is resumed; tasks that workers have are finished", ArgsUsage: "JOB",
		Action: withJob(pause),
	}
}

// pause pauses a job. What the holder or a sweeper queues until it has read the manifest is removed: by the holder, and
// here if the job has none.
func pause(ctx context.Context, s *command.Session, fl *fleet.Fleet, id string) error {
	_, err := fl.Pause(ctx, id)
	for range stopTries {
		if err != nil {
			return err
		}
		if holder, failed := fl.Holder(ctx, id); failed == nil && holder != "" {
			break
		}
		if err = stream.Sleep(ctx, stopPause); err != nil {
			return err
		}
		var j *task.Job
		if j, err = fl.JobSoon(ctx, id); err != nil || !j.Paused {
			break // another user has resumed it
		}
		err = fl.PurgeQueue(ctx, id)
	}
	if err != nil {
		return err
	}
	s.Notef("job %s is paused: tasks that workers have are finished; `producer resume %s` continues it", id, id)
	return nil
}

func resumeCommand() *ucli.Command {
	return &ucli.Command{
		Name: "resume", Usage: "continue a paused job", ArgsUsage: "JOB",
		Action: withJob(func(ctx context.Context, s *command.Session, fl *fleet.Fleet, id string) error {
			j, was, err := fl.Resume(ctx, id)
			if err != nil {
				return err
			}
			if !was {
				s.Notef("job %s is not paused", id)
				return nil
			}
			return noteQueueing(ctx, s, fl, j, "is resumed")
		}),
	}
}

// noteQueueing says what was done to a job, and whether a process queues its tasks.
func noteQueueing(ctx context.Context, s *command.Session, fl *fleet.Fleet, j *task.Job, done string) error {
	holder, err := fl.Holder(ctx, j.ID)
	if err != nil {
		return err
	}
	supervisors, err := fl.Supervisors(ctx)
	if err != nil {
		return err
	}
	s.Notef("job %s %s", j.ID, done)
	if holder == "" && len(supervisors) == 0 {
		s.Notef("%s", command.NoHolder(j.ID))
	}
	return nil
}

func changeCommand() *ucli.Command {
	return &ucli.Command{
		Name: "change", Usage: "change the limits of a job that has not ended; tasks that are queued already stay so", ArgsUsage: "JOB",
		Flags: command.ChangeFlags(),
		Action: func(c *ucli.Context) error {
			t, err := changeOf(c)
			if err != nil {
				return err
			}
			return withJob(func(ctx context.Context, s *command.Session, fl *fleet.Fleet, id string) error {
				if t.after.In > 0 { // from now on, by the server's clock
					at := fl.Now(ctx).Add(t.after.In)
					t.After = &at
				}
				j, err := fl.ChangeThrottle(ctx, id, t.Throttle)
				if err != nil {
					return err
				}
				return noteQueueing(ctx, s, fl, j, "has now "+limitsOf(j, fl.Now(ctx)))
			})(c)
		},
	}
}

// A change is what the flags of change say.
type change struct {
	fleet.Throttle
	after job.Moment
}

// changeOf reads the flags of change. All its errors have exit code Usage.
func changeOf(c *ucli.Context) (t change, err error) {
	removes := func(name string) bool { return c.String(name) == command.None }
	if c.IsSet("rate") {
		var rate float64
		if !removes("rate") {
			if rate, err = command.RateFlag(c); err != nil {
				return t, err
			}
		}
		t.Rate = &rate
	}
	if c.IsSet("max-running") {
		var n int
		if !removes("max-running") {
			if n, err = command.RunningFlag(c); err != nil {
				return t, err
			}
		}
		t.MaxRunning = &n
	}
	if c.IsSet("after") {
		t.After = new(time.Time)
		if !removes("after") {
			if t.after, err = command.MomentFlag(c, "after", time.Now()); err != nil {
				return t, err
			}
			*t.After = t.after.At
		}
	}
	if t.Rate == nil && t.MaxRunning == nil && t.After == nil {
		return t, cli.Exit(cli.Usage, errors.New("change needs one of --rate, --max-running and --after"))
	}
	return t, nil
}

// limitsOf describes the limits of a job: "no limits", or "at most 8 tasks, at most 50 numbers/s, a start at ...".
func limitsOf(j *task.Job, now time.Time) string {
	var list []string
	if j.MaxRunning > 0 {
		list = append(list, "at most "+text.Count(uint64(j.MaxRunning), "task")+" at a time")
	}
	if j.Rate > 0 {
		list = append(list, fmt.Sprintf("at most %.6g %s/s", j.Rate, task.Noun(j.Kind)+plural(j.Rate)))
	}
	if j.After != nil && now.Before(*j.After) {
		list = append(list, "its start at "+job.StartTime(*j.After, now))
	}
	if len(list) == 0 {
		return "no limits"
	}
	return strings.Join(list, ", ")
}

// plural returns the end of the name of what is counted by x.
func plural(x float64) string {
	if x == 1 {
		return ""
	}
	return "s"
}

// rulesOf describes the rules of a job for its status; "" = it has none.
func rulesOf(j *task.Job, now time.Time) string {
	var list []string
	if limits := limitsOf(j, now); limits != "no limits" {
		list = append(list, limits)
	}
	if j.Deadline != nil {
		list = append(list, "a task must begin by "+job.StartTime(*j.Deadline, now))
	}
	if j.MaxAttempts > 0 {
		list = append(list, text.Count(uint64(j.MaxAttempts), "attempt")+" of each "+task.Noun(j.Kind))
	}
	if len(j.Backoff) > 0 {
		pauses := make([]string, len(j.Backoff))
		for i, d := range j.Backoff {
			pauses[i] = d.String()
		}
		list = append(list, "pauses after attempts "+strings.Join(pauses, ","))
	}
	return strings.Join(list, ", ")
}
