package command

import (
	"cmp"
	"context"
	"strings"
	"time"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/explain"
	"factorfleet/internal/job"
	"factorfleet/internal/task"
)

// LabelFlag returns the flag of the labels of a worker.
func LabelFlag() ucli.Flag {
	return &ucli.StringSliceFlag{Name: "label", Usage: "also take the tasks of jobs that require `LABEL`, such as gpu (producer submit --require gpu); may be repeated"}
}

// RequireFlag returns the flag of the labels that a job requires.
func RequireFlag() ucli.Flag {
	return &ucli.StringSliceFlag{Name: "require", Usage: "have only workers with `LABEL` compute the job, such as gpu (consumer run --label gpu); may be repeated"}
}

// Labels returns the values of a flag of labels, sorted and distinct. An error has exit code Usage.
func Labels(c *ucli.Context, flag string) ([]string, error) {
	labels := c.StringSlice(flag)
	for _, label := range labels {
		if err := task.CheckLabel(label); err != nil {
			return nil, cli.Usagef("--%s %w", flag, err)
		}
	}
	list, err := task.NormalOffers(labels)
	if err != nil {
		return nil, cli.Usagef("--%s: %w", flag, err)
	}
	return list, nil
}

// routeOf returns the route of a job that requires labels. An error has exit code Usage.
func routeOf(c *ucli.Context, kind string) (string, error) {
	labels, err := Labels(c, "require")
	if err != nil || len(labels) == 0 {
		return "", err
	}
	j := task.Job{Kind: kind, Class: task.ClassNorm, Route: strings.Join(labels, "+")}
	if task.CheckClass(j.Queue()) != nil {
		return "", cli.Usagef("--require: %d labels, a job may require %d, and one less with a command", len(labels), task.MaxOffers)
	}
	return j.Route, nil
}

// noteUnserved says on standard error that no worker that is alive takes the tasks of a class, or too few for so many
// replicas. It says nothing if that is unknown.
func (s *Session) noteUnserved(t Target, class task.Class, replicas int) {
	s.class.Store(&class)
	if class.Route() == "" || t.Private {
		return
	}
	ctx, cancel := context.WithTimeout(s.Context, supervisorTimeout)
	defer cancel()
	workers, err := t.Fleet.Workers(ctx)
	if err != nil {
		s.Log.Debug().Err(err).Msg("cannot see which workers are alive")
	} else if text := cmp.Or(explain.Unserved(class, workers), explain.Alone(class, replicas, workers)); text != "" {
		s.Notef("%s", text)
	}
}

// noWorkerAfter is how long a job in the foreground waits for a worker before its user is told how to start one.
const noWorkerAfter = 2 * time.Second

// noteNoWorker says on standard error that no worker is alive, if that is so after noWorkerAfter. It returns when ctx ends.
func (s *Session) noteNoWorker(ctx context.Context, t Target) {
	select {
	case <-ctx.Done():
	case <-time.After(noWorkerAfter):
		s.noteNone(t)
	}
}

// noteNone says that no worker is alive, if that is known.
func (s *Session) noteNone(t Target) {
	if !t.Private && t.Workers() == 0 {
		s.Notef("no worker is running: start one with `consumer run`; the job waits")
	}
}

// classOf returns the class of the tasks of a job that is submitted.
func classOf(sub *job.Submission) task.Class {
	j := task.Job{Kind: sub.Kind, Class: sub.Class, Route: sub.Route}
	return j.Queue()
}

// slotsFor returns Slots for the workers that take tasks of a class.
func (t *Target) slotsFor(class task.Class) func() int {
	if class.Route() == "" || t.Private {
		return t.Slots
	}
	return func() (n int) {
		t.Slots() // waits until the workers are known
		for _, w := range t.Statuses() {
			if w.Serves(class.Route()) {
				n += w.Slots
			}
		}
		return n
	}
}
