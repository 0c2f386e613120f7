// Embedded is the whole fleet in one process: a NATS server, workers, and the
// submitter or nobody.
package main

import (
	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
)

func main() {
	cli.Tune()
	cli.Main(&ucli.App{
		Name:     "embedded",
		Usage:    "factor numbers with a fleet in one process",
		Version:  command.Build(),
		Before:   command.CheckKernels,
		Flags:    cli.LogFlags(),
		Commands: []*ucli.Command{submitCommand(), runCommand(), keysCommand()},
	})
}
