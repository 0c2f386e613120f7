package main

import (
	"fmt"
	"slices"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/fleet"
	"factorfleet/internal/schema"
)

func initCommand() *ucli.Command {
	return &ucli.Command{
		Name: "init", Usage: "create the streams of the fleet on a server or cluster, and bring those of an earlier release up to date",
		Flags: []ucli.Flag{
			&ucli.IntFlag{Name: "replicas", Value: 1, Usage: "`NUMBER` of servers that store each stream: 1, 3 or 5"},
			&ucli.DurationFlag{Name: "ack-wait", Value: schema.DefaultAckWait, Usage: "`DURATION` without a heartbeat after which a task is redelivered"},
			&ucli.BoolFlag{Name: "dry-run", DisableDefaultText: true, Usage: "print what would be created or updated, and change nothing"},
			&ucli.BoolFlag{Name: "print-permissions", DisableDefaultText: true, Usage: "only print what each role may publish and subscribe to, and why"},
			&ucli.BoolFlag{Name: "print-server-conf", DisableDefaultText: true, Usage: "only print the configuration of a nats-server that accepts the keys in --secure"},
			&ucli.StringFlag{Name: "secure", Usage: "`DIR` of the keys; created if missing"},
			&ucli.StringFlag{Name: "listen", Value: "0.0.0.0:4222", Usage: "`ADDRESS` on which that nats-server listens"},
			&ucli.StringSliceFlag{Name: "san", Usage: "`HOST` name or address in the certificate of that nats-server; may be repeated; clients connect to the first"},
			&ucli.StringFlag{Name: "store", Value: "/var/lib/factorfleet", Usage: "`DIR` in which that nats-server stores the streams"},
			command.JSONFlag(),
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

// syncAdvice is for the operator of the server: no client can read this setting.
const syncAdvice = "advice: set `sync_interval: always` in the jetstream block of the server's configuration; " +
	"by default a power cut can lose messages that the server acknowledged in the last two minutes"

// An initReport is the report of init in JSON.
type initReport struct {
	DryRun  bool     `json:"dry_run"`
	Created []string `json:"created"`
	Updated []string `json:"updated"` // to the settings of this release
}

// initialize creates the streams that are missing, updates those of an earlier release, and prints which.
func initialize(c *ucli.Context, s *command.Session) error {
	if err := cli.NoArgs(c); err != nil {
		return err
	}
	p := fleet.Provision{Replicas: c.Int("replicas"), AckWait: c.Duration("ack-wait"), DryRun: c.Bool("dry-run")}
	if p.Replicas != 1 && p.Replicas != 3 && p.Replicas != 5 {
		return cli.Usagef("--replicas must be 1, 3 or 5")
	}
	if p.AckWait < 100*time.Millisecond || p.AckWait > time.Hour {
		return cli.Usagef("--ack-wait must be from 100ms to 1h")
	}
	nc, js, err := s.Connect(c, "producer init")
	if err != nil {
		return failed(s, err)
	}
	defer nc.Close()
	ctx, cancel := command.WithReplyTimeout(c, s)
	defer cancel()
	changes, err := fleet.Init(ctx, js, p)
	if err != nil {
		return failed(s, err)
	}
	if !p.DryRun && slices.ContainsFunc(changes, func(c fleet.Change) bool { return !c.Update }) {
		s.Notef("%s", syncAdvice)
	}
	if !p.DryRun {
		if err := s.NoteFindings(ctx, js, p); err != nil {
			return failed(s, err)
		}
	}
	return printChanges(c, p.DryRun, changes)
}

func printChanges(c *ucli.Context, dryRun bool, changes []fleet.Change) error {
	r := initReport{DryRun: dryRun, Created: []string{}, Updated: []string{}}
	for _, change := range changes {
		if change.Update {
			r.Updated = append(r.Updated, change.What)
		} else {
			r.Created = append(r.Created, change.What)
		}
	}
	if c.Bool("json") {
		return command.PrintJSON(c, r)
	}
	create, update := "created", "updated"
	if dryRun {
		create, update = "would create", "would update"
	}
	for _, what := range r.Created {
		fmt.Fprintln(c.App.Writer, create, what)
	}
	for _, what := range r.Updated {
		fmt.Fprintln(c.App.Writer, update, what)
	}
	if len(changes) == 0 {
		fmt.Fprintln(c.App.Writer, "all streams exist with these settings")
	}
	return nil
}
