package main

import (
	"context"
	"fmt"
	"text/tabwriter"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/command"
	"factorfleet/internal/fleet"
	"factorfleet/internal/observe"
)

func fleetStatus(ctx context.Context, c *ucli.Context, s *command.Session, fl *fleet.Fleet) error {
	r, err := observe.FleetOf(ctx, fl)
	if err != nil {
		return err
	}
	snapshot, err := fl.Inspect(ctx, s.MaySeeAll())
	if err != nil {
		return err
	}
	r.Server = observe.ServerOf(snapshot)
	if c.Bool("json") {
		return command.PrintJSON(c, r)
	}
	fmt.Fprintf(c.App.Writer, "active jobs: %d  workers: %d  slots: %d  busy: %d  supervisors: %d\n", r.Jobs, r.Workers, r.Slots, r.Busy, r.Supervisors)
	if r.Supervisors == 0 {
		fmt.Fprintln(c.App.Writer, command.Unsupervised)
	}
	printServer(c, &r.Server)
	w := tabwriter.NewWriter(c.App.Writer, 0, 8, 2, ' ', 0)
	fmt.Fprintln(w, "PRIORITY\tQUEUED\tRUNNING\tREDELIVERED\tWAITING WORKERS")
	for _, q := range r.Queue {
		fmt.Fprintf(w, "%s\t%d\t%d\t%d\t%d\n", q.Class, q.Queued, q.Running, q.Redelivered, q.Waiting)
	}
	return w.Flush()
}
