package job

import (
	"context"
	"time"

	"factorfleet/internal/task"
)

// cutOffAfter is how long an open job must have no feeder before it is sealed: between two
// looks a feeder may lose its lease and take it again.
const cutOffAfter = 3 * time.Second

// checkFeeder looks for the feeder of an open job, if this process is to seal the job of a
// feeder that died. Only the holder does, and not while it feeds the job itself.
func (v *reviewer) checkFeeder() {
	if v.job.State != task.Open || v.l.feeding || !v.l.holding {
		v.noFeeder = time.Time{}
		v.listQueue()
		return
	}
	v.operate(reviewFeeder, func(ctx context.Context, a *answer) (err error) {
		a.feeder, err = v.l.access.feederHolder(ctx)
		return err
	})
}

// feederKnown seals the job as cut off if it had no feeder for cutOffAfter. What is stored is
// finished, and the manifest says that the input was longer.
func (v *reviewer) feederKnown(feeder string, err error) {
	switch {
	case err != nil:
		v.noFeeder = time.Time{}
		v.fail(err)
		return
	case feeder != "":
		v.noFeeder = time.Time{}
		if !v.reported {
			v.reported = true
			v.l.watch.Status("another process is still reading the input of this job, or has just died: waiting for it")
		}
	case v.noFeeder.IsZero():
		v.noFeeder = time.Now()
		time.AfterFunc(cutOffAfter, v.l.requestReview)
	case time.Since(v.noFeeder) >= cutOffAfter:
		v.operate(reviewSeal, func(ctx context.Context, a *answer) (err error) {
			a.job, err = v.l.access.sealCutOff(ctx)
			return err
		})
		return
	}
	v.listQueue()
}
