package main

import (
	"context"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/command"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

func planCommand() *ucli.Command {
	return &ucli.Command{
		Name: "plan", Usage: "say how long a list of numbers takes with the workers that run now, without submitting it", ArgsUsage: "[NUMBER...]",
		Description: command.PlanDescription + "\n\nThe times are those of the workers that take the tasks now: their slots and levels of kernels. What earlier\njobs that are done have taken is printed too, as far as their manifests are kept.",
		Flags:       command.PlanFlags(),
		Action: func(c *ucli.Context) error {
			return inSession(c, func(s *command.Session) error {
				return s.Plan(c, func(class task.Class) (command.Where, error) { return planWhere(c, s, class) })
			})
		},
	}
}

// planWhere returns the workers that take tasks of a class, and what earlier jobs have taken.
func planWhere(c *ucli.Context, s *command.Session, class task.Class) (w command.Where, err error) {
	fl, closeFleet, err := s.Open(c, "producer")
	if err != nil {
		return w, err
	}
	defer closeFleet()
	ctx, cancel := context.WithCancel(s.Context)
	defer cancel()
	workers, err := fl.Workers(ctx)
	if err != nil {
		return w, err
	}
	jobs, err := fl.Jobs(ctx)
	if err != nil {
		return w, err
	}
	w.Name, w.Earlier = "fleet", plan.ExperienceOf(jobs)
	for i := range workers {
		if s := &workers[i]; s.State == worker.StateRunning && s.Serves(class.Route()) {
			w.Workers++
			w.Machines = append(w.Machines, command.PlanMachine{Slots: s.Slots, Kernels: s.Kernels})
		}
	}
	return w, nil
}
