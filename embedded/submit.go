package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/rs/zerolog"
	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

func submitCommand() *ucli.Command {
	fullWait := &ucli.DurationFlag{Name: "full-wait", Value: time.Minute, Usage: "`DURATION` to wait for room in a full store before the program ends with exit code 75; 0s is for ever"}
	return &ucli.Command{
		Name:      "submit",
		Usage:     "factor numbers on this machine and print the answers",
		ArgsUsage: "[NUMBER...|ITEM...]", Description: command.SubmitDescription,
		Flags:  append(command.SubmitFlags(), append(append(nodeFlags(), fullWait), command.PageFlags()...)...),
		Action: submit,
	}
}

func submit(c *ucli.Context) error {
	if c.IsSet("n") && c.Int("n") < 1 {
		return cli.Usagef("-n must be at least 1: only this process can do the work")
	}
	if err := command.CheckPage(c); err != nil {
		return err
	}
	options, err := readNodeOptions(c)
	if err != nil {
		return err
	}
	if c.Bool("detach") && !options.kept() {
		return cli.Usagef("--detach needs --store: the job must be kept when the program ends")
	}
	if required, err := command.Labels(c, "require"); err != nil {
		return err
	} else if !task.Serves(options.labels, strings.Join(required, "+")) {
		return cli.Usagef("--require %s: only this process can do the work, and has no such --label", strings.Join(required, ", "))
	}
	if name, ok := task.ExecName(c.String("kind")); ok && !slices.Contains(options.exec.Names(), name) {
		return cli.Usagef("--kind exec:%s: only this process can do the work: say what runs by --exec %s=CMD", name, name)
	}
	if c.Int("replicas") > 1 {
		return cli.Usagef("--replicas 2 needs two workers: there is one in this process")
	}
	if err := options.machine.Apply(); err != nil {
		return err
	}
	s, stop, err := command.Start(c, nil)
	if err != nil {
		return err
	}
	defer stop()
	return s.Submit(c, func() (command.Target, func(), error) {
		n, err := startNode(s, options, "", nil, s.Log.Level(max(s.Log.GetLevel(), zerolog.WarnLevel)))
		if err != nil {
			return command.Target{}, nil, err
		}
		if options.kept() { // the store is locked, and no other process can connect
			if err := n.fleet.DropLeases(s.Context); err != nil {
				n.finish()
				return command.Target{}, nil, err
			}
		}
		stopPage, err := n.servePage(c)
		if err != nil {
			n.finish()
			return command.Target{}, nil, err
		}
		return command.Target{
			Fleet: n.fleet, Private: !options.kept(),
			Workers: func() int { return 1 }, Slots: func() int { return n.stats().Slots },
			Statuses: func() []worker.Status { return []worker.Status{{Stats: n.stats(), Holding: n.holding()}} }, Resume: resumeHint, Rest: restHint, Dead: deadHint,
		}, func() { stopPage(); n.finish() }, nil
	})
}

// deadHint says how to see why numbers were given up: while the program runs, no other can connect to it.
func deadHint(job string) string {
	return fmt.Sprintf("to see why, start `embedded run` with the same --store, and then run `producer dead show %s`", job)
}

// restHint says how to resume a job whose input was cut off.
func restHint(job string) string {
	return fmt.Sprintf("submit the same input with --id %s and the same --store to resume it", job)
}

// resumeHint says how to resume a job in a store that is kept.
func resumeHint(job, _ string) string {
	return fmt.Sprintf("job %s is kept in the store: submit the same input with --id %s and the same --store to resume it", job, job)
}

// finish closes a node whose job has ended or was interrupted. If the store is kept, the worker first
// returns its tasks to the queue; if it offers commands, it ends their processes.
func (n *node) finish() {
	if n.options.kept() || len(n.options.exec) > 0 {
		if err := n.drain(); err != nil {
			n.session.Log.Error().Err(err).Msg("drain failed")
		}
	}
	n.close()
}
