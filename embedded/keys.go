package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"text/tabwriter"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/identity"
	"factorfleet/internal/schema"
)

func keysCommand() *ucli.Command {
	secure := &ucli.StringFlag{Name: "secure", Usage: "`DIR` of the keys, the same as for embedded run", EnvVars: []string{"FACTOR_SECURE"}}
	return &ucli.Command{
		Name: "keys", Usage: "add, revoke and list keys of a server with --secure; it needs no restart",
		Subcommands: []*ucli.Command{
			{
				Name: "add", Usage: "create keys for a worker, producer, observer or admin, and print the command that uses them", ArgsUsage: "ROLE NAME",
				Flags: []ucli.Flag{
					secure,
					&ucli.StringSliceFlag{Name: "src", Usage: "accept the keys only from the network `CIDR`, such as 10.0.0.0/8, or from one address; may be repeated (default: from anywhere)"},
					&ucli.DurationFlag{Name: "expires", DefaultText: "never", Usage: "`DURATION` after which the keys expire, such as 720h"},
				},
				Action: addKeys,
			},
			{Name: "revoke", Usage: "revoke an identity and disconnect it", ArgsUsage: "NAME", Flags: []ucli.Flag{secure}, Action: revokeKeys},
			{
				Name: "ls", Usage: "list the identities",
				Flags:  []ucli.Flag{secure, command.JSONFlag()},
				Action: listKeys,
			},
		},
	}
}

// openKeys opens the directory that --secure names.
func openKeys(c *ucli.Context) (*identity.Store, error) {
	dir := c.String("secure")
	if dir == "" {
		return nil, cli.Usagef("--secure DIR is missing: name the directory that `embedded run --secure DIR` has created")
	}
	keys, err := identity.Open(dir)
	return keys, keyError(err)
}

// keyError gives an error of package identity its exit code, and a hint if there is one.
func keyError(err error) error {
	switch {
	case errors.Is(err, identity.ErrNoKeys):
		return cli.WithHint(cli.Exit(cli.NoJob, err), "`embedded run --secure DIR`, or `producer init --print-server-conf --secure DIR`, creates them")
	case errors.Is(err, identity.ErrExposed), errors.Is(err, fs.ErrPermission):
		return cli.Exit(cli.NoConnect, err)
	case errors.Is(err, identity.ErrUnknown):
		return cli.WithHint(cli.Exit(cli.NoJob, err), "`embedded keys ls` lists them")
	case errors.Is(err, identity.ErrTaken):
		return cli.Exit(cli.Conflict, err)
	}
	return err
}

// addKeys creates an identity and prints the command with which another machine uses it.
func addKeys(c *ucli.Context) error {
	u, err := newUser(c)
	if err != nil {
		return err
	}
	keys, err := openKeys(c)
	if err != nil {
		return err
	}
	if err := keys.Add(u); err != nil {
		return keyError(err)
	}
	line, err := keys.JoinCommand(u)
	if err != nil {
		return err
	}
	fmt.Fprintln(c.App.Writer, line)
	return nil
}

// newUser returns the identity that the command line of keys add describes. All its errors have exit
// code Usage.
func newUser(c *ucli.Context) (identity.User, error) {
	if c.NArg() != 2 {
		return identity.User{}, cli.Usagef("keys add needs a ROLE and a NAME, such as worker attic")
	}
	u := identity.User{Name: c.Args().Get(1)}
	var err error
	if u.Role, err = schema.ParseRole(c.Args().First()); err != nil {
		return u, cli.Exit(cli.Usage, err)
	}
	if err := schema.CheckIdentity(u.Role, u.Name); err != nil {
		return u, cli.Exit(cli.Usage, err)
	}
	for _, value := range c.StringSlice("src") {
		source, err := identity.ParseSource(value)
		if err != nil {
			return u, cli.Usagef("--src %w", err)
		}
		u.Sources = append(u.Sources, source)
	}
	if c.IsSet("expires") {
		if c.Duration("expires") < time.Second {
			return u, cli.Usagef("--expires must be at least 1s")
		}
		u.Expires = time.Now().Add(c.Duration("expires"))
	}
	return u, nil
}

// revokeKeys revokes an identity. Running servers of `embedded run` apply that by themselves.
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
		return keyError(err)
	}
	fmt.Fprintf(c.App.Writer, "%s is revoked; `embedded run` disconnects it within a second; for a nats-server, print the configuration "+
		"again with `producer init --print-server-conf` and run `nats-server --signal reload`\n", name)
	return nil
}

// A keyReport is an identity in the JSON of keys ls.
type keyReport struct {
	Name    string      `json:"name"`
	Key     string      `json:"key"` // public
	Role    schema.Role `json:"role"`
	Sources []string    `json:"src,omitempty"`     // networks; none = anywhere
	Expires *time.Time  `json:"expires,omitempty"` // nil = never
	Creds   string      `json:"creds"`             // file
	Context string      `json:"context"`           // file
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
		return command.PrintJSON(c, keyReports(keys, users))
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

func keyReports(keys *identity.Store, users []identity.User) []keyReport {
	reports := make([]keyReport, len(users))
	for i, u := range users {
		reports[i] = keyReport{Name: u.Name, Key: u.Key, Role: u.Role, Sources: u.Sources, Creds: keys.CredsFile(u.Name), Context: keys.ContextFile(u.Name)}
		if !u.Expires.IsZero() {
			reports[i].Expires = &users[i].Expires
		}
	}
	return reports
}
