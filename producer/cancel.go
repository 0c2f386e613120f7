package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/fleet"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
	"factorfleet/internal/text"
)

func cancelCommand() *ucli.Command {
	return &ucli.Command{
		Name: "cancel", Usage: "cancel a job: drop its queued tasks and stop the running ones within a second; finish ends it with what was found", ArgsUsage: "JOB",
		Action: withJob(func(ctx context.Context, s *command.Session, fl *fleet.Fleet, id string) error {
			if err := cancel(ctx, fl, id); err != nil {
				return err
			}
			s.Notef("job %s is cancelled; its results are kept until `producer rm %s`", id, id)
			return nil
		}),
	}
}

// withJob returns the action of a command that does something with the job that its argument names.
func withJob(do func(ctx context.Context, s *command.Session, fl *fleet.Fleet, id string) error) ucli.ActionFunc {
	return func(c *ucli.Context) error {
		id, err := cli.Arg(c, "JOB")
		if err != nil {
			return err
		}
		return withFleet(c, func(ctx context.Context, s *command.Session, fl *fleet.Fleet) error { return do(ctx, s, fl, id) })
	}
}

// Stopping the work of a cancelled job is repeated: a task that was just delivered must stop, and so
// must a task that the job's holder still queues until it sees the new state.
const (
	stopTries = 3
	stopPause = 300 * time.Millisecond
)

// cancel cancels a job and stops its work. It repeats the latter until no process holds the job's
// lease, at most stopTries times.
func cancel(ctx context.Context, fl *fleet.Fleet, id string) error {
	if _, err := fl.Cancel(ctx, id); err != nil {
		return err
	}
	for range stopTries {
		if err := stream.Sleep(ctx, stopPause); err != nil {
			return err
		}
		if err := fl.StopWork(ctx, id); err != nil {
			return err
		}
		if holder, err := fl.Holder(ctx, id); err == nil && holder == "" {
			break
		}
	}
	return nil
}

func finishCommand() *ucli.Command {
	return &ucli.Command{
		Name: "finish", Usage: "end a job early: numbers that are not factored yet are answered with the divisors known so far", ArgsUsage: "JOB",
		Action: withJob(finish),
	}
}

// finish ends a job early. The order is given again, because a task that was just delivered misses it: until the job
// has ended, at most stopTries times.
func finish(ctx context.Context, s *command.Session, fl *fleet.Fleet, id string) error {
	j, err := fl.FinishEarly(ctx, id)
	for range stopTries {
		if err != nil {
			return err
		}
		if err = stream.Sleep(ctx, stopPause); err != nil {
			return err
		}
		if j, err = fl.JobSoon(ctx, id); err != nil || j.Finished() {
			break
		}
		err = fl.OrderFinish(id)
	}
	switch {
	case err != nil:
		return err
	case j.State == task.Done:
		s.Notef("job %s has ended early, %s unfinished; `producer results %s` prints the answers", id, text.Count(j.Unfinished, "number"), id)
	default:
		s.Notef("job %s ends early: its workers answer what they know of its numbers; `producer wait %s` prints the answers", id, id)
	}
	return nil
}

func rmCommand() *ucli.Command {
	return &ucli.Command{
		Name: "rm", Usage: "remove a job and everything that is stored for it", ArgsUsage: "JOB",
		Flags: []ucli.Flag{&ucli.BoolFlag{Name: "force", Aliases: []string{"f"}, DisableDefaultText: true, Usage: "cancel the job first if it is running"}},
		Action: func(c *ucli.Context) error {
			return withJob(func(ctx context.Context, _ *command.Session, fl *fleet.Fleet, id string) error {
				return remove(ctx, fl, id, c.Bool("force"))
			})(c)
		},
	}
}

// remove removes a job that has ended. With force it cancels an active job first; without, an active
// job is a conflict.
func remove(ctx context.Context, fl *fleet.Fleet, id string, force bool) error {
	j, err := fl.JobSoon(ctx, id)
	if err != nil {
		return err
	}
	switch {
	case j.State == task.Removed:
		return fmt.Errorf("%w: %s was removed before", fleet.ErrNoJob, id)
	case !j.Finished() && !force:
		return fmt.Errorf("%w: job %s is active; cancel it first, or use --force", fleet.ErrDiffers, id)
	case !j.Finished():
		// In a full store the manifest may find no room until the results are removed.
		if err := cancel(ctx, fl, id); err != nil && !errors.Is(err, stream.ErrFull) {
			return err
		}
	}
	return fl.Remove(ctx, id)
}
