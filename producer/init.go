package main

import (
	"fmt"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/fleet"
	"factorfleet/internal/schema"
)

func initCommand() *ucli.Command {
	return &ucli.Command{
		Name: "init", Usage: "create the streams, once for a server or cluster; what exists is compared, never changed",
		Flags: []ucli.Flag{
			&ucli.IntFlag{Name: "replicas", Value: 1, Usage: "`NUMBER` of servers that hold each stream: 1, 3 or 5"},
			&ucli.DurationFlag{Name: "ack-wait", Value: schema.DefaultAckWait, Usage: "`DURATION` after which a silent worker's task is handed out again"},
			&ucli.BoolFlag{Name: "dry-run", DisableDefaultText: true, Usage: "only say what would be created"},
			&ucli.BoolFlag{Name: "print-permissions", DisableDefaultText: true, Usage: "only print what each role may publish and subscribe to, and why"},
			&ucli.BoolFlag{Name: "print-server-conf", DisableDefaultText: true, Usage: "only print the configuration of a nats-server that lets in those with keys from --secure"},
			&ucli.StringFlag{Name: "secure", Usage: "`DIR` of the keys, which is made if it is not there"},
			&ucli.StringFlag{Name: "listen", Value: "0.0.0.0:4222", Usage: "`ADDRESS` of that nats-server"},
			&ucli.StringSliceFlag{Name: "san", Usage: "`HOST` name or address by which others know it, as often as you like; the first is told them"},
			&ucli.StringFlag{Name: "store", Value: "/var/lib/factorfleet", Usage: "`DIR` of its streams"},
			jsonFlag(),
		},
		Action: func(c *ucli.Context) error {
			switch {
			case c.Bool("print-permissions"):
				return printPermissions(c)
			case c.Bool("print-server-conf"):
				return printServerConf(c)
			}
			return inSession(c, func(s *command.Session) error { return initialize(c, s) })
		},
	}
}

// syncAdvice is for the operator of the server, whose settings nobody can ask for.
const syncAdvice = "producer: advice: set `sync_interval: always` in the jetstream block of the server's configuration; " +
	"by default a power cut can take back what it acknowledged in the last two minutes"

// An initReport is what init says in JSON.
type initReport struct {
	DryRun  bool     `json:"dry_run"`
	Created []string `json:"created"`
}

func initialize(c *ucli.Context, s *command.Session) error {
	if err := cli.NoArgs(c); err != nil {
		return err
	}
	p := fleet.Provision{Replicas: c.Int("replicas"), AckWait: c.Duration("ack-wait"), DryRun: c.Bool("dry-run")}
	if p.Replicas != 1 && p.Replicas != 3 && p.Replicas != 5 {
		return cli.Usagef("--replicas is 1, 3 or 5")
	}
	if p.AckWait < 100*time.Millisecond || p.AckWait > time.Hour {
		return cli.Usagef("--ack-wait is a duration from 100ms to 1h")
	}
	nc, js, err := s.Connect(c, "producer init")
	if err != nil {
		return command.Fail(err)
	}
	defer nc.Close()
	ctx, cancel := command.Reply(c, s)
	defer cancel()
	made, err := fleet.Init(ctx, js, p)
	if err != nil {
		return command.Fail(err)
	}
	if len(made) > 0 && !p.DryRun {
		fmt.Fprintln(s.Screen, syncAdvice)
	}
	if c.Bool("json") {
		return printJSON(c, initReport{DryRun: p.DryRun, Created: append([]string{}, made...)})
	}
	verb := "created"
	if p.DryRun {
		verb = "would create"
	}
	for _, m := range made {
		fmt.Fprintln(c.App.Writer, verb, m)
	}
	if len(made) == 0 {
		fmt.Fprintln(c.App.Writer, "all streams are there, with these settings")
	}
	return nil
}
