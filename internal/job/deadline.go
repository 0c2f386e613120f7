package job

import (
	"time"

	"factorfleet/internal/task"
)

// A job may have a time by which one of its tasks must have begun (task.Job.Deadline). The holder looks at each answer
// and each review whether one has, and then removes the time from the manifest. If none has by that time, the holder
// cancels the job: all processes see that in the manifest.
//
// A task has begun if one was delivered, if a heartbeat names one, or if there is a result, a return or a failure record.
//
// All fields belong to the loop.
type startDeadline struct {
	l       *loop
	timer   *time.Timer // until the deadline
	looking bool        // an operation runs
}

// deadlineRetry is the time between two looks after an error, or if the server's time is a little behind.
const deadlineRetry = time.Second

func (d *startDeadline) init(l *loop) {
	d.l, d.timer = l, time.NewTimer(reviewEvery)
	d.timer.Stop()
}

// look finds out whether a task has begun, if this process is the holder and the job has a deadline.
func (d *startDeadline) look() {
	l := d.l
	if l.job.Deadline == nil || l.job.Finished() || !l.holding || !l.upToDate || l.goal != goalEnd || d.looking || l.ctx.Err() != nil {
		return
	}
	known := l.collector.Covered().Len() > 0 || l.overdue.registry != nil && len(l.overdue.registry.HeldRanges(l.job.ID)) > 0
	if wait := l.job.Deadline.Sub(l.access.now()); !known && wait > 0 {
		d.timer.Reset(min(wait, longestWait))
		return
	}
	d.looking = true
	j := l.job
	l.group.Go(func() {
		j, err := l.access.begun(l.ctx, j, known)
		l.post(begunKnown{j, err})
	})
}

// begunKnown is the end of a look: job is the manifest then.
type begunKnown struct {
	job *task.Job
	err error
}

func (e begunKnown) apply(l *loop) {
	d := &l.deadline
	d.looking = false
	if e.err != nil {
		l.watch.Log.Debug().Err(e.err).Msg("cannot find out whether the job has begun, retrying")
		d.timer.Reset(deadlineRetry)
		return
	}
	if end, ok := manifestEnding(e.job); ok {
		l.job = e.job
		l.finish(end)
		return
	}
	if e.job.Deadline == nil {
		l.job = e.job
		return
	}
	d.timer.Reset(deadlineRetry)
}
