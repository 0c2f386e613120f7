package command

import (
	"encoding/json"

	ucli "github.com/urfave/cli/v2"
)

// JSONFlag returns the flag --json of the commands that print a report.
func JSONFlag() ucli.Flag {
	return &ucli.BoolFlag{Name: "json", DisableDefaultText: true, Aliases: []string{"j"}, Usage: "print JSON"}
}

// PrintJSON prints a report as indented JSON, two spaces a level, to standard output.
func PrintJSON(c *ucli.Context, report any) error {
	e := json.NewEncoder(c.App.Writer)
	e.SetIndent("", "  ")
	return e.Encode(report)
}
