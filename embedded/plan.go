package main

import (
	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/command"
	"factorfleet/internal/task"
)

func planCommand() *ucli.Command {
	return &ucli.Command{
		Name: "plan", Usage: "say how long a list of numbers takes on this machine, without factoring it", ArgsUsage: "[NUMBER...]",
		Description: command.PlanDescription + "\n\nThe speed of this machine is measured for some tenths of a second.",
		Flags: append(command.PlanFlags(),
			&ucli.IntFlag{Name: "n", DefaultText: "one for each CPU that the process may use", Usage: "`NUMBER` of tasks that would run at a time, and of cores in use"}),
		Action: func(c *ucli.Context) error {
			if c.IsSet("n") && c.Int("n") < 1 {
				return cli.Usagef("-n must be at least 1")
			}
			s, stop, err := command.Start(c, nil)
			if err != nil {
				return err
			}
			defer stop()
			return s.RootCause(s.Plan(c, func(task.Class) (command.Where, error) {
				m, err := command.MeasureMachine(s.Context, c.Int("n"))
				return command.Where{Name: "machine", Workers: 1, Machines: []command.PlanMachine{m}}, err
			}))
		},
	}
}
