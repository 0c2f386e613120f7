package worker

import (
	"cmp"
	"time"

	"factorfleet/internal/nat"
	"factorfleet/internal/task"
)

// limit is the time after which a number is overdue:
//
//	limit = 2*slowdown*budget + Config.Grace
//
// A healthy computation ends at its budget of CPU time by itself. It may overrun the budget by one step: hence the
// factor 2. What counts as its time is up to slowdown times its CPU time. Config.Grace covers budgets of milliseconds.
// A task of n numbers takes at most n*limit. A computation that does not tick is found much sooner.
func (w *Worker) limit(budget time.Duration) time.Duration {
	const month = 30 * 24 * time.Hour // a budget comes from outside: no overflow
	return 2*slowdown*min(budget, month) + w.config.Grace
}

// slowdown is the largest ratio of the time that counts to the CPU time of a computation that is not taken for a hang.
const slowdown = 20

// usedCPU returns the CPU time of the process since the last call; 0 if it is unknown. The heartbeat calls it.
func (w *Worker) usedCPU() time.Duration {
	if w.config.CPU == nil {
		return 0
	}
	last := w.scannedCPU
	w.scannedCPU = w.config.CPU()
	return w.scannedCPU - last
}

// timeLocked returns how much of step, the time since the last scan, counts as time of the numbers at hand. used is the
// CPU time of the process in that time:
//
//	count = used / slots that compute,   step/slowdown <= count <= step
//
// So a number is not overdue because other processes have the cores: at nice 19 beside busy processes a worker has a
// seventieth of a core or less. The slots need not have equal shares, and the process does other work: hence slowdown. The
// lower bound finds a computation that ticks but only waits.
func (w *Worker) timeLocked(step, used time.Duration) time.Duration {
	if w.config.CPU == nil {
		return step
	}
	computing := 0
	for _, s := range w.slots {
		if s.task != nil {
			computing++
		}
	}
	return min(max(used/time.Duration(max(computing, 1)), step/slowdown), step)
}

// setBudget sets how long a number of t may take in s, and t.Budget if the task names none: failure records
// name the budget that was in force. It returns RunOptions.Budget. The heartbeat reads limit without the lock.
// Only the longest of the numbers' budgets counts, because the heartbeat does not know them one by one.
func (w *Worker) setBudget(s *slot, kind Kind, t *task.Task) time.Duration {
	each := max(t.Budget, 0)
	s.named = each
	if each == 0 {
		t.Budget, each = w.budget(kind, t.Numbers)
	}
	s.limit.Store(int64(w.limit(t.Budget) + t.Sleep))
	return each
}

// budget returns the longest time for one of the numbers of a task that names none, and
// RunOptions.Budget: 0 if the kind has its own budget for each number.
func (w *Worker) budget(kind Kind, numbers []nat.Nat) (longest, each time.Duration) {
	own, ok := kind.(Budgeter)
	if !ok || w.config.Budget > 0 {
		d := cmp.Or(w.config.Budget, defaultBudget)
		return d, d
	}
	for _, n := range numbers {
		longest = max(longest, own.Budget(n))
	}
	return longest, 0
}
