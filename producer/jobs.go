package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/fleet"
	"factorfleet/internal/stream"
	"factorfleet/internal/task"
)

func lsCommand() *ucli.Command {
	return &ucli.Command{
		Name: "ls", Usage: "list the jobs", Flags: []ucli.Flag{jsonFlag()},
		Action: func(c *ucli.Context) error {
			if err := cli.NoArgs(c); err != nil {
				return err
			}
			return withFleet(c, func(ctx context.Context, _ *command.Session, fl *fleet.Fleet) error { return list(ctx, c, fl) })
		},
	}
}

func list(ctx context.Context, c *ucli.Context, fl *fleet.Fleet) error {
	jobs, err := fl.Jobs(ctx)
	if err != nil {
		return err
	}
	jobs = slices.DeleteFunc(jobs, func(j *task.Job) bool { return j.State == task.Removed })
	slices.SortFunc(jobs, func(a, b *task.Job) int { return a.Created.Compare(b.Created) })
	if c.Bool("json") {
		if jobs == nil {
			jobs = []*task.Job{}
		}
		return printJSON(c, jobs)
	}
	w := tabwriter.NewWriter(c.App.Writer, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "JOB\tSTATE\tKIND\tPRIORITY\tNUMBERS\tUNFINISHED\tDEAD\tBAD\tCREATED")
	for _, j := range jobs {
		numbers := fmt.Sprint(j.Count)
		if j.State == task.Open {
			numbers = "..."
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%s ago\n", j.ID, j.State, j.Kind, j.Class, numbers, j.Unfinished, j.Dead, j.BadCount, age(j.Created))
	}
	return w.Flush()
}

func statusCommand() *ucli.Command {
	return &ucli.Command{
		Name: "status", Usage: "show how a job stands, or the whole fleet", ArgsUsage: "[JOB]",
		Flags: []ucli.Flag{
			jsonFlag(),
			&ucli.BoolFlag{Name: "watch", DisableDefaultText: true, Usage: "show it again every two seconds"},
		},
		Action: func(c *ucli.Context) error {
			id, err := cli.OptionalArg(c, "JOB")
			if err != nil {
				return err
			}
			return inSession(c, func(s *command.Session) error { return status(c, s, id) })
		},
	}
}

func status(c *ucli.Context, s *command.Session, id string) error {
	fl, closeFleet, err := s.Open(c, "producer status")
	if err != nil {
		return command.Fail(err)
	}
	defer closeFleet()
	show := fleetStatus
	if id != "" {
		show = func(ctx context.Context, c *ucli.Context, fl *fleet.Fleet) error { return jobStatus(ctx, c, fl, id) }
	}
	for first := true; ; first = false {
		if c.Bool("watch") && !c.Bool("json") {
			if !first {
				fmt.Fprintln(c.App.Writer)
			}
			fmt.Fprintln(c.App.Writer, time.Now().Format(time.TimeOnly))
		}
		ctx, cancel := command.Reply(c, s)
		err := show(ctx, c, fl)
		cancel()
		if err != nil || !c.Bool("watch") {
			return command.Fail(err)
		}
		select {
		case <-s.Context.Done():
			return nil
		case <-time.After(2 * time.Second):
		}
	}
}

// A jobReport is what `status JOB` says.
type jobReport struct {
	*task.Job
	Holder   string `json:"holder"`   // the process that looks after it; "" = none
	Stored   uint64 `json:"stored"`   // numbers in FACTOR_INPUTS
	Answered uint64 `json:"answered"` // numbers with a result, not yet verified by anybody here
	Queued   uint64 `json:"queued"`   // numbers queued, in work, or handed back
	Chunks   int    `json:"chunks"`   // tasks of these
	Letters  int    `json:"dead_letters"`
}

func jobStatus(ctx context.Context, c *ucli.Context, fl *fleet.Fleet, id string) error {
	j, err := fl.Job(ctx, id)
	if err != nil {
		return err
	}
	if j.State == task.Removed {
		return fmt.Errorf("%w: %s was removed", fleet.ErrNoJob, id)
	}
	r := jobReport{Job: j}
	if r.Holder, err = fl.Holder(ctx, id); err != nil {
		return err
	}
	in, err := fl.Inputs(ctx, id)
	if err != nil {
		return err
	}
	r.Stored = in.Count()
	queued, chunks, err := fl.Queued(ctx, id)
	if err != nil {
		return err
	}
	r.Queued, r.Chunks = queued.Len(), chunks
	answered, err := fl.Answered(ctx, id)
	if err != nil {
		return err
	}
	r.Answered = answered.Len()
	if r.Letters, err = fl.CountDead(ctx, id); err != nil {
		return err
	}
	if c.Bool("json") {
		return printJSON(c, r)
	}
	holder := "nobody looks after it: `producer wait " + id + "` does"
	if r.Holder != "" {
		holder = "looked after by process " + r.Holder
	}
	if j.Finished() {
		holder = "over"
	}
	fmt.Fprintf(c.App.Writer, "job %s is %s (%s, priority %s, chunks %s), created %s ago, %s\n", id, j.State, j.Kind, j.Class, j.Chunk, age(j.Created), holder)
	fmt.Fprintf(c.App.Writer, "  numbers %d  answered %d  queued %d in %d chunks  dead letters %d  bad tokens %d\n", r.Stored, r.Answered, r.Queued, r.Chunks, r.Letters, j.BadCount)
	if j.Note != "" {
		fmt.Fprintf(c.App.Writer, "  note: %s\n", j.Note)
	}
	return nil
}

// A fleetReport is what `status` says.
type fleetReport struct {
	Queue   []fleet.ClassStatus `json:"queue"`
	Workers int                 `json:"workers"`
	Slots   int                 `json:"slots"`
	Busy    int                 `json:"busy"`
	Jobs    int                 `json:"jobs"` // that go on
}

func fleetStatus(ctx context.Context, c *ucli.Context, fl *fleet.Fleet) error {
	var r fleetReport
	var err error
	if r.Queue, err = fl.Queue(ctx); err != nil {
		return err
	}
	workers, err := fl.Workers(ctx)
	if err != nil {
		return err
	}
	r.Workers = len(workers)
	for _, w := range workers {
		r.Slots += w.Slots
		r.Busy += w.Busy
	}
	jobs, err := fl.Jobs(ctx)
	if err != nil {
		return err
	}
	for _, j := range jobs {
		if !j.Finished() {
			r.Jobs++
		}
	}
	if c.Bool("json") {
		return printJSON(c, r)
	}
	fmt.Fprintf(c.App.Writer, "jobs going on: %d  workers: %d  slots: %d  busy: %d\n", r.Jobs, r.Workers, r.Slots, r.Busy)
	w := tabwriter.NewWriter(c.App.Writer, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "PRIORITY\tQUEUED\tIN WORK\tDELIVERED AGAIN\tASKING")
	for _, q := range r.Queue {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\n", q.Class, q.Pending, q.InWork, q.Redelivered, q.Waiting)
	}
	return w.Flush()
}

func cancelCommand() *ucli.Command {
	return &ucli.Command{
		Name: "cancel", Usage: "stop a job: its queued work is dropped, running work stops within a second", ArgsUsage: "JOB",
		Action: func(c *ucli.Context) error {
			id, err := cli.Arg(c, "JOB")
			if err != nil {
				return err
			}
			return withFleet(c, func(ctx context.Context, s *command.Session, fl *fleet.Fleet) error { return cancel(ctx, s, fl, id) })
		},
	}
}

// cancel tells the workers more than once: a task that was just handed out, and what
// a dying holder still queues, must not survive it.
func cancel(ctx context.Context, s *command.Session, fl *fleet.Fleet, id string) error {
	if _, err := fl.Cancel(ctx, id); err != nil {
		return err
	}
	for range 3 {
		select {
		case <-ctx.Done():
			return context.Cause(ctx)
		case <-time.After(300 * time.Millisecond):
		}
		if err := fl.StopWork(ctx, id); err != nil {
			return err
		}
		if holder, err := fl.Holder(ctx, id); err == nil && holder == "" {
			break
		}
	}
	fmt.Fprintf(s.Screen, "producer: job %s is cancelled; its results are kept until `producer rm %s`\n", id, id)
	return nil
}

func rmCommand() *ucli.Command {
	return &ucli.Command{
		Name: "rm", Usage: "remove a job and all that is stored of it", ArgsUsage: "JOB",
		Flags: []ucli.Flag{&ucli.BoolFlag{Name: "force", Aliases: []string{"f"}, DisableDefaultText: true, Usage: "also if it goes on: it is cancelled first"}},
		Action: func(c *ucli.Context) error {
			id, err := cli.Arg(c, "JOB")
			if err != nil {
				return err
			}
			return withFleet(c, func(ctx context.Context, s *command.Session, fl *fleet.Fleet) error {
				return remove(ctx, s, fl, id, c.Bool("force"))
			})
		},
	}
}

func remove(ctx context.Context, s *command.Session, fl *fleet.Fleet, id string, force bool) error {
	j, err := fl.Job(ctx, id)
	if err != nil {
		return err
	}
	switch {
	case j.State == task.Removed:
		return fmt.Errorf("%w: %s was removed before", fleet.ErrNoJob, id)
	case !j.Finished() && !force:
		return fmt.Errorf("%w: job %s goes on; cancel it first, or use --force", fleet.ErrDiffers, id)
	case !j.Finished():
		// In a full store the mark may find no room before the results are gone.
		if err := cancel(ctx, s, fl, id); err != nil && !errors.Is(err, stream.ErrFull) {
			return err
		}
	}
	return fl.Remove(ctx, id)
}
