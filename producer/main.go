// Producer submits lists of numbers to a fleet, waits for the answers, and looks
// after the jobs.
package main

import (
	"runtime/debug"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
)

// softMemory is from where on the garbage collector works harder to keep the process
// small. A job of a million numbers needs less, whatever its chunks.
const softMemory = 80 << 20

func main() {
	debug.SetMemoryLimit(softMemory)
	cli.Main(&ucli.App{
		Name:    "producer",
		Usage:   "submit numbers to a fleet of workers and collect the answers",
		Version: command.Build(),
		Before:  command.CheckKernels,
		Flags:   append(cli.ConnectionFlags(), cli.LogFlags()...),
		Commands: []*ucli.Command{
			submitCommand(), waitCommand(), resultsCommand(),
			statusCommand(), lsCommand(), cancelCommand(), rmCommand(),
			verifyCommand(), deadCommand(), workersCommand(), initCommand(),
		},
	})
}
