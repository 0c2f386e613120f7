package job

import (
	"context"
	"time"

	"factorfleet/internal/fleet"
	"factorfleet/internal/task"
)

// reviewSweeper is how long after the sweeper's dead letter its task may still be queued: the
// sweeper stores the letter first.
const reviewSweeper = 500 * time.Millisecond

// listLetters lists the dead letters.
func (v *reviewer) listLetters() {
	v.operate(reviewDead, func(ctx context.Context, a *answer) (err error) {
		a.letters, err = v.l.access.deadLetters(ctx)
		return err
	})
}

// lettersListed gives up what has a dead letter. The holder then looks for missing ranges.
func (v *reviewer) lettersListed(letters []fleet.DeadLetter) {
	if err := v.giveUp(letters); err != nil {
		v.fail(err)
		return
	}
	switch {
	case v.l.goal == goalShow:
		v.l.show()
	case !v.l.holding || len(v.missing()) == 0:
		v.idle()
	default:
		// A return that was requeued between the listings of TASKS and of RETURNS is in
		// neither of them.
		v.operate(reviewQueueAgain, func(ctx context.Context, a *answer) (err error) {
			a.backlog, err = v.l.access.backlog(ctx)
			return err
		})
	}
}

// giveUp gives up the ranges of dead letters. A letter does not count before its range was
// queued, while it is queued, or once it is covered, and never if a quarantined worker has
// written it.
func (v *reviewer) giveUp(letters []fleet.DeadLetter) error {
	stored, soon := v.l.access.stored(), false
	for i := range letters {
		d := &letters[i]
		switch {
		case d.Range.End() > stored || d.Range.Count > task.MaxCount: // forged: the job has no such numbers
		case v.l.trust.Quarantined(d.Writer):
		case d.Range.End() > v.queue.end || v.queue.queued.Overlaps(d.Range):
			soon = soon || d.Authoritative() && !v.l.collector.Covered().Contains(d.Range)
		default:
			if err := v.l.collector.GiveUp(v.l.ctx, d.Range, d.Err); err != nil {
				return err
			}
		}
	}
	if soon {
		time.AfterFunc(reviewSweeper, v.l.requestReview)
	}
	return v.l.flush()
}
