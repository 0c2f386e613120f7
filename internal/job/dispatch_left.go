package job

import (
	"time"

	"factorfleet/internal/task"
)

// leftToWorkers has the missing ranges that heartbeats name, and since when they are left to the workers that name them.
// When a job is paused its tasks are removed, and workers finish those that they have. If the job is resumed meanwhile,
// these ranges are missing and need not be queued: their answers will come.
//
// A heartbeat is a claim, so a range is left to a worker for a bounded time.
type leftToWorkers map[task.Range]time.Time

// A range is left for the budgets of its numbers, at most leftMost and at least least. Without a budget in the manifest
// a number counts as one of leftBudget.
const (
	leftLeast  = 2 * time.Minute
	leftMost   = time.Hour
	leftBudget = 10 * time.Minute
)

// patienceOf returns for how long a missing range is left to the worker that names it.
func patienceOf(j *task.Job, r task.Range) time.Duration {
	budget := j.Budget
	if budget == 0 {
		budget = leftBudget
	}
	return max(leftLeast, min(leftMost, time.Duration(min(r.Count, task.MaxCount))*min(budget, leftMost)))
}

// take removes from pending the ranges that are left to workers, and returns them.
func (m leftToWorkers) take(l *loop, pending *task.Set, now time.Time) (ranges []task.Range) {
	if l.overdue.registry == nil {
		return nil
	}
	held := l.overdue.registry.HeldRanges(l.job.ID)
	for r := range m {
		if _, still := held[r]; !still {
			delete(m, r)
		}
	}
	for r := range held {
		if r.Count == 0 || !pending.Contains(r) {
			continue
		}
		since, known := m[r]
		if !known {
			since = now
			m[r] = now
		}
		if now.Sub(since) < patienceOf(l.job, r) {
			pending.Remove(r)
			ranges = append(ranges, r)
		}
	}
	return ranges
}
