package main

import (
	"errors"
	"fmt"
	"net"
	"text/tabwriter"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/identity"
	"factorfleet/internal/schema"
)

// printPermissions prints the permissions of an identity NAME in each role.
func printPermissions(c *ucli.Context) error {
	if err := cli.NoArgs(c); err != nil {
		return err
	}
	const name = "NAME"
	if c.Bool("json") {
		lists := make(map[schema.Role]schema.Permissions)
		for _, r := range schema.Roles {
			lists[r] = schema.PermissionsOf(r, name)
		}
		return command.PrintJSON(c, lists)
	}
	w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	for _, r := range schema.Roles {
		p := schema.PermissionsOf(r, name)
		for _, x := range p.Publish {
			fmt.Fprintf(w, "%s\tpublish\t%s\t# %s\n", r, x.Subject, x.Why)
		}
		for _, x := range p.Refuse {
			fmt.Fprintf(w, "%s\trefuse\t%s\t# %s\n", r, x.Subject, x.Why)
		}
		for _, x := range p.Subscribe {
			fmt.Fprintf(w, "%s\tsubscribe\t%s\t# %s\n", r, x.Subject, x.Why)
		}
		if p.Respond != "" {
			fmt.Fprintf(w, "%s\trespond\tonce to each request\t# %s\n", r, p.Respond)
		}
		if l := p.Limits; l != nil {
			fmt.Fprintf(w, "%s\tlimit\t%d subscriptions\t# of each connection\n", r, l.Subscriptions)
			fmt.Fprintf(w, "%s\tlimit\t%d bytes\t# of a message\n", r, l.Payload)
		}
	}
	return w.Flush()
}

// printServerConf creates the keys unless they exist, and prints the configuration of a nats-server
// that accepts them. It prints the commands for the other machines to standard error.
func printServerConf(c *ucli.Context) error {
	if err := cli.NoArgs(c); err != nil {
		return err
	}
	if c.String("secure") == "" {
		return cli.Usagef("--print-server-conf needs --secure DIR, the directory of the keys; it is created if missing")
	}
	host, port, err := cli.SplitListen(c.String("listen"), 1)
	if err != nil {
		return err
	}
	keys, err := identity.Prepare(c.String("secure"))
	if errors.Is(err, identity.ErrExposed) {
		return cli.Exit(cli.NoConnect, err)
	}
	if err != nil {
		return err
	}
	hosts := append(c.StringSlice("san"), identity.Hosts(host)...)
	if _, err := keys.ServerCertificate(hosts); err != nil {
		return err
	}
	if err := keys.SetURL("tls://" + net.JoinHostPort(hosts[0], port)); err != nil {
		return err
	}
	conf, err := keys.ServerConf(c.String("listen"), c.String("store"))
	if err != nil {
		return err
	}
	lines, err := keys.JoinInstructions()
	if err != nil {
		return err
	}
	cli.Notef(c, "when the server runs: producer init --context %s", keys.ContextFile("admin"))
	for _, line := range lines {
		cli.Notef(c, "%s", line)
	}
	_, err = fmt.Fprint(c.App.Writer, conf)
	return err
}
