package command

import (
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"

	ucli "github.com/urfave/cli/v2"

	"factorfleet/internal/cli"
	"factorfleet/internal/job"
	"factorfleet/internal/task"
	"factorfleet/internal/text"
	"factorfleet/internal/worker"
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

// Unserved says that none of the workers takes the tasks of a class with a route, and what to do; "" if one does, and for
// other classes.
func Unserved(class task.Class, workers []worker.Status) string {
	route := class.Route()
	if route == "" || slices.ContainsFunc(workers, func(w worker.Status) bool { return w.State == worker.StateRunning && w.Serves(route) }) {
		return ""
	}
	var labels, commands, flags []string
	large := false
	for offer := range strings.SplitSeq(route, "+") {
		if name, ok := task.OfferedExec(offer); ok {
			commands, flags = append(commands, name), append(flags, "--exec "+name+"=COMMAND")
		} else if offer == task.OfferLarge {
			large = true
		} else {
			labels, flags = append(labels, offer), append(flags, "--label "+offer)
		}
	}
	var lacks []string
	if len(commands) > 0 {
		lacks = append(lacks, "runs command "+strings.Join(commands, ", "))
	}
	if len(labels) > 0 {
		lacks = append(lacks, "offers label "+strings.Join(labels, ", "))
	}
	start := strings.Join(append([]string{"consumer run"}, flags...), " ")
	if large {
		lacks = append(lacks, "accepts numbers of any size")
		start += " without --max-digits"
	}
	return fmt.Sprintf("no worker that runs now %s: start one with %s; the job waits", strings.Join(lacks, " and "), start)
}

// LacksSecond says that a job of which each item needs the same answer of two workers has one worker only, by name, and
// what to do; "" if it has two, or none, of which Unserved speaks, and for other jobs.
func LacksSecond(j *task.Job, workers []worker.Status) string {
	route := j.Queue().Route()
	names := make(map[string]bool)
	for i := range workers {
		if w := &workers[i]; w.State == worker.StateRunning && w.Serves(route) {
			names[w.Name] = true
		}
	}
	if j.Replicas < 2 || len(names) != 1 {
		return ""
	}
	return fmt.Sprintf("only worker %s runs, and two workers are to answer each item (--replicas 2): start another one with another --name; the items wait for it",
		text.Sanitize(slices.Collect(maps.Keys(names))[0], 80))
}

// noteUnserved says on standard error that no worker that is alive takes the tasks of a class. It says nothing if that is
// unknown.
func (s *Session) noteUnserved(t Target, class task.Class) {
	s.class.Store(&class)
	if class.Route() == "" || t.Private {
		return
	}
	ctx, cancel := context.WithTimeout(s.Context, supervisorTimeout)
	defer cancel()
	workers, err := t.Fleet.Workers(ctx)
	if err != nil {
		s.Log.Debug().Err(err).Msg("cannot see which workers are alive")
	} else if why := Unserved(class, workers); why != "" {
		s.Notef("%s", why)
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
