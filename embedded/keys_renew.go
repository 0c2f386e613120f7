package main

import (
	"errors"
	"fmt"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/identity"
)

const renewDescription = `The name, the role, the networks and the key stay the same; so does the duration, counted from now,
unless --expires sets another one. Copy the new file to the machine that uses it, by the line that is printed,
and restart the program there when it suits.

The old file stays valid until it expires, so that a program that uses it is not disconnected. A renewal does not
help against a stolen key: use "embedded keys revoke", then "embedded keys add".

The certificate of the server lasts two years. "embedded run" renews it 90 days before its end, while it runs. For a
nats-server, "embedded keys renew --all" or "producer init --print-server-conf" renews it, for example once a month;
then run "nats-server --signal reload". Connections stay, and clients need no new files.`

// renewKeys makes new credentials for the named identities, and prints the commands that use them.
func renewKeys(c *ucli.Context) error {
	if c.Bool("all") == (c.NArg() > 0) {
		return cli.Usagef("name the identities to renew, or use --all")
	}
	until, err := expiry(c)
	if err != nil {
		return err
	}
	keys, err := openKeys(c)
	if err != nil {
		return err
	}
	names, err := namesToRenew(c, keys)
	if err != nil {
		return keyError(err)
	}
	var failed []error
	for _, name := range names {
		if err := keys.Renew(name, until); err != nil {
			failed = append(failed, err)
			continue
		}
		if err := printJoin(c, keys, name); err != nil {
			return err
		}
	}
	if c.Bool("all") {
		renewed, err := keys.RenewServer()
		failed = append(failed, err)
		if renewed {
			cli.Notef(c, "the certificate of the server is renewed: `embedded run` uses it at once, a nats-server after `nats-server --signal reload`")
		}
	}
	return keyError(errors.Join(failed...))
}

// namesToRenew returns the names on the command line, or all. Unknown names are refused before anything is changed.
func namesToRenew(c *ucli.Context, keys *identity.Store) (names []string, err error) {
	if !c.Bool("all") {
		for _, name := range c.Args().Slice() {
			if _, err := keys.User(name); err != nil {
				return nil, err
			}
		}
		return c.Args().Slice(), nil
	}
	users, err := keys.Users()
	for _, u := range users {
		names = append(names, u.Name)
	}
	return names, err
}

// printJoin prints the command with which another machine uses the credentials of an identity.
func printJoin(c *ucli.Context, keys *identity.Store, name string) error {
	u, err := keys.User(name)
	if err != nil {
		return err
	}
	line, err := keys.JoinCommand(u)
	if err != nil {
		return err
	}
	fmt.Fprintln(c.App.Writer, line)
	return nil
}
