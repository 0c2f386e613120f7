// Producer submits lists of numbers to a fleet, prints the answers, and manages jobs, dead letters and
// workers.
package main

import (
	"runtime/debug"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/unit"
)

// softMemory is the memory limit of the garbage collector in bytes: near it, the collector works
// harder. A job of a million numbers needs less, for all sizes of its chunks.
const softMemory = 80 << 20

func main() {
	debug.SetMemoryLimit(softMemory)
	cli.Main(app())
}

// app returns the program.
func app() *ucli.App {
	return cli.SetExamples(&ucli.App{
		Name:     "producer",
		Usage:    "submit numbers to a fleet of workers and collect the answers",
		Version:  command.Build(),
		Before:   command.CheckKernels,
		Flags:    append(cli.ConnectionFlags(), cli.LogFlags()...),
		Metadata: map[string]any{cli.MonitorKey: checkCommandName, cli.ServiceKey: "serve"},
		Commands: append([]*ucli.Command{
			submitCommand(), planCommand(), waitCommand(), resultsCommand(),
			statusCommand(), topCommand(), lsCommand(), cancelCommand(), finishCommand(), rmCommand(),
			pauseCommand(), resumeCommand(), changeCommand(),
			verifyCommand(), findCommand(), cacheCommand(), deadCommand(), retryCommand(), workersCommand(), checkCommand(), eventsCommand(), schemaCommand(), initCommand(), serveCommand(),
			command.HealthCommand("a supervisor", "127.0.0.1:8222"), command.UnitCommand(unit.Producer), cheatCommand(),
		}, command.Standard(completeArguments)...),
	}, examples)
}
