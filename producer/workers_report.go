package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"text/tabwriter"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/fleet"
	"factorfleet/internal/text"
	"factorfleet/internal/worker"
)

// A workerReport is the status of a worker with its strikes.
type workerReport struct {
	worker.Status
	Alive       bool           `json:"alive"` // it sends heartbeats
	Quarantined *time.Time     `json:"quarantined,omitempty"`
	Reason      string         `json:"quarantine_reason,omitempty"`
	Strikes     []fleet.Strike `json:"strikes"`
}

func listWorkers(c *ucli.Context) error {
	if err := cli.NoArgs(c); err != nil {
		return err
	}
	return withFleet(c, func(ctx context.Context, _ *command.Session, fl *fleet.Fleet) error {
		list, err := workerReports(ctx, fl)
		if err != nil {
			return err
		}
		if c.Bool("json") {
			return command.PrintJSON(c, list)
		}
		w := tabwriter.NewWriter(c.App.Writer, 0, 8, 2, ' ', 0)
		fmt.Fprintln(w, "NAME\tHOST\tPID\tSTATE\tSTRIKES\tBUSY\tNUMBERS\tFAILURES\tCPU\tUP\tSEEN\tWORKING ON")
		for i := range list {
			printWorker(w, &list[i])
		}
		return w.Flush()
	})
}

func printWorker(w *tabwriter.Writer, r *workerReport) {
	if !r.Alive {
		fmt.Fprintf(w, "%s\t-\t-\t%s\t%d\t-\t-\t-\t-\t-\t-\t-\n", r.Name, r.State, len(r.Strikes))
		return
	}
	fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%d\t%d/%d\t%d\t%d\t%s\t%s\t%s ago\t%s\n", r.Name, r.Host, r.PID, r.State, len(r.Strikes), r.Busy, r.Slots,
		r.Numbers, r.Failures, text.Elapsed(r.CPU), age(r.Started), age(r.Seen), workingOn(r.Activities))
}

// workingOn writes the activity that is expected to take longest, and how many more there are.
func workingOn(list []worker.Activity) string {
	if len(list) == 0 {
		return "-"
	}
	a := &list[0]
	s := fmt.Sprintf("number %d of %s: %d digits, %v", a.Position+1, a.Job, a.Digits, a.NumberProgress)
	if len(list) > 1 {
		s += fmt.Sprintf("; %d more", len(list)-1)
	}
	return s
}

// workerReports returns the active workers and those with strikes, sorted by name.
func workerReports(ctx context.Context, fl *fleet.Fleet) ([]workerReport, error) {
	active, err := fl.Workers(ctx)
	if err != nil {
		return nil, err
	}
	standings, err := fl.Standings(ctx)
	if err != nil {
		return nil, err
	}
	reports := make(map[string]*workerReport)
	for _, w := range active {
		reports[w.Name] = &workerReport{Status: w, Alive: true, Strikes: []fleet.Strike{}} // [] in JSON, not null
	}
	for i := range standings {
		standing := &standings[i]
		r := reports[standing.Worker]
		if r == nil {
			r = &workerReport{Status: worker.Status{Name: standing.Worker}, Strikes: []fleet.Strike{}}
			r.State = fleet.StateGone
			reports[standing.Worker] = r
		}
		r.Strikes = append(r.Strikes, standing.Strikes...)
		r.Quarantined, r.Reason = standing.Quarantined, standing.Reason
		if r.Quarantined != nil {
			r.State = fleet.StateQuarantined
		}
	}
	list := make([]workerReport, 0, len(reports))
	for _, r := range reports {
		list = append(list, *r)
	}
	slices.SortFunc(list, func(a, b workerReport) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}
