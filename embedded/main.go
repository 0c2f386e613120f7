// Embedded is a whole fleet in one process: a NATS server, a worker, and in the command submit also the
// submitter. Called by the name factor, it is the program factor of GNU coreutils, without a server.
package main

import (
	"os"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/coreutils"
)

func main() {
	cli.Tune()
	if coreutils.IsName(os.Args[0]) {
		os.Exit(coreutils.Main(coreutils.Process{
			Args: os.Args, In: os.Stdin, Out: os.Stdout, Err: os.Stderr, Version: command.Build(), CheckStdout: cli.CheckStdout,
		}))
	}
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
