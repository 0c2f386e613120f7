package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"text/tabwriter"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/fleet"
)

func workersCommand() *ucli.Command {
	return &ucli.Command{
		Name: "workers", Usage: "look at the workers",
		Subcommands: []*ucli.Command{{
			Name: "ls", Usage: "list the workers that live",
			Flags:  []ucli.Flag{jsonFlag()},
			Action: listWorkers,
		}},
	}
}

func listWorkers(c *ucli.Context) error {
	if err := cli.NoArgs(c); err != nil {
		return err
	}
	return withFleet(c, func(ctx context.Context, s *command.Session, fl *fleet.Fleet) error {
		list, err := fl.Workers(ctx)
		if err != nil {
			return err
		}
		if c.Bool("json") {
			if list == nil {
				list = []fleet.WorkerStatus{}
			}
			return printJSON(c, list)
		}
		w := tabwriter.NewWriter(c.App.Writer, 0, 8, 2, ' ', 0)
		fmt.Fprintln(w, "NAME\tHOST\tPID\tSTATE\tBUSY\tNUMBERS\tFAILURES\tCPU\tUP\tSEEN")
		for _, x := range list {
			fmt.Fprintf(w, "%s\t%s\t%d\t%s\t%d/%d\t%d\t%d\t%s\t%s\t%s ago\n", x.Name, x.Host, x.PID, x.State, x.Busy, x.Slots,
				x.Numbers, x.Failures, x.CPU.Round(time.Millisecond), age(x.Started), age(x.Seen))
		}
		return w.Flush()
	})
}

// A size is how many workers there are, as last seen.
type size struct{ count, slotCount atomic.Int64 }

func (z *size) workers() int { return int(z.count.Load()) }
func (z *size) slots() int   { return int(z.slotCount.Load()) }

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
