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

// A VersionReport is the report of the command version.
type VersionReport struct {
	Program  string `json:"program"`
	Version  string `json:"version"`
	Commit   string `json:"commit,omitempty"` // 12 digits; "" = the build has not recorded it
	Go       string `json:"go"`
	Platform string `json:"platform"` // such as linux/amd64
	Kernels  string `json:"kernels"`  // the level of kernels of the engine
}

func versionCommand() *ucli.Command {
	return &ucli.Command{
		Name: "version", Usage: "print the version with its commit, the Go version, the platform and the level of kernels",
		UsageText: "PROGRAM version\nPROGRAM version --json", Flags: []ucli.Flag{JSONFlag()},
		Action: func(c *ucli.Context) error {
			if err := cli.NoArgs(c); err != nil {
				return err
			}
			r := VersionReport{c.App.Name, Version, commit(), runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH, kernels.Active().String()}
			if c.Bool("json") {
				return PrintJSON(c, r)
			}
			fmt.Fprintf(c.App.Writer, "%s %s %s %s, kernels %s\n", r.Program, Build(), r.Go, r.Platform, r.Kernels)
			return nil
		},
	}
}
