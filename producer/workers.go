package main

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"sync/atomic"
	"text/tabwriter"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

func workersCommand() *ucli.Command {
	return &ucli.Command{
		Name: "workers", Usage: "look at the workers, stop one whose answers are wrong",
		Subcommands: []*ucli.Command{{
			Name: "ls", Usage: "list the workers that live, and those with strikes",
			Flags:  []ucli.Flag{jsonFlag()},
			Action: listWorkers,
		}, {
			Name: "quarantine", Usage: "refuse all further results of a worker, and stop it", ArgsUsage: "NAME",
			Flags: []ucli.Flag{&ucli.StringFlag{Name: "reason", Usage: "`TEXT` for those who look at it later"}},
			Action: func(c *ucli.Context) error {
				return onWorker(c, func(ctx context.Context, s *command.Session, fl *fleet.Fleet, name string) error {
					known, err := fl.Quarantine(ctx, name, cmp.Or(c.String("reason"), "by hand"))
					if err == nil && known {
						fmt.Fprintf(s.Screen, "producer: worker %s was quarantined already\n", name)
					}
					return err
				})
			},
		}, {
			Name: "release", Usage: "end a worker's quarantine and clear its strikes", ArgsUsage: "NAME",
			Action: func(c *ucli.Context) error { return onWorker(c, releaseWorker) },
		}},
	}
}

// onWorker runs f with the one argument of the command, a worker's name.
func onWorker(c *ucli.Context, f func(ctx context.Context, s *command.Session, fl *fleet.Fleet, name string) error) error {
	name, err := cli.Arg(c, "NAME")
	if err != nil {
		return err
	}
	if err := task.CheckWorker(name); err != nil {
		return cli.Exit(cli.Usage, err)
	}
	return withFleet(c, func(ctx context.Context, s *command.Session, fl *fleet.Fleet) error { return f(ctx, s, fl, name) })
}

func releaseWorker(ctx context.Context, _ *command.Session, fl *fleet.Fleet, name string) error {
	known, err := fl.Release(ctx, name)
	if err != nil || known {
		return err
	}
	list, err := fl.Workers(ctx)
	if err != nil {
		return err
	}
	if !slices.ContainsFunc(list, func(w worker.Status) bool { return w.Name == name }) {
		return cli.Exitf(cli.NoJob, "no such worker: %s; `producer workers ls` lists them", name)
	}
	return nil
}

// A workerReport is a worker with what is held against it.
type workerReport struct {
	worker.Status
	Alive       bool           `json:"alive"`
	Quarantined *time.Time     `json:"quarantined,omitempty"`
	Reason      string         `json:"quarantine_reason,omitempty"`
	Strikes     []fleet.Strike `json:"strikes"`
}

// workerReports returns the workers that live and those with strikes, by name.
func workerReports(ctx context.Context, fl *fleet.Fleet) ([]workerReport, error) {
	alive, err := fl.Workers(ctx)
	if err != nil {
		return nil, err
	}
	standings, err := fl.Standings(ctx)
	if err != nil {
		return nil, err
	}
	against := make(map[string]*fleet.Standing)
	for i := range standings {
		against[standings[i].Worker] = &standings[i]
	}
	list := []workerReport{}
	add := func(r workerReport) {
		r.Strikes = []fleet.Strike{}
		if s := against[r.Name]; s != nil {
			r.Strikes, r.Quarantined, r.Reason = append(r.Strikes, s.Strikes...), s.Quarantined, s.Reason
		}
		if r.Quarantined != nil {
			r.State = fleet.StateQuarantined
		}
		list = append(list, r)
	}
	living := make(map[string]bool)
	for _, w := range alive {
		living[w.Name] = true
		add(workerReport{Status: w, Alive: true})
	}
	for name := range against {
		if !living[name] {
			gone := workerReport{Status: worker.Status{Name: name}}
			gone.State = fleet.StateGone
			add(gone)
		}
	}
	slices.SortStableFunc(list, func(a, b workerReport) int { return cmp.Compare(a.Name, b.Name) })
	return list, nil
}

func listWorkers(c *ucli.Context) error {
	if err := cli.NoArgs(c); err != nil {
		return err
	}
	return withFleet(c, func(ctx context.Context, s *command.Session, fl *fleet.Fleet) error {
		list, err := workerReports(ctx, fl)
		if err != nil {
			return err
		}
		if c.Bool("json") {
			return printJSON(c, list)
		}
		w := tabwriter.NewWriter(c.App.Writer, 0, 8, 2, ' ', 0)
		fmt.Fprintln(w, "NAME\tHOST\tPID\tSTATE\tSTRIKES\tBUSY\tNUMBERS\tFAILURES\tCPU\tUP\tSEEN\tWORKING ON")
		for i := range list {
			x := &list[i]
			if !x.Alive {
				fmt.Fprintf(w, "%s\t-\t-\t%s\t%d\t-\t-\t-\t-\t-\t-\t-\n", x.Name, x.State, len(x.Strikes))
				continue
			}
			fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%d\t%d/%d\t%d\t%d\t%s\t%s\t%s ago\t%s\n", x.Name, x.Host, x.PID, x.State, len(x.Strikes), x.Busy, x.Slots,
				x.Numbers, x.Failures, x.CPU.Round(time.Millisecond), age(x.Started), age(x.Seen), workingOn(x.Activities))
		}
		return w.Flush()
	})
}

// workingOn returns the activity that takes longest, as one cell, and how many more there are.
func workingOn(list []worker.Activity) string {
	if len(list) == 0 {
		return "-"
	}
	a := &list[0]
	text := fmt.Sprintf("number %d of %s: %d digits, %v", a.Position, a.Job, a.Digits, a.Progress)
	if len(list) > 1 {
		text += fmt.Sprintf("; %d more", len(list)-1)
	}
	return text
}

// A size is how many workers there are, and what they do, as last seen.
type size struct {
	count, slotCount atomic.Int64
	list             atomic.Pointer[[]worker.Status]
}

func (z *size) workers() int { return int(z.count.Load()) }
func (z *size) slots() int   { return int(z.slotCount.Load()) }

// working returns the numbers that they have at hand for long. What is left of their time has become
// less since the heartbeats.
func (z *size) working() (all []worker.Activity) {
	list := z.list.Load()
	if list == nil {
		return nil
	}
	for i := range *list {
		w := &(*list)[i]
		for _, a := range w.Activities {
			if a.Left > 0 {
				a.Left = max(a.Left-time.Since(w.Seen), time.Second)
			}
			all = append(all, a)
		}
	}
	return all
}

// watchWorkers looks at the registry now and every workersEvery until ctx ends.
func watchWorkers(ctx context.Context, fl *fleet.Fleet) *size {
	z := new(size)
	z.count.Store(-1)
	look := func() {
		ctx, cancel := context.WithTimeout(ctx, workersEvery)
		defer cancel()
		list, err := fl.Workers(ctx)
		if err != nil {
			return
		}
		z.list.Store(&list)
		slots := 0
		for _, x := range list {
			slots += x.Slots
		}
		z.count.Store(int64(len(list)))
		z.slotCount.Store(int64(slots))
	}
	look()
	go func() {
		ticker := time.NewTicker(workersEvery)
		defer ticker.Stop()
		for {
			select {
			case <-ticker.C:
				look()
			case <-ctx.Done():
				return
			}
		}
	}()
	return z
}
