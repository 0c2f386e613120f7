package worker

import (
	"strings"

	"factorfleet/internal/task"
)

// Holding returns the names of the deliveries that slots run, then of those that wait and are kept alive by
// heartbeats, such as a last attempt, then of those that are being settled; each the oldest first, at most
// HoldingPerSlot for each slot. Tasks of parts come after all others. A delivery whose computation hangs is settled as a
// copy.
func (w *Worker) Holding() (names []string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	var parts []string
	most := HoldingPerSlot * len(w.slots)
	for _, state := range []state{running, waiting, settling} {
		for d := w.held.oldest; d != nil && len(names) < most; d = d.younger {
			switch {
			case d.state != state || state == waiting && w.scans-d.scan < 2:
			case d.expendable:
				parts = append(parts, TaskName(d.Address))
			default:
				names = append(names, TaskName(d.Address))
			}
		}
	}
	return append(names, parts[:min(len(parts), most-len(names))]...)
}

// HoldingPerSlot is how many tasks a heartbeat may name for each slot: one that the slot runs, and one that
// waits for it.
const HoldingPerSlot = 2

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

// BegunPrefix begins the announcement that a worker is about to begin a task. The names of the announced tasks that run
// follow, separated by spaces, that of the new task first.
const BegunPrefix = "begun "
