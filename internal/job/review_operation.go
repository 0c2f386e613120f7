package job

import (
	"context"

	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// An answer is the event of an operation that has ended, with what it has read.
type answer struct {
	operation uint64
	job       *task.Job
	feeder    string
	backlog   *fleet.Backlog
	last      uint64
	letters   []fleet.DeadLetter
	err       error
}

// operate moves to step, and runs op in a goroutine of its own. Meanwhile the loop applies
// other events: the collector may cover more ranges, and the lease may be lost.
func (v *reviewer) operate(step reviewStep, op func(ctx context.Context, a *answer) error) {
	v.step = step
	v.operation++
	a := answer{operation: v.operation}
	v.l.group.Go(func() {
		a.err = op(v.l.ctx, &a)
		v.l.post(a)
	})
}

// apply takes the answer of the operation that runs, and does the next step.
func (a answer) apply(l *loop) {
	v := &l.review
	if a.operation != v.operation {
		return
	}
	v.operation++ // a duplicate of the answer is ignored
	switch {
	case v.step == reviewFeeder:
		v.feederKnown(a.feeder, a.err)
	case v.step == reviewRequeue:
		v.rangesRequeued(a.err)
	case a.err != nil:
		v.fail(a.err)
	case v.step == reviewManifest:
		v.job = a.job
		v.checkFeeder()
	case v.step == reviewSeal:
		v.job = a.job
		v.listQueue()
	case v.step == reviewQueue:
		v.queueListed(a.backlog)
	case v.step == reviewLast:
		v.awaitResults(a.last)
	case v.step == reviewDead:
		v.lettersListed(a.letters)
	case v.step == reviewQueueAgain:
		v.queueListedAgain(a.backlog)
	}
}
