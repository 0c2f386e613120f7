package explain

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"factorfleet/internal/task"
	"factorfleet/internal/worker"
)

// Unserved says that none of the workers takes the tasks of a class with a route, and what to do; "" if one does, and for
// other classes.
func Unserved(class task.Class, workers []worker.Status) string {
	route := class.Route()
	if route == "" || slices.ContainsFunc(workers, func(w worker.Status) bool { return w.State == worker.StateRunning && w.Serves(route) }) {
		return ""
	}
	lacks, start := needsOf(route)
	return fmt.Sprintf("no worker that runs now %s: start one with %s; the job waits", lacks, start)
}

// Alone says that only one worker takes the tasks of a job with replicas 2, and what to do; "" if more or none do.
func Alone(class task.Class, replicas int, workers []worker.Status) string {
	if replicas < 2 {
		return ""
	}
	names := make(map[string]bool)
	for i := range workers {
		if w := &workers[i]; w.State == worker.StateRunning && w.Serves(class.Route()) {
			names[w.Name] = true
		}
	}
	if len(names) != 1 {
		return ""
	}
	_, start := needsOf(class.Route())
	return fmt.Sprintf("--replicas 2 needs two workers, and only %s takes the tasks: start another one with %s --name NAME",
		slices.Collect(maps.Keys(names))[0], start)
}

// needsOf says what a worker that takes the tasks of a route does, and how to start one.
func needsOf(route string) (does, start string) {
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
	var offers, lacks []string
	if len(commands) > 0 {
		offers = append(offers, "command "+strings.Join(commands, ", "))
	}
	if len(labels) > 0 {
		offers = append(offers, "label "+strings.Join(labels, ", "))
	}
	if len(offers) > 0 {
		lacks = append(lacks, "offers "+strings.Join(offers, " and "))
	}
	start = strings.Join(append([]string{"consumer run"}, flags...), " ")
	if large {
		lacks = append(lacks, "accepts numbers of any size")
		start += " without --max-digits"
	}
	return strings.Join(lacks, " and "), start
}
