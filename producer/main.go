// Producer submits lists of numbers to a fleet, prints the answers, and manages jobs, dead letters and
// workers.
package main

import (
	"runtime/debug"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
)

// softMemory is the memory limit of the garbage collector in bytes: near it, the collector works
// harder. A job of a million numbers needs less, for all sizes of its chunks.
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
			statusCommand(), lsCommand(), cancelCommand(), finishCommand(), rmCommand(),
			pauseCommand(), resumeCommand(), changeCommand(),
			verifyCommand(), deadCommand(), retryCommand(), workersCommand(), schemaCommand(), initCommand(), serveCommand(),
		},
	})
}
