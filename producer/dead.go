package main

import (
	"context"
	"fmt"
	"slices"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/fleet"
)

func deadCommand() *ucli.Command {
	all := &ucli.BoolFlag{Name: "all", DisableDefaultText: true, Usage: "remove the dead letters of all jobs"}
	claims := &ucli.BoolFlag{Name: "claims", DisableDefaultText: true, Usage: "also list the dead letters of workers, which give no number up"}
	return &ucli.Command{
		Name: "dead", Usage: "show, retry or remove dead letters: the numbers that were given up",
		Subcommands: []*ucli.Command{
			deadSubcommand("ls", "list the dead letters", []ucli.Flag{command.JSONFlag(), claims}, deadSession.list),
			deadSubcommand("show", "show the dead letters with the history of their attempts", []ucli.Flag{command.JSONFlag()}, deadSession.show),
			deadSubcommand("retry", "queue the numbers of the dead letters again", nil, deadSession.retry),
			deadSubcommand("rm", "remove the dead letters of JOB, or those of all jobs with --all", []ucli.Flag{all}, deadSession.remove),
			deadSubcommand("export", "print the numbers of the dead letters, one per line", nil, deadSession.export),
		},
	}
}

// deadSubcommand returns a command that runs do on the dead letters of one job, or of all jobs.
func deadSubcommand(name, usage string, flags []ucli.Flag, do func(deadSession) error) *ucli.Command {
	description := "Without JOB the command works on the dead letters of all jobs."
	if name == "rm" {
		description = ""
	}
	return &ucli.Command{
		Name: name, Usage: usage, ArgsUsage: "[JOB]", Description: description, Flags: flags,
		Action: func(c *ucli.Context) error {
			id, err := cli.OptionalArg(c, "JOB")
			if err != nil {
				return err
			}
			switch all := c.Bool("all"); { // only rm has this flag
			case name == "rm" && id == "" && !all:
				return cli.WithHint(cli.Usagef("dead rm needs a JOB"), "`producer dead rm --all` removes the dead letters of all jobs")
			case id != "" && all:
				return cli.Usagef("dead rm takes a JOB or --all, not both")
			}
			return withFleet(c, func(ctx context.Context, s *command.Session, fl *fleet.Fleet) error {
				if id != "" {
					if _, err := knownJob(ctx, fl, id); err != nil {
						return err
					}
				}
				letters, err := fl.DeadLetters(ctx, id)
				if err != nil {
					return err
				}
				return do(newDeadSession(ctx, c, s, fl, id, letters))
			})
		},
	}
}

// A deadSession is one run of a command on the dead letters of one job, or of all jobs.
type deadSession struct {
	ctx     context.Context
	c       *ucli.Context
	s       *command.Session
	fl      *fleet.Fleet
	job     string             // "" = all jobs
	letters []fleet.DeadLetter // of the sweeper: the numbers that were given up
	claims  []fleet.DeadLetter // of workers
}

// newDeadSession divides the stored dead letters into those that are final and the claims of workers.
func newDeadSession(ctx context.Context, c *ucli.Context, s *command.Session, fl *fleet.Fleet, id string, stored []fleet.DeadLetter) deadSession {
	d := deadSession{ctx: ctx, c: c, s: s, fl: fl, job: id}
	for i := range stored {
		if stored[i].Authoritative() {
			d.letters = append(d.letters, stored[i])
		} else {
			d.claims = append(d.claims, stored[i])
		}
	}
	return d
}

func (d deadSession) retry() error {
	for i := range d.letters {
		if err := d.fl.RetryDeadLetter(d.ctx, &d.letters[i]); err != nil {
			return err
		}
	}
	d.s.Notef("dead letters queued again: %d; `producer wait JOB` collects the answers", len(d.letters))
	return nil
}

// remove removes all letters, those of workers first: they are removed with the letter of the sweeper for the same
// numbers, and count only if there is none.
func (d deadSession) remove() error {
	removed := len(d.letters)
	for i := range d.claims {
		c := &d.claims[i]
		if slices.ContainsFunc(d.letters, func(l fleet.DeadLetter) bool { return l.Job == c.Job && l.Range == c.Range }) {
			continue
		}
		removed++
		if err := d.fl.RemoveDeadLetter(d.ctx, c); err != nil {
			return err
		}
	}
	for i := range d.letters {
		if err := d.fl.RemoveDeadLetter(d.ctx, &d.letters[i]); err != nil {
			return err
		}
	}
	d.s.Notef("dead letters removed: %d", removed)
	return nil
}

func (d deadSession) export() error {
	for i := range d.letters {
		for _, n := range d.letters[i].Numbers {
			if _, err := fmt.Fprintln(d.c.App.Writer, n); err != nil {
				return err
			}
		}
	}
	return nil
}
