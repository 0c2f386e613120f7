package main

import (
	"fmt"
	"net"
	"strconv"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/job"
)

func runCommand() *ucli.Command {
	return &ucli.Command{
		Name:  "run",
		Usage: "run a server and workers for others to submit to, until a signal",
		Flags: append(append([]ucli.Flag{
			&ucli.StringFlag{Name: "listen", Value: "127.0.0.1:4222", Usage: "`ADDRESS` for producers and consumers to connect to"},
		}, accessFlags()...), nodeFlags("always with --store, else never")...),
		Action: run,
	}
}

func run(c *ucli.Context) error {
	if err := cli.NoArgs(c); err != nil {
		return err
	}
	host, port, err := net.SplitHostPort(c.String("listen"))
	if n, e := strconv.Atoi(port); err != nil || e != nil || n < 0 || n > 65535 {
		return cli.Usagef("--listen %q is not host:port", c.String("listen"))
	}
	g, err := openAccess(c, host)
	if err != nil {
		return err
	}
	s, stop, err := command.Start(c, nil)
	if err != nil {
		return err
	}
	defer stop()
	syncAs := "never"
	if c.String("store") != "" {
		syncAs = "always"
	}
	h, err := build(c, s, c.String("listen"), g, syncAs, s.Log)
	if err != nil {
		return command.Fail(err)
	}
	defer h.close()
	greeting, err := h.greeting()
	if err != nil {
		return err
	}
	fmt.Fprint(s.Screen, greeting)
	if g != nil {
		go g.watch(s.Context, h.server, s.Log)
	}

	served := make(chan error, 1)
	go func() { served <- job.Serve(s.Context, h.fleet, s.Log) }()
	for {
		select {
		case <-s.Context.Done():
			err := h.work()
			if fault := h.fault(); fault != nil {
				return fault
			}
			return err
		case err := <-served:
			if err != nil {
				return command.Fail(err)
			}
			served = nil
		}
	}
}

// greeting says where the server is and how others join.
func (h *node) greeting() (string, error) {
	if h.access != nil {
		return h.access.greet(h.server)
	}
	url := h.server.URL()
	return fmt.Sprintf("embedded: listening on %s; join with `consumer run -s %s`, submit with `producer submit -s %s NUMBER...`\n", url, url, url), nil
}
