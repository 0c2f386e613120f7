// Consumer is the worker: it pulls chunks of numbers from a NATS server, factors
// them, and publishes the answers.
package main

import (
	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/unit"
)

func main() {
	cli.Tune()
	cli.Main(app())
}

// app returns the program.
func app() *ucli.App {
	return cli.SetExamples(&ucli.App{
		Name:     "consumer",
		Usage:    "factor the numbers that producers submit",
		Version:  command.Build(),
		Before:   command.CheckKernels,
		Flags:    append(cli.ConnectionFlags(), cli.LogFlags()...),
		Metadata: map[string]any{cli.ServiceKey: "run"},
		Commands: append([]*ucli.Command{
			runCommand(), command.HealthCommand("a worker", "127.0.0.1:9101"), command.UnitCommand(unit.Consumer), benchCommand(),
		}, command.Standard(nil)...),
	}, examples)
}
