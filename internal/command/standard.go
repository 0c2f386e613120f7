package command

import (
	"fmt"
	"runtime"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/factor/kernels"
	"factorfleet/internal/unit"
)

// Standard returns the commands that all programs have: version, completion and man. arguments completes arguments of
// commands; it may be nil.
func Standard(arguments func(placeholder string, words []string) []cli.Candidate) []*ucli.Command {
	known := cli.Completions{Values: flagValues, Arguments: arguments}
	return append([]*ucli.Command{versionCommand(), cli.ManCommand()}, cli.CompletionCommands(known)...)
}

// flagValues has the values of flags that take one of a few, for the completion.
var flagValues = map[string][]string{
	"format":     {"factor", "json", "csv", "factordb", "pari"},
	"kind":       {"factor", "square", "exec:"},
	"priority":   {"hi", "norm", "low"},
	"campaign":   {"auto", "always", "never"},
	"progress":   {"auto", "always", "never"},
	"log-level":  {"debug", "info", "warn", "error"},
	"log-format": {"auto", "text", "json"},
	"exec-mode":  {"lines", "args", "server"},
	"sync":       {"always"},
	"chunk":      {"auto"},

	"check format": {"nagios", "json", "prometheus", "text"},
	"events only":  {"job", "chunk", "attempt", "dead", "worker", "number"},
	"unit print":   unit.Kinds,
}

func versionCommand() *ucli.Command {
	return &ucli.Command{
		Name: "version", Usage: "print the version with its commit, the Go version, the platform and the level of kernels",
		UsageText: "PROGRAM version",
		Action: func(c *ucli.Context) error {
			if err := cli.NoArgs(c); err != nil {
				return err
			}
			fmt.Fprintf(c.App.Writer, "%s %s %s %s/%s, kernels %s\n", c.App.Name, Build(), runtime.Version(), runtime.GOOS, runtime.GOARCH, kernels.Active())
			return nil
		},
	}
}
