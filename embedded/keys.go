package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"text/tabwriter"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/identity"
	"factorfleet/internal/schema"
)

func keysCommand() *ucli.Command {
	secure := &ucli.StringFlag{Name: "secure", Usage: "`DIR` of the keys, as given to embedded run", EnvVars: []string{"FACTOR_SECURE"}}
	return &ucli.Command{
		Name: "keys", Usage: "who may join a server that runs with --secure; no restart is needed",
		Subcommands: []*ucli.Command{
			{
				Name: "add", Usage: "make keys for a worker, producer, observer or admin, and print how to use them", ArgsUsage: "ROLE NAME",
				Flags: []ucli.Flag{
					secure,
					&ucli.StringSliceFlag{Name: "src", Usage: "only from the network `CIDR`, such as 10.0.0.0/8, or address; as often as you like (default: from anywhere)"},
					&ucli.DurationFlag{Name: "expires", DefaultText: "never", Usage: "not after `DURATION`, such as 720h"},
				},
				Action: addKeys,
			},
			{Name: "revoke", Usage: "let an identity in no more, and disconnect it", ArgsUsage: "NAME", Flags: []ucli.Flag{secure}, Action: revokeKeys},
			{
				Name: "ls", Usage: "list the identities",
				Flags:  []ucli.Flag{secure, &ucli.BoolFlag{Name: "json", DisableDefaultText: true, Aliases: []string{"j"}, Usage: "print JSON"}},
				Action: listKeys,
			},
		},
	}
}

// openKeys opens the directory that --secure names.
func openKeys(c *ucli.Context) (*identity.Store, error) {
	dir := c.String("secure")
	if dir == "" {
		return nil, cli.Usagef("--secure DIR is missing: it names the keys that `embedded run --secure DIR` has made")
	}
	keys, err := identity.Open(dir)
	return keys, keyFault(err)
}

// keyFault says what can be done about an error of package identity.
func keyFault(err error) error {
	switch {
	case errors.Is(err, identity.ErrNone):
		return cli.WithHint(cli.Exit(cli.NoJob, err), "`embedded run --secure DIR`, or `producer init --print-server-conf --secure DIR`, makes them")
	case errors.Is(err, identity.ErrLoose), errors.Is(err, fs.ErrPermission):
		return cli.Exit(cli.NoConnect, err)
	case errors.Is(err, identity.ErrUnknown):
		return cli.WithHint(cli.Exit(cli.NoJob, err), "`embedded keys ls` lists them")
	case errors.Is(err, identity.ErrTaken):
		return cli.Exit(cli.Conflict, err)
	}
	return err
}

func addKeys(c *ucli.Context) error {
	if c.NArg() != 2 {
		return cli.Usagef("keys add needs a ROLE and a NAME, such as worker attic")
	}
	u := identity.User{Name: c.Args().Get(1)}
	var err error
	if u.Role, err = schema.ParseRole(c.Args().First()); err != nil {
		return cli.Exit(cli.Usage, err)
	}
	if err := schema.CheckIdentity(u.Role, u.Name); err != nil {
		return cli.Exit(cli.Usage, err)
	}
	for _, text := range c.StringSlice("src") {
		source, err := identity.ParseSource(text)
		if err != nil {
			return cli.Usagef("--src %w", err)
		}
		u.Sources = append(u.Sources, source)
	}
	if c.IsSet("expires") {
		if c.Duration("expires") < time.Second {
			return cli.Usagef("--expires %v is too soon: the least is 1s", c.Duration("expires"))
		}
		u.Expires = time.Now().Add(c.Duration("expires"))
	}
	keys, err := openKeys(c)
	if err != nil {
		return err
	}
	if err := keys.Add(u); err != nil {
		return keyFault(err)
	}
	line, err := keys.JoinLine(u)
	if err != nil {
		return err
	}
	fmt.Fprintln(c.App.Writer, line)
	return nil
}

func revokeKeys(c *ucli.Context) error {
	name, err := cli.Arg(c, "NAME")
	if err != nil {
		return err
	}
	keys, err := openKeys(c)
	if err != nil {
		return err
	}
	if err := schema.CheckIdentity("", name); err != nil {
		return cli.Exit(cli.Usage, err)
	}
	if err := keys.Revoke(name); err != nil {
		return keyFault(err)
	}
	fmt.Fprintf(c.App.Writer, "%s is revoked; `embedded run` lets it in no more within a second, a server with --print-server-conf after that is printed and loaded again\n", name)
	return nil
}

// A keyReport is what keys ls says of an identity in JSON.
type keyReport struct {
	Name    string      `json:"name"`
	Key     string      `json:"key"`
	Role    schema.Role `json:"role"`
	Sources []string    `json:"src,omitempty"`
	Expires *time.Time  `json:"expires,omitempty"`
	Creds   string      `json:"creds"`
	Context string      `json:"context"`
}

func listKeys(c *ucli.Context) error {
	if err := cli.NoArgs(c); err != nil {
		return err
	}
	keys, err := openKeys(c)
	if err != nil {
		return err
	}
	users, err := keys.Users()
	if err != nil {
		return err
	}
	if c.Bool("json") {
		reports := make([]keyReport, len(users))
		for i, u := range users {
			reports[i] = keyReport{Name: u.Name, Key: u.Key, Role: u.Role, Sources: u.Sources, Creds: keys.CredsFile(u.Name), Context: keys.ContextFile(u.Name)}
			if !u.Expires.IsZero() {
				reports[i].Expires = &users[i].Expires
			}
		}
		e := json.NewEncoder(c.App.Writer)
		e.SetIndent("", "  ")
		return e.Encode(reports)
	}
	w := tabwriter.NewWriter(c.App.Writer, 0, 0, 2, ' ', 0)
	fmt.Fprintln(w, "NAME\tROLE\tFROM\tEXPIRES\tKEY")
	for _, u := range users {
		from, until := "anywhere", "never"
		if len(u.Sources) > 0 {
			from = strings.Join(u.Sources, ",")
		}
		if !u.Expires.IsZero() {
			until = u.Expires.Format(time.RFC3339)
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\n", u.Name, u.Role, from, until, u.Key)
	}
	return w.Flush()
}
