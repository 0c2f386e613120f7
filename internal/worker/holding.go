package worker

import (
	"strings"

	"factorfleet/internal/task"
)

// Holding returns the names of the deliveries that slots run, then of those that are being settled, each the
// oldest first, at most one for each slot. A delivery whose computation hangs is settled as a copy.
func (w *Worker) Holding() (names []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for _, state := range []state{running, settling} {
		for d := w.held.oldest; d != nil && len(names) < len(w.slots); d = d.younger {
			if d.state == state {
				names = append(names, TaskName(d.Address))
			}
		}
	}
	return names
}

// TaskName returns the name of a task in Status.Holding.
func TaskName(a task.Address) string { return a.Job + "." + a.Range.String() + "." + a.Round }

// ParseTaskName is the inverse of TaskName. The class of the address is empty.
func ParseTaskName(name string) (a task.Address, ok bool) {
	job, rest, _ := strings.Cut(name, ".")
	chunk, round, _ := strings.Cut(rest, ".")
	r, err := task.ParseRange(chunk)
	if err != nil || task.CheckJob(job) != nil || task.CheckRound(round) != nil {
		return task.Address{}, false
	}
	return task.Address{Job: job, Range: r, Round: round}, true
}
