package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/command"
	"factorfleet/internal/fleet"
)

// A fleetReport is the report of `status`.
type fleetReport struct {
	Queue   []fleet.ClassStatus `json:"queue"`
	Workers int                 `json:"workers"`
	Slots   int                 `json:"slots"`
	Busy    int                 `json:"busy"` // slots that run a task
	Jobs    int                 `json:"jobs"` // jobs that have not ended

	Supervisors int `json:"supervisors"` // 0 = the fleet is unsupervised
	serverReport
}

func fleetStatus(ctx context.Context, c *ucli.Context, s *command.Session, fl *fleet.Fleet) error {
	r, err := reportFleet(ctx, fl)
	if err != nil {
		return err
	}
	snapshot, err := fl.Inspect(ctx, s.MaySeeAll())
	if err != nil {
		return err
	}
	r.serverReport = reportServer(snapshot)
	if c.Bool("json") {
		return command.PrintJSON(c, r)
	}
	fmt.Fprintf(c.App.Writer, "active jobs: %d  workers: %d  slots: %d  busy: %d  supervisors: %d\n", r.Jobs, r.Workers, r.Slots, r.Busy, r.Supervisors)
	if r.Supervisors == 0 {
		fmt.Fprintln(c.App.Writer, command.Unsupervised)
	}
	r.serverReport.print(c)
	w := tabwriter.NewWriter(c.App.Writer, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "PRIORITY\tQUEUED\tRUNNING\tREDELIVERED\tWAITING WORKERS")
	for _, q := range r.Queue {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\n", q.Class, q.Queued, q.Running, q.Redelivered, q.Waiting)
	}
	return w.Flush()
}

// reportFleet counts the queue, the workers, the supervisors and the active jobs.
func reportFleet(ctx context.Context, fl *fleet.Fleet) (r fleetReport, err error) {
	if r.Queue, err = fl.Queue(ctx); err != nil {
		return r, err
	}
	workers, err := fl.Workers(ctx)
	if err != nil {
		return r, err
	}
	r.Workers = len(workers)
	for _, w := range workers {
		r.Slots += w.Slots
		r.Busy += w.Busy
	}
	supervisors, err := fl.Supervisors(ctx)
	if err != nil {
		return r, err
	}
	r.Supervisors = len(supervisors)
	jobs, err := fl.Jobs(ctx)
	if err != nil {
		return r, err
	}
	for _, j := range jobs {
		if !j.Finished() {
			r.Jobs++
		}
	}
	return r, nil
}
