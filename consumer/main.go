// Consumer is the worker: it pulls chunks of numbers from a NATS server, factors
// them, and publishes the answers.
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
		Name:     "consumer",
		Usage:    "factor the numbers that producers submit",
		Version:  command.Build(),
		Before:   command.CheckKernels,
		Flags:    append(cli.ConnectionFlags(), cli.LogFlags()...),
		Commands: append([]*ucli.Command{runCommand(), benchCommand()}, command.Standard(nil)...),
	}, examples)
}
