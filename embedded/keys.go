package main

import (
	"errors"
	"fmt"
	"io/fs"
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
		Name: "keys", Usage: "add, renew, revoke and list keys of a server with --secure; it needs no restart",
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
			{
				Name: "renew", Usage: "create new credentials with the same key, and the permissions of this version", ArgsUsage: "NAME...", Description: renewDescription,
				Flags: []ucli.Flag{
					secure,
					&ucli.BoolFlag{Name: "all", DisableDefaultText: true, Usage: "renew all identities, and the certificate of the server if it ends within 90 days"},
					&ucli.DurationFlag{Name: "expires", DefaultText: "as long as before", Usage: "`DURATION` from now after which the new credentials expire, such as 720h"},
				},
				Action: renewKeys,
			},
			{Name: "revoke", Usage: "revoke an identity and disconnect it", ArgsUsage: "NAME", Flags: []ucli.Flag{secure}, Action: revokeKeys},
			{
				Name: "ls", Usage: "list the identities, when they expire, and whether their permissions are those of this version",
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
	case errors.Is(err, identity.ErrTaken), errors.Is(err, identity.ErrNoSeed):
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
	return printJoin(c, keys, u.Name)
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
	u.Expires, err = expiry(c)
	return u, err
}

// expiry returns the time that --expires sets, the zero time if it is not used.
func expiry(c *ucli.Context) (time.Time, error) {
	if !c.IsSet("expires") {
		return time.Time{}, nil
	}
	if c.Duration("expires") < time.Second {
		return time.Time{}, cli.Usagef("--expires must be at least 1s")
	}
	return time.Now().Add(c.Duration("expires")), nil
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
