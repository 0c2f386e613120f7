package main

import (
	"context"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/fleet"
)

const retryDescription = `With --unfinished the numbers of a finished job that are not factored completely become
the input of a new job, with the factors that are known of them. --budget is the CPU time for each.
The answers are those of the new job, in the order of the old one: they are printed, or with
--detach the id of the new job is, and "producer wait ID" prints them. The answers of JOB stay as
they are. What is not said by a flag is as JOB has it.

With --failed the numbers or items that JOB has given up are queued again in JOB itself, as
"producer dead retry JOB" does: "producer wait JOB" then prints all answers of JOB.`

func retryCommand() *ucli.Command {
	flags := append([]ucli.Flag{
		&ucli.BoolFlag{Name: "unfinished", DisableDefaultText: true, Usage: "work on the numbers that are not factored completely, in a new job"},
		&ucli.BoolFlag{Name: "failed", DisableDefaultText: true, Usage: "queue the numbers or items that were given up again, in the same job"},
	}, append(letterFilterFlags(), command.RetryFlags()...)...)
	return &ucli.Command{
		Name: "retry", Usage: "compute what a job has left unfinished or given up again", ArgsUsage: "JOB",
		Description: retryDescription, Flags: flags, Action: retry,
	}
}

func retry(c *ucli.Context) error {
	id, err := cli.Arg(c, "JOB")
	switch {
	case err != nil:
		return err
	case c.Bool("unfinished") == c.Bool("failed"):
		return cli.Usagef("retry needs --unfinished or --failed, one of them")
	case c.Bool("failed"):
		return retryFailed(c, id)
	}
	for _, name := range []string{"failure", "worker", "since"} {
		if c.IsSet(name) {
			return cli.Usagef("--%s is for --failed", name)
		}
	}
	return inSession(c, func(s *command.Session) error { return s.Retry(c, id, openTarget(c, s)) })
}

// retryFailed queues the numbers of dead letters again, as `producer dead retry` does.
func retryFailed(c *ucli.Context, id string) error {
	selected, err := newLetterFilter(c)
	if err != nil {
		return err
	}
	for _, f := range command.RetryFlags() {
		if name := f.Names()[0]; c.IsSet(name) {
			return cli.Usagef("--%s is for --unfinished: a number that was given up is queued again as it was", name)
		}
	}
	return withFleet(c, func(ctx context.Context, s *command.Session, fl *fleet.Fleet) error {
		d, err := openDead(ctx, c, s, fl, id, selected)
		if err != nil {
			return err
		}
		return d.retry()
	})
}
