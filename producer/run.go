package main

import (
	"context"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/fleet"
)

func submitCommand() *ucli.Command {
	return &ucli.Command{
		Name: "submit", Usage: "queue numbers, wait for the answers and print them",
		ArgsUsage:   "[NUMBER...]",
		Description: command.SubmitDescription + command.ConnectionHint,
		Flags:       command.SubmitFlags(),
		Action: func(c *ucli.Context) error {
			return inSession(c, func(s *command.Session) error { return s.Submit(c, host(c, s)) })
		},
	}
}

func waitCommand() *ucli.Command {
	return &ucli.Command{
		Name: "wait", Usage: "wait for a job that was submitted before, and print its answers", ArgsUsage: "JOB",
		Flags: append([]ucli.Flag{
			&ucli.DurationFlag{Name: "deadline", DefaultText: "none", Usage: "stop waiting after `DURATION`; the job goes on"},
			cli.ProgressFlag(),
		}, command.OutputFlags()...),
		Action: func(c *ucli.Context) error {
			id, err := cli.Arg(c, "JOB")
			if err != nil {
				return err
			}
			return inSession(c, func(s *command.Session) error { return s.Wait(c, id, host(c, s)) })
		},
	}
}

func resultsCommand() *ucli.Command {
	return &ucli.Command{
		Name: "results", Usage: "print the verified answers that a job has now", ArgsUsage: "JOB",
		Flags: append([]ucli.Flag{cli.ProgressFlag()}, command.OutputFlags()...),
		Action: func(c *ucli.Context) error {
			id, err := cli.Arg(c, "JOB")
			if err != nil {
				return err
			}
			return inSession(c, func(s *command.Session) error { return s.Results(c, id, host(c, s)) })
		},
	}
}

// inSession runs f between the start and the end of a session.
func inSession(c *ucli.Context, f func(*command.Session) error) error {
	s, stop, err := command.Start(c, nil)
	if err != nil {
		return err
	}
	defer stop()
	return s.Verdict(f(s))
}

// withFleet runs f with the fleet that the flags name, for a command that is over
// within a few replies of the server.
func withFleet(c *ucli.Context, f func(ctx context.Context, s *command.Session, fl *fleet.Fleet) error) error {
	return inSession(c, func(s *command.Session) error {
		fl, closeFleet, err := s.Open(c, "producer")
		if err != nil {
			return command.Fail(err)
		}
		defer closeFleet()
		ctx, cancel := command.Reply(c, s)
		defer cancel()
		if err := f(ctx, s, fl); err != nil {
			if signalled := cli.Interrupted(s.Context); signalled != nil {
				return signalled
			}
			return command.Fail(err)
		}
		return nil
	})
}

// host opens the fleet for a job in the foreground.
func host(c *ucli.Context, s *command.Session) command.Open {
	return func() (command.Host, func(), error) {
		fl, closeFleet, err := s.Open(c, "producer "+c.Command.Name)
		if err != nil {
			return command.Host{}, nil, err
		}
		fleetSize := watchWorkers(s.Context, fl)
		go fl.RemoveExpired(s.Context)
		return command.Host{Fleet: fl, Workers: fleetSize.workers, Slots: fleetSize.slots, Activities: fleetSize.working}, closeFleet, nil
	}
}

// workersEvery is how often the number of workers is looked at for the progress line.
const workersEvery = 5 * time.Second
