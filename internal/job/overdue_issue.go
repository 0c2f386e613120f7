package job

import (
	"cmp"
	"context"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/nat"
	"factorfleet/internal/plan"
	"factorfleet/internal/task"
)

// overdueBudget is added to the budgets of the numbers of a range, for what the range takes besides.
const overdueBudget = time.Minute

// overdueDoublings bounds how often patience doubles: 4096 numbers of 10 min each, four times, and doubled so
// often, are 80 years, which a time.Duration can hold.
const overdueDoublings = 8

// slowest is how many times its predicted time an honest worker may take: on a busy machine it has a twentieth of a
// core. Such a range is issued again long before, but that is no complaint about its holder.
const slowest = 20

// patience returns for how long a worker may hold a range of which tasks are in the queue:
//
//	max(least, min(4 predicted, budget + 1 min)) * 2^(tasks-1)
//
// predicted is the expected time of its numbers on one core, of which a number seldom takes more than a
// multiple. budget is the longest time that they may take in all; 0 = unknown.
func patience(least, predicted, budget time.Duration, tasks int) time.Duration {
	limit := 4 * predicted
	if budget > 0 {
		limit = min(limit, budget+overdueBudget)
	}
	return max(least, limit) << min(max(tasks-1, 0), overdueDoublings)
}

// execTime is the time of a range of items for which their job has no budget. Nothing is known of their command, and to
// run it beside itself may cost more than to wait. So such a range is overdue after an hour.
const execTime = 15 * time.Minute

// execMost bounds the time of a range of items: 20 times as long, and doubled overdueDoublings times, a time.Duration can
// hold.
const execMost = 90 * 24 * time.Hour

// predict returns the expected time of numbers of a job on one core, and the longest time that they may take. Items are
// expected to take as long as they may.
func predict(j *task.Job, numbers []nat.Nat) (predicted, budget time.Duration) {
	count := time.Duration(len(numbers))
	budget = count * j.Budget
	if task.IsExec(j.Kind) {
		budget = count * min(j.Budget, execMost/max(count, 1))
		return cmp.Or(budget, execTime), budget
	}
	for _, n := range numbers {
		predicted += plan.Cost(j.Kind, n.BitLen()) + j.Sleep
	}
	return predicted, budget
}

// issueOverdue issues those ranges of list again that are overdue, and notes in list what it has found. After
// an error it has looked at some of them only; the others have no tasks. A number for which a campaign sieves is
// issued again after crowdedFactor times as long only: another worker would compute all of it beside the campaign. But
// the composite of the campaign may be the claim of a worker that holds the number and never answers.
func (s *streams) issueOverdue(ctx context.Context, j *task.Job, list []heldRange, least time.Duration) error {
	var sieved *task.Set // read if it is needed
	for i := range list {
		h := &list[i]
		tasks, spent, err := s.fleet.TasksOf(ctx, j, h.Range)
		if err != nil {
			return err
		}
		if tasks == 0 {
			continue
		}
		numbers, err := s.inputs.Numbers(ctx, h.Range)
		if err != nil {
			return err
		}
		predicted, budget := predict(j, numbers)
		h.due, h.slow = h.since.Add(patience(least, predicted, budget, tasks)), h.since.Add(slowest*predicted)
		if h.tasks = tasks; time.Now().Before(h.dueWith(h.due)) {
			continue
		}
		if sieved == nil {
			set, err := s.fleet.Sieved(ctx, j.ID)
			if err != nil {
				return err
			}
			sieved = &set
		}
		if sieved.Contains(h.Range) && time.Now().Before(h.since.Add(crowdedFactor*h.due.Sub(h.since))) {
			continue
		}
		if err := s.fleet.IssueAgain(ctx, j, s.inputs, h.Range, spent); err != nil {
			return err
		}
		h.issued, h.tasks = true, tasks+1
		h.due = h.since.Add(patience(least, predicted, budget, h.tasks))
	}
	return nil
}

func (s *streams) dropTasks(ctx context.Context, j *task.Job, r task.Range) error {
	return s.fleet.DropTasks(ctx, j, r)
}

// watchHeartbeats tells the loop when the heartbeats are known. They are followed until ctx ends. Without them the
// job goes on, but a worker may hold a range for ever.
func (s *streams) watchHeartbeats(ctx context.Context, l *loop) error {
	known, least, err := heartbeatsOf(ctx, s.fleet)
	if err != nil {
		if ctx.Err() == nil {
			l.watch.Log.Debug().Err(err).Msg("cannot search for ranges that are held for too long")
		}
		return nil
	}
	l.post(heartbeatsKnown{func(route string) registry { return known.Serving(route) }, least})
	return nil
}

// heartbeatsOf returns the heartbeats, once they are known, and the shortest time after which a range is overdue.
// They are followed until ctx ends.
func heartbeatsOf(ctx context.Context, f *fleet.Fleet) (known *fleet.Registry, least time.Duration, err error) {
	if known, err = f.Registry(ctx); err != nil {
		return nil, 0, err
	}
	err = f.Retry(ctx, func() error {
		ackWait, err := f.AckWait(ctx)
		least = min(overdueAfter, 4*ackWait)
		return err
	})
	return known, least, err
}
