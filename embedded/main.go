// Embedded is a whole fleet in one process: a NATS server, a worker, and in the command submit also the
// submitter.
package main

import (
	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
)

func main() {
	cli.Tune()
	cli.Main(app())
}

// app returns the program.
func app() *ucli.App {
	return cli.SetExamples(&ucli.App{
		Name:     "embedded",
		Usage:    "factor numbers with a fleet in one process",
		Version:  command.Build(),
		Before:   command.CheckKernels,
		Flags:    cli.LogFlags(),
		Metadata: map[string]any{cli.ServiceKey: "run"},
		Commands: append([]*ucli.Command{submitCommand(), planCommand(), runCommand(), keysCommand()}, command.Standard(nil)...),
	}, examples)
}
