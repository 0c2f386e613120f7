package job

import (
	"time"

	"factorfleet/internal/task"
)

// leftToWorkers are the missing ranges that heartbeats name. When a job is paused its tasks are removed, and workers finish
// those that they have. If the job is resumed meanwhile, these ranges are missing and need not be queued: their answers
// will come.
//
// A heartbeat is a claim, and a worker may name other ranges in each. So the time for which ranges are left begins when the
// job is resumed, or has a new holder, for all of them. No range is left of a job that begins: it was not paused.
type leftToWorkers struct {
	since time.Time // zero = the next look
	never bool      // no range is left
}

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
func (m *leftToWorkers) take(l *loop, pending *task.Set, now time.Time) (ranges []task.Range) {
	if l.overdue.registry == nil || m.never {
		return nil
	}
	if m.since.IsZero() {
		m.since = now
	}
	for r := range l.overdue.registry.HeldRanges(l.job.ID) {
		if r.Count > 0 && r.Count <= task.MaxCount && now.Sub(m.since) < patienceOf(l.job, r) && pending.Contains(r) {
			pending.Remove(r)
			ranges = append(ranges, r)
		}
	}
	return ranges
}
