package main

import (
	"context"
	"fmt"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

func deadCommand() *ucli.Command {
	all := &ucli.BoolFlag{Name: "all", DisableDefaultText: true, Usage: "remove the dead letters of all jobs"}
	claims := &ucli.BoolFlag{Name: "claims", DisableDefaultText: true, Usage: "also list the dead letters of workers, which give no number up"}
	return &ucli.Command{
		Name: "dead", Usage: "show, retry or remove dead letters: the numbers or items that were given up",
		Subcommands: []*ucli.Command{
			deadSubcommand("ls", "list the dead letters", []ucli.Flag{command.JSONFlag(), claims}, deadSession.list),
			deadSubcommand("show", "show the dead letters with the history of their attempts", []ucli.Flag{command.JSONFlag()}, deadSession.show),
			deadSubcommand("retry", "queue the numbers or items of the dead letters again", nil, deadSession.retry),
			deadSubcommand("rm", "remove the dead letters of JOB, or those of all jobs with --all", []ucli.Flag{all}, deadSession.remove),
			deadSubcommand("export", "print the numbers or items of the dead letters, one per line; items of -0 end with NUL", nil, deadSession.export),
		},
	}
}

// deadSubcommand returns a command that runs do on the dead letters of one job, or of all jobs.
func deadSubcommand(name, usage string, flags []ucli.Flag, do func(deadSession) error) *ucli.Command {
	description := "Without JOB the command works on the dead letters of all jobs. "
	if name == "rm" {
		description = ""
	}
	description += "An example: dead " + name + " JOB --failure 'no answer within' --since 2h"
	return &ucli.Command{
		Name: name, Usage: usage, ArgsUsage: "[JOB]", Description: description, Flags: append(flags, letterFilterFlags()...),
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
			selected, err := newLetterFilter(c)
			if err != nil {
				return err
			}
			return withFleet(c, func(ctx context.Context, s *command.Session, fl *fleet.Fleet) error {
				d, err := openDead(ctx, c, s, fl, id, selected)
				if err != nil {
					return err
				}
				return do(d)
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
	letters []fleet.DeadLetter // of the sweeper: the numbers that were given up, that filter selects
	filter  *letterFilter      // nil = all
}

// openDead reads the dead letters of a job, or of all jobs for "", that a filter selects.
func openDead(ctx context.Context, c *ucli.Context, s *command.Session, fl *fleet.Fleet, id string, selected *letterFilter) (d deadSession, err error) {
	if id != "" {
		if _, err := knownJob(ctx, fl, id); err != nil {
			return d, err
		}
	}
	letters, err := fl.GivenUp(ctx, id)
	if err == nil {
		letters, err = selected.choose(ctx, fl, id, letters)
	}
	return deadSession{ctx: ctx, c: c, s: s, fl: fl, job: id, letters: letters, filter: selected}, err
}

// A jobRange is a range of a job.
type jobRange struct {
	job string
	task.Range
}

// ranges returns the ranges that were given up.
func (d deadSession) ranges() map[jobRange]bool {
	ranges := make(map[jobRange]bool, len(d.letters))
	for i := range d.letters {
		ranges[jobRange{d.letters[i].Job, d.letters[i].Range}] = true
	}
	return ranges
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
// numbers, and count only if there is none. With a filter it removes only those that it selects.
func (d deadSession) remove() (err error) {
	var claims []fleet.FailureRecord
	if d.filter == nil {
		if _, claims, err = d.fl.DeadRanges(d.ctx, d.job); err != nil {
			return err
		}
	}
	removed, done := len(d.letters), d.ranges()
	for i := range claims {
		at := jobRange{claims[i].Job, claims[i].Range}
		if done[at] {
			continue
		}
		done[at] = true
		removed++
		if err := d.fl.RemoveClaims(d.ctx, at.job, at.Range); err != nil {
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
	formats := make(map[string]task.Format) // of the items of each job
	for i := range d.letters {
		if done, err := d.exportItems(d.c.App.Writer, &d.letters[i], formats); err != nil {
			return err
		} else if done {
			continue
		}
		for _, n := range d.letters[i].Numbers {
			if _, err := fmt.Fprintln(d.c.App.Writer, n); err != nil {
				return err
			}
		}
	}
	return nil
}
