package job

import (
	"fmt"
	"time"

	"factorfleet/internal/task"
	figure "factorfleet/internal/text"
)

// noteThrottle notes that a manifest says that the holder queues the tasks. Any goroutine may call it.
func (l *loop) noteThrottle(j *task.Job) {
	if j.Throttled {
		l.throttled.Store(true)
	}
}

// showThrottle tells the user once why no task of the job is queued at the server's time now.
func (l *loop) showThrottle(now time.Time) {
	what := Waiting(l.job, now)
	if what == l.shownThrottle {
		return
	}
	l.shownThrottle = what
	l.watch.Status(what)
	l.watch.Progress.Waits(waitsBriefly(l.job, now))
}

// waitsBriefly is Waiting for the status line.
func waitsBriefly(j *task.Job, now time.Time) string {
	switch {
	case j.Paused:
		return "paused"
	case j.Waits(now):
		return "starts at " + j.After.Local().Format(startLayout)
	}
	return ""
}

const startLayout = "2006-01-02 15:04:05"

// Waiting says, for the user, why no task of an active job is queued at the server's time now; "" = tasks are queued.
func Waiting(j *task.Job, now time.Time) string {
	switch {
	case j.Finished():
		return ""
	case j.Paused:
		return fmt.Sprintf("the job is paused: `producer resume %s` continues it", j.ID)
	case j.Waits(now):
		return "the job starts at " + StartTime(*j.After, now)
	}
	return ""
}

// StartTime returns a time for the user, with the time until then if it is later than now.
func StartTime(t, now time.Time) string {
	text := t.Local().Format(startLayout)
	if wait := t.Sub(now); wait >= time.Second {
		text += ", in " + figure.Duration(wait)
	}
	return text
}
