package main

import (
	"errors"
	"fmt"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/fleet"
	"factorfleet/internal/stream"
)

// watchEvery is how often status --watch repeats the report.
const watchEvery = 2 * time.Second

func statusCommand() *ucli.Command {
	return &ucli.Command{
		Name: "status", Usage: "show the status of JOB, or of the whole fleet", ArgsUsage: "[JOB]",
		Flags: []ucli.Flag{
			command.JSONFlag(),
			&ucli.BoolFlag{Name: "explain", DisableDefaultText: true, Usage: "print also what is planned for the first hard numbers of JOB"},
			&ucli.BoolFlag{Name: "watch", DisableDefaultText: true, Usage: "the same as top on a terminal; elsewhere repeat the report every two seconds"},
		},
		Action: func(c *ucli.Context) error {
			id, err := cli.OptionalArg(c, "JOB")
			if err != nil {
				return err
			}
			if terminal, err := cli.OpenTerminal(); err == nil && c.Bool("watch") && !c.Bool("json") && !c.Bool("explain") {
				return inSession(c, func(s *command.Session) error { return watchFleet(c, s, terminal, id) })
			}
			return inSession(c, func(s *command.Session) error { return status(c, s, id) })
		},
	}
}

// status prints the report of a job, or of the fleet if id is "". With --watch it repeats the report
// until the session ends.
func status(c *ucli.Context, s *command.Session, id string) error {
	fl, closeFleet, err := s.Open(c, "producer status")
	if errors.Is(err, stream.ErrNotProvisioned) && id == "" {
		if e := serverStatus(c, s); e != nil {
			return command.Fail(e)
		}
	}
	if err != nil {
		return command.Fail(err)
	}
	defer closeFleet()
	for first := true; ; first = false {
		if c.Bool("watch") && !c.Bool("json") {
			if !first {
				fmt.Fprintln(c.App.Writer)
			}
			fmt.Fprintln(c.App.Writer, time.Now().Format(time.TimeOnly))
		}
		if err := statusOnce(c, s, fl, id); err != nil || !c.Bool("watch") {
			return command.Fail(err)
		}
		select {
		case <-s.Context.Done():
			return nil
		case <-time.After(watchEvery):
		}
	}
}

func statusOnce(c *ucli.Context, s *command.Session, fl *fleet.Fleet, id string) error {
	ctx, cancel := command.WithReplyTimeout(c, s)
	defer cancel()
	if id != "" {
		return jobStatus(ctx, c, fl, id)
	}
	return fleetStatus(ctx, c, s, fl)
}
