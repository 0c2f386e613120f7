package main

import (
	"context"
	"fmt"
	"slices"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/fleet"
)

func submitCommand() *ucli.Command {
	return &ucli.Command{
		Name: "submit", Usage: "queue numbers or items, wait for the answers and print them",
		ArgsUsage:   "[NUMBER...|ITEM...]",
		Description: command.SubmitDescription + "\n\n" + command.NotifyDescription,
		Flags:       command.SubmitFlags(),
		Action: func(c *ucli.Context) error {
			return inSession(c, func(s *command.Session) error { return s.Submit(c, openTarget(c, s)) })
		},
	}
}

func waitCommand() *ucli.Command {
	return &ucli.Command{
		Name: "wait", Usage: "wait for a submitted job and print its answers", ArgsUsage: "JOB",
		Description: command.NotifyDescription,
		Flags:       slices.Concat([]ucli.Flag{command.DeadlineFlag(), command.ExplainFlag(), cli.ProgressFlag()}, command.NotifyFlags(), command.OutputFlags()),
		Action: func(c *ucli.Context) error {
			id, err := cli.Arg(c, "JOB")
			if err != nil {
				return err
			}
			return inSession(c, func(s *command.Session) error { return s.Wait(c, id, openTarget(c, s)) })
		},
	}
}

const resultsDescription = `The flags --status, --slower-than, --worker and --since select answers, --sort orders
them. The exit code and the notes on standard error are those of the whole job, whatever is
selected.`

func resultsCommand() *ucli.Command {
	return &ucli.Command{
		Name: "results", Usage: "print the verified answers that a job has now, without waiting", ArgsUsage: "JOB",
		Description: resultsDescription,
		Flags:       append(append([]ucli.Flag{cli.ProgressFlag()}, command.SelectionFlags()...), command.OutputFlags()...),
		Action: func(c *ucli.Context) error {
			id, err := cli.Arg(c, "JOB")
			if err != nil {
				return err
			}
			return inSession(c, func(s *command.Session) error { return s.Results(c, id, openTarget(c, s)) })
		},
	}
}

// inSession runs f in a session.
func inSession(c *ucli.Context, f func(*command.Session) error) error {
	s, stop, err := command.Start(c, nil)
	if err != nil {
		return err
	}
	defer stop()
	return s.RootCause(f(s))
}

// withFleet runs f with the fleet that the flags name, for a command of a few requests to the server.
func withFleet(c *ucli.Context, f func(ctx context.Context, s *command.Session, fl *fleet.Fleet) error) error {
	return inSession(c, func(s *command.Session) error {
		fl, closeFleet, err := s.Open(c, "producer")
		if err != nil {
			return failed(s, err)
		}
		defer closeFleet()
		ctx, cancel := command.WithReplyTimeout(c, s)
		defer cancel()
		return failed(s, f(ctx, s, fl))
	})
}

// failed returns nil if err is nil, the signal if one has ended the session, else err with its exit code.
func failed(s *command.Session, err error) error {
	if signalled := cli.Interrupted(s.Context); err != nil && signalled != nil {
		return signalled
	}
	return command.Fail(err)
}

// tidyWait is how long a producer whose job has ended waits for the removal of expired jobs. Else producers of
// short jobs would end before they have removed any.
const tidyWait = 250 * time.Millisecond

// openTarget returns a function that opens the fleet for a job in the foreground. It also starts to
// remove some of the jobs that have expired.
func openTarget(c *ucli.Context, s *command.Session) command.OpenTarget {
	return func() (command.Target, func(), error) {
		fl, closeFleet, err := s.Open(c, "producer "+c.Command.Name)
		if err != nil {
			return command.Target{}, nil, err
		}
		workers := watchWorkers(s.Context, fl)
		tidy := make(chan struct{})
		go func() { defer close(tidy); fl.RemoveExpired(s.Context) }()
		closeTidy := func() {
			select {
			case <-tidy:
			case <-time.After(tidyWait):
			}
			closeFleet()
		}
		return command.Target{Fleet: fl, Workers: workers.count, Slots: workers.slots, Statuses: workers.statuses, Resume: resumeHint, Rest: restHint, Dead: deadHint, Detached: true}, closeTidy, nil
	}
}

// deadHint says how to see why numbers were given up.
func deadHint(job string) string { return fmt.Sprintf("`producer dead show %s` shows why", job) }

// restHint says how to get the answers of a job whose input was cut off, and how to submit the rest.
func restHint(job string) string {
	return fmt.Sprintf("`producer wait %s` waits for the answers, and the same command with --id %s submits the rest", job, job)
}

// resumeHint says what the user can do with a job that this process no longer waits for. A job of items cannot be finished
// early.
func resumeHint(job, noun string) string {
	if noun == "item" {
		return fmt.Sprintf("the job continues: `producer wait %s` waits for it, `producer cancel %s` stops it", job, job)
	}
	return fmt.Sprintf("the job continues: `producer wait %s` waits for it, `producer cancel %s` stops it, `producer finish %s` ends it with what is known by then", job, job, job)
}
