// Consumer is the worker: it pulls chunks of numbers from a NATS server, factors
// them, and publishes the answers.
package main

import (
	"fmt"
	"runtime"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/factor/kernels"
)

func main() {
	cli.Tune()
	cli.Main(&ucli.App{
		Name:     "consumer",
		Usage:    "factor the numbers that producers submit",
		Version:  command.Build(),
		Before:   command.CheckKernels,
		Flags:    append(cli.ConnectionFlags(), cli.LogFlags()...),
		Metadata: map[string]any{cli.ServiceKey: "run"},
		Commands: []*ucli.Command{runCommand(), benchCommand(), versionCommand()},
	})
}

func versionCommand() *ucli.Command {
	return &ucli.Command{
		Name:  "version",
		Usage: "print the version, the Go version, the platform and the level of kernels",
		Action: func(c *ucli.Context) error {
			if err := cli.NoArgs(c); err != nil {
				return err
			}
			fmt.Fprintf(c.App.Writer, "consumer %s %s %s/%s, kernels %s\n", command.Build(), runtime.Version(), runtime.GOOS, runtime.GOARCH, kernels.Active())
			return nil
		},
	}
}
