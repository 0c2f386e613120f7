package main

import (
	"cmp"
	"context"
	"regexp"
	"slices"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/fleet"
	"factorfleet/internal/observe"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

func workersCommand() *ucli.Command {
	return &ucli.Command{
		Name: "workers", Usage: "list the workers; quarantine a worker whose answers are wrong, or release it",
		Subcommands: []*ucli.Command{{
			Name: "ls", Usage: "list the active workers, and all workers with strikes",
			Flags:  []ucli.Flag{command.JSONFlag()},
			Action: listWorkers,
		}, {
			Name: "quarantine", Usage: "stop a worker and refuse all its further results", ArgsUsage: "NAME",
			Flags:  []ucli.Flag{&ucli.StringFlag{Name: "reason", Usage: "`TEXT` for other users: `producer workers ls --json` shows it"}},
			Action: func(c *ucli.Context) error { return onWorker(c, quarantineWorker) },
		}, {
			Name: "release", Usage: "end the quarantine of a worker and clear its strikes", ArgsUsage: "NAME",
			Action: func(c *ucli.Context) error { return onWorker(c, releaseWorker) },
		}},
	}
}

// onWorker runs f with the one argument of the command, a worker's name, or the name of a host that is too long for one.
func onWorker(c *ucli.Context, f func(ctx context.Context, c *ucli.Context, s *command.Session, fl *fleet.Fleet, name string) error) error {
	name, err := cli.Arg(c, "NAME")
	if err != nil {
		return err
	}
	worker := name
	if longHostName.MatchString(name) {
		worker = task.WorkerName(name)
	}
	if err := task.CheckWorker(worker); err != nil {
		return cli.Exit(cli.Usage, err)
	}
	return withFleet(c, func(ctx context.Context, s *command.Session, fl *fleet.Fleet) error {
		if worker != name {
			s.Notef("the worker of that host is %s", worker)
		}
		return f(ctx, c, s, fl, worker)
	})
}

// longHostName matches the name of a host that is too long for the name of its worker.
var longHostName = regexp.MustCompile(`^[A-Za-z0-9.-]{33,253}$`)

func quarantineWorker(ctx context.Context, c *ucli.Context, s *command.Session, fl *fleet.Fleet, name string) error {
	already, err := fl.Quarantine(ctx, name, cmp.Or(c.String("reason"), "by hand"))
	if err == nil && already {
		s.Notef("worker %s was quarantined already", name)
	}
	return err
}

// releaseWorker also accepts an active worker that has no strikes: there is nothing to do.
func releaseWorker(ctx context.Context, _ *ucli.Context, _ *command.Session, fl *fleet.Fleet, name string) error {
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

func listWorkers(c *ucli.Context) error {
	if err := cli.NoArgs(c); err != nil {
		return err
	}
	return withFleet(c, func(ctx context.Context, _ *command.Session, fl *fleet.Fleet) error {
		list, err := observe.Workers(ctx, fl)
		if err != nil {
			return err
		}
		if c.Bool("json") {
			return command.PrintJSON(c, list)
		}
		return printWorkers(c.App.Writer, list, fl.Now(ctx))
	})
}
