package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"slices"
	"strings"
	"text/tabwriter"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/fleet"
	"factorfleet/internal/observe"
	"factorfleet/internal/task"
)

func lsCommand() *ucli.Command {
	return &ucli.Command{
		Name: "ls", Usage: "list the jobs", Flags: []ucli.Flag{command.JSONFlag()},
		Action: func(c *ucli.Context) error {
			if err := cli.NoArgs(c); err != nil {
				return err
			}
			return withFleet(c, func(ctx context.Context, s *command.Session, fl *fleet.Fleet) error { return listJobs(ctx, c, s, fl) })
		},
	}
}

// A jobEntry is a job in the JSON of ls.
type jobEntry struct {
	*task.Job
	Supervisors int `json:"supervisors"` // of the fleet, alike in all entries; 0 = it is unsupervised

	Waits []string `json:"waits,omitempty"` // why its tasks wait: no active worker takes them
}

// listJobs prints the jobs that are not removed, the oldest first. If one of them has not ended and the fleet
// is unsupervised, it says so on standard error, so that the table remains one.
func listJobs(ctx context.Context, c *ucli.Context, s *command.Session, fl *fleet.Fleet) error {
	jobs, err := fl.Jobs(ctx)
	if err != nil {
		return err
	}
	jobs = slices.DeleteFunc(jobs, func(j *task.Job) bool { return j.State == task.Removed })
	slices.SortFunc(jobs, func(a, b *task.Job) int { return a.Created.Compare(b.Created) })
	supervisors, err := fl.Supervisors(ctx)
	if err != nil {
		return err
	}
	waits, err := waitsOfJobs(ctx, fl, jobs)
	if err != nil {
		return err
	}
	if c.Bool("json") {
		entries := make([]jobEntry, len(jobs)) // [] in JSON, not null
		for i, j := range jobs {
			entries[i] = jobEntry{j, len(supervisors), waits[j.ID]}
		}
		return command.PrintJSON(c, entries)
	}
	if err := printJobs(c.App.Writer, jobs, waits, fl.Now(ctx)); err != nil {
		return err
	}
	if len(supervisors) == 0 && slices.ContainsFunc(jobs, func(j *task.Job) bool { return !j.Finished() }) {
		s.Notef("%s", command.Unsupervised)
	}
	return nil
}

// waitsOfJobs says of each active job why its tasks wait. It lists the workers only if a job needs some of them.
func waitsOfJobs(ctx context.Context, fl *fleet.Fleet, jobs []*task.Job) (map[string][]string, error) {
	jobs = slices.DeleteFunc(slices.Clone(jobs), func(j *task.Job) bool { return j.Finished() || j.Queue().Route() == "" })
	if len(jobs) == 0 {
		return nil, nil
	}
	workers, err := fl.Workers(ctx)
	if err != nil {
		return nil, err
	}
	waits := make(map[string][]string)
	for _, j := range jobs {
		waits[j.ID] = observe.WaitsOf(j, nil, workers)
	}
	return waits, nil
}

// printJobs prints the table of ls at the time now of the server. Below the row of a job are lines that say why it waits.
func printJobs(out io.Writer, jobs []*task.Job, waits map[string][]string, now time.Time) error {
	var table bytes.Buffer
	w := tabwriter.NewWriter(&table, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "JOB\tSTATE\tKIND\tPRIORITY\tNUMBERS\tUNFINISHED\tDEAD\tBAD\tCREATED")
	for _, j := range jobs {
		numbers := fmt.Sprint(j.Count)
		if j.State == task.Open { // its input is still being read
			numbers = "..."
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%d\t%d\t%d\t%s ago\n", j.ID, observe.StateOf(j, now), j.Kind, j.Class, numbers, j.Unfinished, j.Dead, j.BadCount, ageAt(j.Created, now))
	}
	w.Flush()
	rows := strings.SplitAfter(table.String(), "\n")
	lines := []string{rows[0]}
	for i, j := range jobs {
		lines = append(lines, rows[i+1])
		for _, why := range waits[j.ID] {
			lines = append(lines, "  "+why+"\n")
		}
	}
	_, err := io.WriteString(out, strings.Join(lines, ""))
	return err
}
