package main

import (
	"time"

	"github.com/rs/zerolog"
	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/worker"
)

func submitCommand() *ucli.Command {
	return &ucli.Command{
		Name:      "submit",
		Usage:     "factor numbers on this machine and print the answers",
		ArgsUsage: "[NUMBER...]", Description: command.SubmitDescription,
		Flags: append(command.SubmitFlags(), append(nodeFlags("always with --store, else never"),
			&ucli.DurationFlag{Name: "full-wait", Value: time.Minute, Usage: "`DURATION` to wait for room in a full store before exit code 75; 0 is for ever"})...),
		Action: submit,
	}
}

func submit(c *ucli.Context) error {
	switch {
	case c.IsSet("n") && c.Int("n") < 1:
		return cli.Usagef("-n is at least 1: there is nobody else to do the work")
	case c.Duration("full-wait") < 0:
		return cli.Usagef("--full-wait is not negative")
	case c.Bool("detach") && c.String("store") == "":
		return cli.Usagef("--detach needs a --store to leave the job in")
	}
	s, stop, err := command.Start(c, nil)
	if err != nil {
		return err
	}
	defer stop()
	return s.Submit(c, func() (command.Host, func(), error) {
		syncAs := "never"
		if c.String("store") != "" {
			syncAs = "always"
		}
		h, err := build(c, s, "", nil, syncAs, s.Log.Level(max(s.Log.GetLevel(), zerolog.WarnLevel)))
		if err != nil {
			return command.Host{}, nil, err
		}
		return command.Host{
			Fleet: h.fleet, Private: c.String("store") == "",
			Workers: func() int { return 1 }, Slots: func() int { return h.stats().Slots },
			Activities: func() []worker.Activity { return h.stats().Activities },
		}, func() { h.leave(c.String("store") != "") }, nil
	})
}

// leave ends a house whose job is over or interrupted. If the store is kept the
// worker hands back what it has, else there is nothing to keep.
func (h *node) leave(kept bool) {
	if kept {
		if err := h.work(); err != nil {
			h.session.Log.Error().Err(err).Send()
		}
	}
	h.close()
}
