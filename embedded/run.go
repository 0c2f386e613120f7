package main

import (
	"fmt"
	"slices"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/job"
)

func runCommand() *ucli.Command {
	return &ucli.Command{
		Name:        "run",
		Usage:       "run a server and a worker until a signal; producers and consumers connect to the server",
		Description: command.ExecDescription,
		Flags: slices.Concat([]ucli.Flag{
			&ucli.StringFlag{Name: "listen", Value: "127.0.0.1:4222", Usage: "`ADDRESS` on which the server listens for producers and consumers"},
		}, accessFlags(), nodeFlags(), command.AvailabilityFlags(), command.PageFlags()),
		Action: run,
	}
}

func run(c *ucli.Context) error {
	if err := cli.NoArgs(c); err != nil {
		return err
	}
	listen := c.String("listen")
	host, _, err := cli.SplitListen(listen, 0) // port 0 is a free one
	if err != nil {
		return err
	}
	if err := command.CheckPage(c); err != nil {
		return err
	}
	options, err := readNodeOptions(c)
	if err != nil {
		return err
	}
	if err := options.machine.Apply(); err != nil {
		return err
	}
	a, err := openAccess(c, host)
	if err != nil {
		return err
	}
	s, stop, err := command.Start(c, nil)
	if err != nil {
		return err
	}
	defer stop()
	n, err := startNode(s, options, listen, a, s.Log)
	if err != nil {
		return command.Fail(err)
	}
	defer n.close()
	lines, err := n.joinInstructions()
	if err != nil {
		return err
	}
	for _, line := range lines {
		s.Notef("%s", line)
	}
	stopPage, err := n.servePage(c)
	if err != nil {
		return err
	}
	defer stopPage()
	if a != nil {
		go a.watchKeys(s.Context, n.server, n.fleet.RenewPulls, s.Log)
	}
	return n.serve()
}

// serve supervises the jobs of all clients until the session ends, and then drains the worker.
func (n *node) serve() error {
	s := n.session
	served := make(chan error, 1)
	go func() { served <- job.Supervise(s.Context, n.fleet, s.Log, command.DefaultMaxMemory()) }()
	for {
		select {
		case <-s.Context.Done():
			err := n.drain()
			if unusable := n.storeError(); unusable != nil {
				return unusable
			}
			return err
		case err := <-served:
			if err != nil {
				return command.Fail(err)
			}
			served = nil // wait for the end of the session
		}
	}
}

// joinInstructions returns lines that say where the server listens and how other machines join.
func (n *node) joinInstructions() ([]string, error) {
	if n.access != nil {
		return n.access.joinInstructions(n.server)
	}
	url := n.server.URL()
	return []string{fmt.Sprintf("listening on %s; join with `consumer run -s %s`, submit with `producer submit -s %s NUMBER...`", url, url, url)}, nil
}
