package main

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/identity"
)

// A keyReport is an identity in the JSON of keys ls.
type keyReport = command.KeyReport

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
	fmt.Fprintln(w, "NAME\tROLE\tFROM\tEXPIRES\tPERMISSIONS\tKEY")
	for _, u := range users {
		from := "anywhere"
		if len(u.Sources) > 0 {
			from = strings.Join(u.Sources, ",")
		}
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%s\t%s\n", u.Name, u.Role, from, expiryText(u.Expires), u.Permissions, u.Key)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	return adviseKeys(c, keys, users)
}

// expiryText returns the text of the column EXPIRES.
func expiryText(until time.Time) string {
	switch {
	case until.IsZero():
		return "never"
	case time.Now().After(until):
		return until.Format(time.RFC3339) + " (expired)"
	}
	return until.Format(time.RFC3339)
}

// adviseKeys prints to standard error what should be renewed.
func adviseKeys(c *ucli.Context, keys *identity.Store, users []identity.User) error {
	var old []string
	for _, u := range users {
		switch u.Permissions {
		case identity.Old:
			old = append(old, u.Name)
		case identity.Foreign:
			cli.Notef(c, "%s has more permissions than it needs: run `embedded keys revoke %s`, then `embedded keys add %s %s`", u.Name, u.Name, u.Role, u.Name)
		}
	}
	if len(old) > 0 {
		cli.Notef(c, "the permissions of %s are those of another version: run `embedded keys renew %s`", strings.Join(old, ", "), strings.Join(old, " "))
	}
	until, err := keys.ServerExpires()
	if err == nil && !until.IsZero() && time.Until(until) < identity.ServerRenewal {
		cli.Notef(c, "the certificate of the server expires at %s: `embedded run` renews it; for a nats-server, run `embedded keys renew --all`, then `nats-server --signal reload`", until.Format(time.RFC3339))
	}
	return err
}

func keyReports(keys *identity.Store, users []identity.User) []keyReport {
	reports := make([]keyReport, len(users))
	for i, u := range users {
		reports[i] = keyReport{Name: u.Name, Key: u.Key, Role: u.Role, Sources: u.Sources, Permissions: string(u.Permissions), Creds: keys.CredsFile(u.Name), Context: keys.ContextFile(u.Name)}
		if !u.Expires.IsZero() {
			reports[i].Expires = &users[i].Expires
		}
	}
	return reports
}
