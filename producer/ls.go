package main

import (
	"context"
	"fmt"
	"slices"
	"text/tabwriter"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

func lsCommand() *ucli.Command {
	return &ucli.Command{
		Name: "ls", Usage: "list the jobs", Flags: []ucli.Flag{command.JSONFlag()},
		Action: func(c *ucli.Context) error {
			if err := cli.NoArgs(c); err != nil {
				return err
			}
			return withFleet(c, func(ctx context.Context, _ *command.Session, fl *fleet.Fleet) error { return listJobs(ctx, c, fl) })
		},
	}
}

// listJobs prints the jobs that are not removed, the oldest first.
func listJobs(ctx context.Context, c *ucli.Context, fl *fleet.Fleet) error {
	jobs, err := fl.Jobs(ctx)
	if err != nil {
		return err
	}
	jobs = slices.DeleteFunc(jobs, func(j *task.Job) bool { return j.State == task.Removed })
	slices.SortFunc(jobs, func(a, b *task.Job) int { return a.Created.Compare(b.Created) })
	if c.Bool("json") {
		if jobs == nil {
			jobs = []*task.Job{} // [] in JSON, not null
		}
		return command.PrintJSON(c, jobs)
	}
	w := tabwriter.NewWriter(c.App.Writer, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "JOB\tSTATE\tKIND\tPRIORITY\tNUMBERS\tUNFINISHED\tDEAD\tBAD\tCREATED")
	for _, j := range jobs {
		numbers := fmt.Sprint(j.Count)
		if j.State == task.Open { // its input is still being read
			numbers = "..."
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%s ago\n", j.ID, j.State, j.Kind, j.Class, numbers, j.Unfinished, j.Dead, j.BadCount, age(j.Created))
	}
	return w.Flush()
}
